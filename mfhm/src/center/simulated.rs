//! A center in a simulated network: its api, registry, watches and prober as they are,
//! with a store in memory, and pings that the network carries.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Request;
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::address::AllowList;
use super::admission::Admission;
use super::api::{Api, router};
use super::health::PingOutcome;
use super::identity::Signer;
use super::prober::{self, Answer, Ping, ping::assess};
use super::registration::room::Room;
use super::registration::{self, Probe, Probed, Registrar};
use super::registry::Target;
use super::settings::Settings;
use super::store::memory::MemoryStore;
use super::store::{Change, Event, Store};
use super::task::Task;
use super::view::View;
use crate::instance::InstanceStatus;
use crate::wire::v1::{HEADER_INSTANCE, HEADER_SERVICE};

/// What outlives a center.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<MemoryStore>);

/// A center that runs. Dropping it is as killing it.
pub(crate) struct SimulatedCenter {
    pub(crate) router: Router,
    view: Arc<View>,
    _tasks: [Task; 3],
}

/// What a center knows at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    pub(crate) revision: u64,
    /// Id, host and status of each instance of a service.
    pub(crate) instances: Vec<(String, String, InstanceStatus)>,
}

impl SimulatedCenter {
    /// `removed` is told the host of each instance that is removed.
    pub(crate) async fn start(
        disk: &Disk,
        random: fastrand::Rng,
        removed: impl Fn(String) + Send + 'static,
    ) -> Self {
        let store = disk.0.clone();
        let view = Arc::new(View::new(Settings::default().limits(), random));
        let mut changes = store.changes().await.expect("memory can be followed");
        if let Some(Change::Reset(stored)) = changes.recv().await {
            if stored.records.is_empty() {
                view.warm_up(Settings::default().lease_ttl);
            }
            view.with(|registry, now, random| registry.apply(Change::Reset(stored), now, random));
        }
        let follower = Task::spawn({
            let view = view.clone();
            async move { view.follow(changes).await }
        });
        let mut changes = store.changes().await.expect("memory can be followed");
        let observer = Task::spawn(async move {
            while let Some(change) = changes.recv().await {
                let Change::Applied { events, .. } = change else {
                    continue;
                };
                for event in events {
                    if let Event::Remove(place) = event {
                        removed(place.host);
                    }
                }
            }
        });
        let prober = Task::spawn(prober::run(view.clone(), store.clone(), Arc::new(Pings)));
        let registrar = Arc::new(Registrar {
            view: view.clone(),
            store,
            probe: Arc::new(Pings),
            allowed: Arc::new(AllowList::new([""; 0]).expect("nothing is allowed")),
            policy: Settings::default().contract_policy,
            room: Room::new(Settings::default().capacity()),
            judging: registration::judging(),
        });
        let router = router(Api {
            registrar,
            admission: Arc::new(Admission::with_key(None)),
            signer: Arc::new(Signer::of_test()),
            watches: Arc::default(),
        });
        Self {
            router,
            view,
            _tasks: [follower, observer, prober],
        }
    }

    pub(crate) fn known(&self, service: &str) -> Known {
        self.view.watch(|registry, _, _| {
            let listed = registry.view(service);
            let instances = listed.into_iter().map(|listed| {
                let record = listed.record;
                (record.id.to_string(), record.host.clone(), listed.status)
            });
            Known {
                revision: registry.revision(),
                instances: instances.collect(),
            }
        })
    }
}

/// Pings through the simulated network. What they mean is judged as always.
struct Pings;

impl Pings {
    async fn ask(&self, target: &Target) -> Probed {
        let timeout = Settings::default().ping_timeout;
        let outcome = match tokio::time::timeout(timeout, exchange(target)).await {
            Ok(Ok(probed)) => return probed,
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                PingOutcome::Refused
            }
            Ok(Err(error)) => PingOutcome::Bad(error.to_string()),
            Err(_) => PingOutcome::TimedOut,
        };
        Probed {
            outcome,
            instance: None,
        }
    }
}

async fn exchange(target: &Target) -> io::Result<Probed> {
    let to = (target.host.as_str(), target.port);
    let stream = turmoil::net::TcpStream::connect(to).await?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(io::Error::other)?;
    let _connection = Task::spawn(async {
        let _ = connection.await;
    });
    let request = Request::get("/ping").header("host", &target.host);
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let answer = sender
        .send_request(request)
        .await
        .map_err(io::Error::other)?;
    let header = |name| answer.headers().get(name)?.to_str().ok();
    let (service, instance) = (header(HEADER_SERVICE), header(HEADER_INSTANCE));
    Ok(Probed {
        outcome: assess(target, answer.status(), service, instance),
        instance: instance.map(str::to_owned),
    })
}

impl Ping for Pings {
    fn ping<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let started = Instant::now();
            let Probed { outcome, instance } = self.ask(target).await;
            Answer {
                outcome,
                instance,
                started,
            }
        })
    }
}

impl Probe for Pings {
    fn probe<'a>(&'a self, target: &'a Target, _: IpAddr) -> BoxFuture<'a, Option<Probed>> {
        Box::pin(async move { Some(self.ask(target).await) })
    }
}
