//! Programs that start while no center answers: they begin with what an earlier
//! process of the same program left on disk.

use std::fs;
use std::path::{Path, PathBuf};

use support::process::Process;
use support::{http, port, wait};

use crate::programs::{CenterProcess, service_process, service_program};

const CALLS: usize = 200;

/// `service02`, which calls `service01`, with its lists in this folder.
async fn relay(center: &str, folder: &Path) -> (Process, u16) {
    let port = port::free();
    let mut process = service_program(&["service02"], center)
        .env("MFHM_PORT", port)
        .env("MFHM_CACHE_DIR", folder.display())
        .start();
    process.answers(port, "/ping", 200).await;
    (process, port)
}

async fn relays(port: u16) -> bool {
    let answer = http::get(port, "/relay").await.expect("service02 answers");
    answer.status == 200
}

/// The lists in a folder, once they are there.
async fn lists(folder: &Path) -> PathBuf {
    wait::until("lists on disk", async || {
        let entries = fs::read_dir(folder).ok()?.flatten();
        let mut paths = entries.map(|entry| entry.path());
        paths.find(|path| path.extension().is_some_and(|ext| ext == "json"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_while_the_center_is_away_calls_all_the_same() {
    let home = tempfile::tempdir().expect("a folder");
    let mut center = CenterProcess::start().await;
    let mut killed = service_process("service01", &center.url(), port::free()).await;
    let _alive = service_process("service01", &center.url(), port::free()).await;
    center.has("service01", 2).await;
    let (first, port) = relay(&center.url(), home.path()).await;
    assert!(relays(port).await);
    lists(home.path()).await;

    center.process.kill();
    drop(first);
    killed.kill();
    // The list on disk has both instances, and one of them is dead.
    let (_second, port) = relay(&center.url(), home.path()).await;
    for call in 0..CALLS {
        assert!(relays(port).await, "call {call}");
    }
    // Who has no list cannot call.
    let nothing = tempfile::tempdir().expect("a folder");
    let (_third, without) = relay(&center.url(), nothing.path()).await;
    assert!(!relays(without).await);

    // A center with an empty disk takes nothing away, and then tells again.
    center.restart_empty().await;
    wait::until("the service's registration", async || {
        assert!(relays(port).await);
        (center.usable("service01").await.len() == 1).then_some(())
    })
    .await;
    assert!(relays(port).await);
    wait::until("the other caller's list", async || {
        relays(without).await.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spoilt_lists_and_folders_are_a_warning() {
    let home = tempfile::tempdir().expect("a folder");
    let center = CenterProcess::start().await;
    let _service = service_process("service01", &center.url(), port::free()).await;
    center.has("service01", 1).await;
    let (process, port) = relay(&center.url(), home.path()).await;
    assert!(relays(port).await);
    let file = lists(home.path()).await;
    drop(process);
    let text = fs::read(&file).expect("lists");
    fs::write(&file, &text[..text.len() / 2]).expect("half of it");

    let (mut process, port) = relay(&center.url(), home.path()).await;
    assert!(relays(port).await);
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name");
    let line = process.line(name).await;
    assert!(
        line.contains("WARN") && line.contains("passed over"),
        "{line}"
    );

    let no_folder = home.path().join("file");
    fs::write(&no_folder, "").expect("a file");
    let (mut process, port) = relay(&center.url(), &no_folder).await;
    assert!(relays(port).await);
    let line = process.line("MFHM_CACHE_DIR").await;
    assert!(
        line.contains("WARN") && line.contains("cannot be kept"),
        "{line}"
    );
    assert!(relays(port).await);
}
