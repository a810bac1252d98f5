//! The Rust center takes over from a Python center: it begins with the
//! `centerCache.json` that the Python center left in the data directory.

use libtest_mimic::Trial;
use support::python::{Environment, Version};

use crate::setup::{Center, NO_PINGS, PythonCenter, PythonService, rust_center};
use crate::{checks, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("import::v002_cache", |peers| takes_over(peers.v002, false)),
        trial("import::v011_cache", |peers| takes_over(peers.v011, false)),
        trial("import::v011_cache_with_a_key", |peers| {
            takes_over(peers.v011, true)
        }),
    ]
}

async fn takes_over(python: &Environment, is_keyed: bool) {
    let mut old = PythonCenter::start(python, NO_PINGS).await;
    let folder = tempfile::tempdir().expect("a folder");
    let _service = if is_keyed {
        PythonService::start_guarded(python, &old.center, folder.path()).await
    } else {
        PythonService::start(python, &old.center).await
    };
    // A clean stop writes the file. The service runs on and tells nobody.
    old.process.terminate();
    old.process.ended().await;
    let file = old.data().join("centerCache.json");
    let cache = std::fs::read_to_string(&file).expect("the cache");
    assert!(cache.contains("service01"), "{cache}");

    let running = rust_center(old.data(), None).await;
    let center = Center {
        port: running.addr().port(),
        key: None,
    };
    center.knows_the_service().await;
    checks::is_called_by_rust(&center.caller()).await;
    let proxy = if python.version() == Version::V011 {
        "call"
    } else {
        "ServiceProxy"
    };
    checks::is_called_by_python(python, proxy, &center).await;

    // The import happens once: what is in the center's own store counts later.
    running.stop().await;
    let running = rust_center(old.data(), None).await;
    let center = Center {
        port: running.addr().port(),
        key: None,
    };
    center.knows_the_service().await;
    let instances = support::http::get(center.port, "/v1/services/service01")
        .await
        .expect("an answer");
    assert_eq!(
        instances.json()["instances"].as_array().map(Vec::len),
        Some(1),
        "{instances:?}"
    );
}
