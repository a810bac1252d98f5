//! A center without sockets, disk or prober, for the fuzz targets.

use std::sync::Arc;

use axum::{Extension, Router};
use futures_util::future::BoxFuture;

use super::admission::Admission;
use super::api::{Api, router};
use super::health::PingOutcome;
use super::registration::{Probe, Probed, Registrar};
use super::registry::Target;
use super::settings::Settings;
use super::store::Store as _;
use super::store::memory::MemoryStore;
use super::task::Task;
use super::view::View;

/// Nobody is there.
struct Silence;

impl Probe for Silence {
    fn probe<'a>(&'a self, _target: &'a Target) -> BoxFuture<'a, Option<Probed>> {
        let refused = Probed {
            outcome: PingOutcome::Refused,
            instance: None,
        };
        Box::pin(std::future::ready(Some(refused)))
    }
}

/// A center that knows of nobody yet.
pub async fn center() -> Router {
    let store = Arc::new(MemoryStore::default());
    let limits = Settings::default().limits();
    let view = Arc::new(View::new(limits, fastrand::Rng::with_seed(5)));
    let changes = store.changes().await.expect("the memory does not fail");
    let follower = Task::spawn({
        let view = view.clone();
        async move { view.follow(changes).await }
    });
    let registrar = Arc::new(Registrar {
        view,
        store,
        probe: Arc::new(Silence),
        allowed: Arc::default(),
        policy: Settings::default().contract_policy,
    });
    let api = Api {
        registrar,
        admission: Arc::new(Admission::with_key(None)),
        watches: Arc::default(),
    };
    // The router owns the follower.
    router(api).layer(Extension(Arc::new(follower)))
}
