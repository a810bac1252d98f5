//! A center without sockets, disk or passing time, for tests.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::address::AllowList;
use super::admission::Admission;
use super::api::{Api, router};
use super::contracts::ContractPolicy;
use super::health::PingOutcome;
use super::identity::Signer;
use super::registration::room::{Capacity, Room};
use super::registration::{self, Probe, Probed, Registrar};
use super::registry::Target;
use super::settings::Settings;
use super::store::Store as _;
use super::store::memory::MemoryStore;
use super::task::Task;
use super::tokens::Tokens;
use super::tokens::follow::KnownTokens;
use super::view::View;
use crate::key::Key;
use crate::listener::Peer;

/// Answers probes as a test says. Nobody listens where nothing is said.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    answers: Mutex<HashMap<u16, Probed>>,
    everywhere: Mutex<Option<Probed>>,
    pub asked: Mutex<Vec<u16>>,
}

impl Scripted {
    /// From now on `port` answers like this, as this instance.
    pub(crate) fn set(&self, port: u16, outcome: PingOutcome, instance: Option<&str>) {
        let probed = Probed {
            outcome,
            instance: instance.map(str::to_owned),
        };
        self.answers.lock().unwrap().insert(port, probed);
    }

    pub(crate) fn all_alive(&self) {
        let alive = Probed {
            outcome: PingOutcome::Ok,
            instance: None,
        };
        *self.everywhere.lock().unwrap() = Some(alive);
    }
}

impl Probe for Scripted {
    fn probe<'a>(&'a self, target: &'a Target, _: IpAddr) -> BoxFuture<'a, Option<Probed>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(target.port);
            let said = self.answers.lock().unwrap().get(&target.port).cloned();
            let refused = Probed {
                outcome: PingOutcome::Refused,
                instance: None,
            };
            Some(
                said.or(self.everywhere.lock().unwrap().clone())
                    .unwrap_or(refused),
            )
        })
    }
}

/// The parts of a center, without a prober.
pub(crate) struct TestCenter {
    pub registrar: Arc<Registrar>,
    pub store: Arc<MemoryStore>,
    pub probe: Arc<Scripted>,
    router: Router,
    _follower: Task,
}

/// An answer that was read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// An answer that is read while it comes.
#[derive(Debug)]
pub(crate) struct Streamed {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Body,
    text: String,
}

impl Streamed {
    /// The lines of the next event, or of a comment; absent at the end.
    pub(crate) async fn frame(&mut self) -> Option<String> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(frame);
            }
            let chunk = self.body.frame().await?.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next bytes as they come; absent at the end.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let frame = self.body.frame().await?;
        Some(frame.unwrap().into_data().unwrap().to_vec())
    }

    /// The next event's id, kind and data. Comments are left out.
    pub(crate) async fn event(&mut self) -> Option<(String, String, serde_json::Value)> {
        loop {
            let frame = self.frame().await?;
            let field = |name: &str| {
                let line = frame.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_default().trim().to_owned()
            };
            if !frame.starts_with(':') {
                let data = serde_json::from_str(&field("data:")).unwrap();
                return Some((field("id:"), field("event:"), data));
            }
        }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

impl TestCenter {
    pub(crate) async fn new() -> Self {
        Self::with_key(None).await
    }

    pub(crate) async fn with_key(key: Option<Key>) -> Self {
        Self::with(Admission::with_key(key), ContractPolicy::Warn).await
    }

    pub(crate) async fn refusing() -> Self {
        Self::with(Admission::with_key(None), ContractPolicy::Refuse).await
    }

    /// A center that asks for the tokens of this directory.
    pub(crate) async fn with_tokens(dir: &Path) -> Self {
        let known = KnownTokens::open(Tokens::in_dir(dir)).unwrap();
        let admission = Admission::new(dir, None, known, false);
        Self::with(admission, ContractPolicy::Warn).await
    }

    /// The same, with room for so many instances.
    pub(crate) async fn with_tokens_and_room(dir: &Path, capacity: Capacity) -> Self {
        let known = KnownTokens::open(Tokens::in_dir(dir)).unwrap();
        let admission = Admission::new(dir, None, known, false);
        Self::build(admission, ContractPolicy::Warn, capacity).await
    }

    /// A center that has room for so many instances.
    pub(crate) async fn with_room(capacity: Capacity) -> Self {
        Self::build(Admission::with_key(None), ContractPolicy::Warn, capacity).await
    }

    async fn with(admission: Admission, policy: ContractPolicy) -> Self {
        Self::build(admission, policy, Settings::default().capacity()).await
    }

    async fn build(admission: Admission, policy: ContractPolicy, capacity: Capacity) -> Self {
        let store = Arc::new(MemoryStore::default());
        let probe = Arc::new(Scripted::default());
        let limits = Settings::default().limits();
        let view = Arc::new(View::new(limits, fastrand::Rng::with_seed(5)));
        let changes = store.changes().await.unwrap();
        let follower = Task::spawn({
            let view = view.clone();
            async move { view.follow(changes).await }
        });
        let registrar = Arc::new(Registrar {
            view,
            store: store.clone(),
            probe: probe.clone(),
            allowed: Arc::new(AllowList::new(["10.9.9.9"]).unwrap()),
            policy,
            can_ping_tls: false,
            room: Room::new(capacity),
            judging: registration::judging(),
        });
        let api = Api {
            registrar: registrar.clone(),
            admission: Arc::new(admission),
            signer: Arc::new(Signer::of_test()),
            watches: Arc::default(),
        };
        Self {
            registrar,
            store,
            probe,
            router: router(api),
            _follower: follower,
        }
    }

    /// Sends a request from 127.0.0.1.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from("127.0.0.1", request).await
    }

    pub(crate) async fn send_from(&self, peer: &str, mut request: Request<Body>) -> Answer {
        let peer: IpAddr = peer.parse().unwrap();
        request
            .extensions_mut()
            .insert(Peer(SocketAddr::new(peer, 50_000)));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Sends a GET from 127.0.0.1 whose answer is read while it comes.
    pub(crate) async fn open(&self, target: &str, headers: &[(&str, &str)]) -> Streamed {
        let mut request = Request::get(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let peer = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 50_000);
        request.extensions_mut().insert(Peer(peer));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        Streamed {
            status: parts.status,
            headers: parts.headers,
            body,
            text: String::new(),
        }
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.send(Request::get(target).body(Body::empty()).unwrap())
            .await
    }

    /// Sends a request with this token, and whatever else is said in headers.
    pub(crate) async fn send_as(
        &self,
        token: &str,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &serde_json::Value,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(target);
        request = request.header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            serde_json::Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn delete(&self, target: &str) -> Answer {
        self.send(Request::delete(target).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn post(&self, target: &str, body: &serde_json::Value) -> Answer {
        self.send(json_request(target, body)).await
    }

    /// One ping of every instance that is due, answered from the script.
    pub(crate) async fn ping_all(&self) {
        let view = &self.registrar.view;
        // Later than any ping is due. It looks like a pause, which changes nothing here.
        let decisions = view.with(|registry, now, random| {
            let due = now.max(registry.next_deadline()) + Duration::from_secs(6);
            registry.tick(due, random)
        });
        for target in decisions.pings {
            let outcome = self
                .probe
                .probe(&target, target.owner)
                .await
                .expect("scripts answer")
                .outcome;
            view.with(|registry, now, random| {
                registry.report(&target, &outcome, now, now, random);
            });
        }
    }
}

pub(crate) fn json_request(target: &str, body: &serde_json::Value) -> Request<Body> {
    Request::post(target)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}
