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
    for traced in [
        Traced::empty(program, folder.path()),
        Traced::killed(program, folder.path()).await,
    ] {
        let kills = traced.kills().await;
        assert!(kills.len() > 50, "{kills:?}");
        for kill in kills.iter().step_by(kills.len() / 6) {
            traced.kill_at(*kill, &mut figures).await;
        }
    }
    println!("{figures}");
    assert!(figures.kills > 8, "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_is_never_an_acknowledgement() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let traced = Traced::empty(Path::new(PROGRAM), folder.path());
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
