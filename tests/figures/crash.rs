//! Kills a center at every change of its files that it makes, and at random moments
//! under load; starts it again each time, and holds what it knows against what it
//! acknowledged.
//!
//! ```text
//! cargo build -p mfhm-tests --bins
//! target/debug/crash [random kills, 1000] [seed, 1]
//! ```
//!
//! It needs strace. Without power instead of killed: see the test
//! `nothing_is_lost_or_revived_by_an_end_at_any_step` of the store.

use std::time::Instant;

use support::crash::{self, FAILING, Figures, Place, Traced};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut number = |default| arguments.next().map_or(default, |n| n.expect("a number"));
    let (random_kills, seed) = (number(1000), number(1));
    assert!(crash::is_available(), "there is no strace that may trace");
    let own = std::env::current_exe().expect("a path");
    let program = own.with_file_name("test-center");
    let folder = tempfile::tempdir().expect("a folder");

    let mut all = Figures::default();
    for name in ["a new key", "a new store", "what a killed one left"] {
        let began = Instant::now();
        let folder = folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let traced = match name {
            "a new key" => Traced::empty(&program, &folder),
            "a new store" => Traced::without_store(&program, &folder).await,
            _ => Traced::killed(&program, &folder).await,
        };
        let kills = traced.kills().await;
        let mut figures = Figures::default();
        for kill in &kills {
            let is_reached = traced.kill_at(*kill, &mut figures).await;
            assert!(is_reached, "{name}: {kill:?} was not reached");
        }
        let points = kills.len();
        println!(
            "{name}: killed at each of {points} writes, syncs, renames and other changes of \
             files; {figures} ({:.0} s)",
            began.elapsed().as_secs_f64()
        );
        all += figures;
    }

    let began = Instant::now();
    let mut figures = Figures::default();
    let failing_folder = folder.path().join("failing");
    std::fs::create_dir_all(&failing_folder).expect("a folder");
    let traced = Traced::without_store(&program, &failing_folder).await;
    for failing in FAILING {
        traced.fail(failing, &mut figures).await;
    }
    println!(
        "{} kinds of failures of the disk: {figures} ({:.0} s)",
        FAILING.len(),
        began.elapsed().as_secs_f64()
    );
    all += figures;

    let began = Instant::now();
    let place = Place::new(&program, &folder.path().join("random"));
    let kills = usize::try_from(random_kills).expect("a number");
    let figures = crash::at_random_moments(&place, kills, seed).await;
    println!(
        "random moments, {} clients, seed {seed}: {figures} ({:.0} s)",
        crash::CLIENTS,
        began.elapsed().as_secs_f64()
    );
    all += figures;
    println!("all: {all}");
}
