//! A center without sockets, disk or prober, and its decoders, for the fuzz targets.

use std::sync::Arc;

use axum::{Extension, Router};
use futures_util::future::BoxFuture;

use super::admission::Admission;
use super::api::{Api, router};
use super::audit::Numbered;
use super::backup::lines;
use super::health::PingOutcome;
use super::identity::Signer;
use super::record::Record;
use super::registration::{Probe, Probed, Registrar};
use super::registry::Target;
use super::settings::Settings;
use super::store::memory::MemoryStore;
use super::store::{Snapshot, Store as _};
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

/// Reads what may be stored: what is good is written and read again.
///
/// # Panics
///
/// When it comes back as something else.
pub fn stored(bytes: &[u8]) {
    if let Ok(export) = lines::read(bytes) {
        let snapshot = Snapshot {
            revision: 0,
            records: export.records,
            documents: export.documents,
            marks: export.marks,
        };
        let mut written = Vec::new();
        lines::write(snapshot.clone(), &mut written).expect("memory has room");
        let again = lines::read(written.as_slice()).expect("what was written is read");
        assert_eq!(again.records, snapshot.records);
        assert_eq!(again.documents, snapshot.documents);
        assert_eq!(again.marks, snapshot.marks);
    }
    if let Ok(record) = serde_json::from_slice::<Record>(bytes) {
        let written = serde_json::to_vec(&record).expect("a record is written");
        let again: Record = serde_json::from_slice(&written).expect("what was written is read");
        assert_eq!(again, record);
    }
    Numbered::read(1, bytes);
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
        can_ping_tls: false,
    });
    let api = Api {
        registrar,
        admission: Arc::new(Admission::with_key(None)),
        signer: Arc::new(Signer::of_test()),
        watches: Arc::default(),
    };
    // The router owns the follower.
    router(api).layer(Extension(Arc::new(follower)))
}
