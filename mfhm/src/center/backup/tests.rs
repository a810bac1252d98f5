use proptest::prelude::*;

use super::*;
use crate::center::contracts::document::Document;
use crate::center::record::Origin;
use crate::key::Key;
use crate::wire::v1::OperationEntry;

/// A data directory with these records and documents.
fn center(records: Vec<Record>, documents: Vec<Document>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fill(&dir, records, documents);
    dir
}

fn fill(dir: &tempfile::TempDir, records: Vec<Record>, documents: Vec<Document>) {
    let mut disk = open(&dir.path().join(STORE_FILE)).unwrap();
    let there = disk.take_snapshot();
    let keep = |document| DocumentWrite::Keep(Arc::new(document));
    let put = |record| store::Write::put(Arc::new(record), Expect::Absent);
    let batch = Batch {
        writes: records.into_iter().map(put).collect(),
        documents: documents.into_iter().map(keep).collect(),
        marks: vec![Mark::Set("centerCache.json".to_owned())],
        audit: Vec::new(),
    };
    commit(&mut disk, there, batch).unwrap();
}

fn export(dir: &tempfile::TempDir) -> String {
    let mut out = Vec::new();
    Center::export(dir.path(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn import(dir: &tempfile::TempDir, text: &str, replace: bool) -> Result<Imported> {
    Center::import(dir.path(), text.as_bytes(), replace)
}

fn sample(id: &str, port: u16) -> Record {
    Record::sample(Origin::V1, "users", id, port)
}

fn document(title: &str) -> Document {
    let paths = serde_json::json!({ "openapi": "3.1.0", "paths": {}, "title": title });
    Document::sample(&paths)
}

fn problems(error: &Error) -> Vec<&str> {
    error.problems().collect()
}

prop_compose! {
    fn any_record(index: u16)(
        python in any::<bool>(),
        name in "[a-c]",
        version in proptest::option::of("\\PC{0,9}"),
        metadata in proptest::collection::btree_map("\\PC{1,5}", "\\PC{0,5}", 0..3),
        operations in proptest::collection::vec("[a-z]{1,9}", 0..3),
        weight in 0..=10_000_u32,
        key in proptest::option::of("[!-~]{1,20}"),
        is_documented in any::<bool>(),
    ) -> Record {
        let mut names: Vec<String> = operations;
        names.sort();
        names.dedup();
        let operations = names.into_iter().map(|name| OperationEntry {
            path: format!("/{name}"),
            methods: vec!["GET".to_owned()],
            fingerprint: (weight % 2 == 0).then(|| "f".to_owned()),
            name,
        });
        let origin = if python { Origin::Python } else { Origin::V1 };
        let service = if python { format!("{name} ü\n") } else { name };
        Record {
            peer: (!python).then(|| [10, 0, 0, 1].into()),
            operations: operations.collect(),
            document: is_documented.then(|| document(&(index % 2).to_string()).hash),
            metadata,
            version,
            weight,
            key: key.map(Key::new),
            ..Record::sample(origin, &service, &format!("i{index}"), 1 + index)
        }
    }
}

fn any_records() -> impl Strategy<Value = Vec<Record>> {
    (0..24_u16).prop_flat_map(|count| (0..count).map(any_record).collect::<Vec<_>>())
}

proptest! {
    // Each writes real files.
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn what_was_exported_and_imported_is_the_same(records in any_records()) {
        let one = center(records, vec![document("0"), document("1")]);
        let text = export(&one);
        let other = tempfile::tempdir().unwrap();
        import(&other, &text, false).unwrap();
        prop_assert_eq!(&export(&other), &text);
        // Again: everything is there already.
        let again = import(&other, &text, false).unwrap();
        prop_assert_eq!((again.instances, again.replaced, again.documents), (0, 0, 0));
        prop_assert_eq!(export(&other), text);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_stumble(text in "\\PC*", at in any::<usize>()) {
        let _ = lines::read(text.as_bytes());
        let there = Snapshot {
            records: vec![Arc::new(sample("a", 1))],
            ..Snapshot::default()
        };
        let mut good = Vec::new();
        lines::write(there, &mut good).unwrap();
        let good = String::from_utf8(good).unwrap();
        let at = at % good.len();
        if good.is_char_boundary(at) {
            let _ = lines::read(format!("{}{text}{}", &good[..at], &good[at..]).as_bytes());
        }
    }
}

#[test]
fn what_would_be_overwritten_is_named_and_nothing_is_done() {
    let text = export(&center(
        vec![sample("a", 1), sample("b", 2), sample("c", 3)],
        vec![],
    ));
    // The place of a is another's, and b is elsewhere.
    let there = center(vec![sample("x", 1), sample("b", 9), sample("c", 3)], vec![]);
    let before = export(&there);
    let refused = import(&there, &text, false).unwrap_err();
    let shown = problems(&refused);
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(
        shown[0].contains("127.0.0.1:1") && shown[0].contains("id x"),
        "{shown:?}"
    );
    assert!(shown[1].contains("127.0.0.1:9"), "{shown:?}");
    assert!(shown[2].contains("--replace"), "{shown:?}");
    assert_eq!(export(&there), before);

    let imported = import(&there, &text, true).unwrap();
    let expected = Imported {
        instances: 2,
        replaced: 2,
        unchanged: 1,
        documents: 0,
    };
    assert_eq!(imported, expected);
    assert_eq!(export(&there), text);
}

#[test]
fn instances_may_have_swapped_their_places() {
    let text = export(&center(vec![sample("a", 1), sample("b", 2)], vec![]));
    let there = center(vec![sample("b", 1), sample("a", 2)], vec![]);
    import(&there, &text, true).unwrap();
    assert_eq!(export(&there), text);
}

#[test]
fn who_is_not_in_the_way_stays() {
    let text = export(&center(vec![sample("a", 1)], vec![]));
    let there = center(vec![sample("b", 2)], vec![]);
    import(&there, &text, false).unwrap();
    assert_eq!(export(&there).lines().count(), 3);
}

#[test]
fn every_bad_line_is_named_and_nothing_is_done() {
    let good = export(&center(
        vec![sample("a", 1), sample("b", 2)],
        vec![document("x")],
    ));
    type Change<'a> = &'a dyn Fn(&mut Vec<String>);
    let cases: &[(Change<'_>, &str)] = &[
        (&|lines| lines.clear(), "line 1: it is no export"),
        (
            &|lines| lines[0] = "{}".to_owned(),
            "line 1: it is no export",
        ),
        (
            &|lines| lines[0] = lines[0].replace(":1,", ":2,"),
            "version 2",
        ),
        (&|lines| lines.truncate(3), "not whole"),
        (&|lines| drop(lines.remove(1)), "not whole"),
        (
            &|lines| lines[1] = lines[1].replace("3.1.0", "3.1.1"),
            "line 2: the document has the hash",
        ),
        (
            &|lines| lines[2] = lines[2].replace("users", "no name"),
            "line 3: \"no name\"",
        ),
        (
            &|lines| lines[2] = lines[2].replace("127.0.0.1", "169.254.169.254"),
            "host",
        ),
        (
            &|lines| lines[2] = lines[2].replace("\"port\":1", "\"port\":0"),
            "port",
        ),
        (
            &|lines| lines[2] = lines[2].replace("\"port\":1", "\"port\":70000"),
            "line 3",
        ),
        (
            &|lines| lines[2] = lines[2].replace("100", "10001"),
            "weight",
        ),
        (
            &|lines| lines[3] = lines[2].clone(),
            "line 4: \"users\" at 127.0.0.1:1 is there twice",
        ),
        (
            &|lines| lines[3] = lines[3].replace("\"id\":\"b\"", "\"id\":\"a\""),
            "the id a is there twice",
        ),
        (&|lines| lines[3] = "[]".to_owned(), "line 4"),
        (&|lines| lines[3] = "x".repeat(7 << 20), "longer"),
    ];
    for (change, says) in cases {
        let mut lines: Vec<_> = good.lines().map(str::to_owned).collect();
        change(&mut lines);
        let dir = tempfile::tempdir().unwrap();
        let refused = import(&dir, &lines.join("\n"), true)
            .unwrap_err()
            .to_string();
        assert!(refused.contains(says), "{says:?}: {refused}");
        assert!(!dir.path().join(STORE_FILE).exists(), "{says}");
    }
    let mut lines: Vec<_> = good
        .lines()
        .map(|line| line.replace("users", "no name"))
        .collect();
    lines.push("{".to_owned());
    let refused = import(&tempfile::tempdir().unwrap(), &lines.join("\n"), true).unwrap_err();
    assert_eq!(problems(&refused).len(), 3, "{refused}");
}

#[test]
fn an_instance_whose_document_is_not_there_is_refused() {
    let named = document("x");
    let record = Record {
        document: Some(named.hash.clone()),
        ..sample("a", 1)
    };
    let text = export(&center(vec![record], vec![named]));
    let without: Vec<_> = text
        .lines()
        .filter(|line| !line.contains("\"text\""))
        .collect();
    let refused = import(&tempfile::tempdir().unwrap(), &without.join("\n"), false);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("is not in a line before"), "{refused}");
}

#[tokio::test]
async fn a_center_that_runs_keeps_its_data_to_itself() {
    let dir = tempfile::tempdir().unwrap();
    let running = Center::builder()
        .port(0)
        .data_dir(dir.path())
        .start()
        .await
        .unwrap();
    for refused in [
        Center::export(dir.path(), Vec::new()).err(),
        import(&dir, &export(&center(vec![], vec![])), false).err(),
    ] {
        let text = refused.unwrap().to_string();
        assert!(
            text.contains("in use by another center: stop that one"),
            "{text}"
        );
    }
    running.stop().await;
    export(&dir);
}

#[test]
fn where_no_center_was_there_is_nothing_to_export() {
    let dir = tempfile::tempdir().unwrap();
    let refused = Center::export(dir.path(), Vec::new())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("there is no center's data in"),
        "{refused}"
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_import_is_in_the_trail() {
    let text = export(&center(vec![sample("a", 1)], vec![document("x")]));
    let there = center(vec![sample("b", 1)], vec![]);
    import(&there, &text, true).unwrap();
    let disk = open(&there.path().join(STORE_FILE)).unwrap();
    let trail = disk.audit(None, 10).unwrap();
    let actions: Vec<_> = trail
        .iter()
        .map(|entry| entry.entry["action"].as_str())
        .collect();
    let expected = ["document_kept", "replaced", "imported"].map(Some);
    assert_eq!(actions, expected);
    assert!(
        trail
            .iter()
            .all(|entry| entry.entry["actor"]["kind"] == "command")
    );
}
