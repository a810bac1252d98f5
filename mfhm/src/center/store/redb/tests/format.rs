//! Files of earlier versions are read for ever.

use super::*;

/// Written by version 0.1.0, which was killed: two v1 instances, one of them with
/// everything that can be said, two Python ones that were imported, and a document.
const FORMAT_1: &[u8] = include_bytes!("../fixtures/format-1.redb");

#[tokio::test]
async fn a_file_of_format_1_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("center.redb");
    std::fs::write(&path, FORMAT_1).unwrap();
    for _ in 0..2 {
        let store = RedbStore::open(&path).await.unwrap();
        let read = snapshot(&store).await;
        let shown: Vec<_> = read
            .records
            .iter()
            .map(|record| (&*record.service, record.port, record.origin))
            .collect();
        assert_eq!(
            shown,
            [
                ("keyed01", 30177, Origin::Python),
                ("service01", 30176, Origin::Python),
                ("users", 4001, Origin::V1),
                ("users", 4002, Origin::V1),
            ]
        );
        let keyed = &read.records[0];
        assert_eq!(keyed.key.as_ref().unwrap().reveal(), "0123456789abcdef");
        assert_eq!(read.records[1].operations[0].name, "hello");
        let full = &read.records[2];
        assert_eq!(full.id.as_str(), "3f9c1a");
        assert_eq!(full.peer, Some([127, 0, 0, 1].into()));
        assert_eq!(full.metadata["ü"], "日本");
        assert_eq!((full.version.as_deref(), full.weight), (Some("1.2.3"), 5));
        assert_eq!(full.operations[0].fingerprint.as_deref(), Some("abc"));
        assert_eq!(full.key.as_ref().unwrap().reveal(), "a-key-of-a-service");
        assert_eq!(full.document.as_ref(), Some(&read.documents[0].hash));
        assert_eq!(read.documents[0].value()["info"]["title"], "users");
        assert!(read.marks.contains("centerCache.json"));
        assert!(read.revision >> 32 > 1);

        // It can be written, the trail included, which it did not have.
        assert!(store.audit(None, 10).await.unwrap().is_empty());
        let batch = Batch::remove(full.place(), full.id.clone());
        let back = Batch::put(full.clone(), Expect::Absent);
        store.commit(batch).await.unwrap();
        store.commit(back).await.unwrap();
        store.close().await;
    }
}
