//! The short version of the program `crash`: a center is killed at some changes of its
//! files and at some random moments, and its disk fails.

use std::path::Path;

use support::crash::{self, Figures, Place, Traced};

const PROGRAM: &str = env!("CARGO_BIN_EXE_test-center");

/// Whether the test can be made; without strace it says that it is not.
fn can_trace() -> bool {
    let can = crash::is_available();
    if !can {
        let is_required = std::env::var_os("MFHM_REQUIRE_STRACE").is_some();
        assert!(!is_required, "there is no strace that may trace");
        eprintln!("skipped: there is no strace that may trace");
    }
    can
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_that_is_killed_at_a_change_of_its_files_loses_nothing() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = Path::new(PROGRAM);
    let mut figures = Figures::default();
    for (traced, least) in [
        (Traced::empty(program, folder.path()), 4),
        (Traced::without_store(program, folder.path()).await, 50),
        (Traced::killed(program, folder.path()).await, 50),
    ] {
        let kills = traced.kills().await;
        assert!(kills.len() >= least, "{kills:?}");
        for kill in kills.iter().step_by((kills.len() / 6).max(1)) {
            let is_reached = traced.kill_at(*kill, &mut figures).await;
            assert!(is_reached, "{kill:?} of {kills:?}");
        }
    }
    println!("{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_is_never_an_acknowledgement() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let traced = Traced::without_store(Path::new(PROGRAM), folder.path()).await;
    let mut figures = Figures::default();
    for failing in crash::FAILING {
        traced.fail(failing, &mut figures).await;
    }
    println!("{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_that_is_killed_under_load_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(Path::new(PROGRAM), &folder.path().join("data"));
    let figures = crash::at_random_moments(&place, 12, 1).await;
    println!("{figures}");
    assert!(figures.acknowledged > 0, "{figures}");
}
