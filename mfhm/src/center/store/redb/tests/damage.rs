//! Files that were cut or changed: the last valid state, or a refusal that names the
//! file and keeps it as it is.

use super::super::simulated::Simulated;
use super::*;

const PATH: &str = "folder/center.redb";

async fn open_on(disk: &Simulated) -> Result<RedbStore> {
    RedbStore::start(opener(disk.clone(), Path::new(PATH), Duration::ZERO)).await
}

/// A file, and every state that it ever had.
async fn written() -> (Vec<u8>, Vec<Vec<Arc<Record>>>) {
    let disk = Simulated::default();
    let store = open_on(&disk).await.unwrap();
    let mut states = vec![Vec::new()];
    for n in 0..40 {
        let batch = Batch::put(record(&format!("i{n}"), 1 + n), Expect::Absent);
        store.commit(batch).await.unwrap();
        states.push(snapshot(&store).await.records);
    }
    store.close().await;
    (disk.content(Path::new(PATH)), states)
}

/// Opens a damaged file; whether it was read.
async fn open_damaged(damaged: &[u8], states: &[Vec<Arc<Record>>], how: &str) -> bool {
    let disk = Simulated::default();
    disk.put(Path::new(PATH), damaged);
    match open_on(&disk).await {
        Ok(store) => {
            let read = snapshot(&store).await.records;
            assert!(states.contains(&read), "{how}: {read:?}");
            store.close().await;
            true
        }
        Err(error) => {
            let text = error.to_string();
            assert!(
                text.contains(PATH) && text.contains("kept"),
                "{how}: {text}"
            );
            let is_kept = disk.content(Path::new(PATH)) == damaged;
            assert!(is_kept, "{how}: the file was changed");
            assert_eq!(disk.names(), [Path::new(PATH)], "{how}");
            false
        }
    }
}

#[tokio::test]
async fn a_file_that_was_cut_is_read_or_refused() {
    let (whole, states) = written().await;
    for length in (512..whole.len()).step_by(512) {
        open_damaged(&whole[..length], &states, &format!("cut at {length}")).await;
    }
    assert!(open_damaged(&whole, &states, "whole").await);
}

#[tokio::test]
async fn a_file_with_flipped_bits_is_read_or_refused() {
    let (whole, states) = written().await;
    let mut random = fastrand::Rng::with_seed(7);
    let (mut read, mut refused) = (0, 0);
    for round in 0..300 {
        let mut damaged = whole.clone();
        for _ in 0..=round % 8 {
            // The header is a small part of it, and the one that matters most.
            let range = if random.bool() { whole.len() } else { 512 };
            let at = random.usize(..range);
            damaged[at] ^= 1 << random.u8(..8);
        }
        match open_damaged(&damaged, &states, &format!("round {round}")).await {
            true => read += 1,
            false => refused += 1,
        }
    }
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}
