//! What runs on the simulated machines.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::HeaderName;
use tokio::sync::watch;
use tokio::time::Instant;
use turmoil::net::TcpListener;

use super::network::serve;
use super::world::Shared;
use crate::Caller;
use crate::center::simulated::SimulatedCenter;
use crate::instance::InstanceId;
use crate::link::{Credentials, Link};
use crate::server::dispatch::Dispatch;
use crate::server::door::Door;
use crate::server::registration::{Announcement, Center, OwnId, Registration};
use crate::wire::v1::{Address, HEADER_INSTANCE, HEADER_SERVICE, OperationEntry, Register};

pub(super) const CENTER: &str = "center";
const URL: &str = "http://center:21428";
const SERVICE_PORT: u16 = 30_176;

/// How the process on a machine is.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    /// False: it was killed, and its port is closed.
    pub(super) runs: watch::Sender<bool>,
    /// It takes connections and requests, and answers nothing.
    pub(super) hangs: Arc<AtomicBool>,
    pub(super) delay_ms: Arc<AtomicU64>,
    /// What is offered there: another service may take the place over.
    pub(super) service: Arc<std::sync::Mutex<&'static str>>,
    /// Calls that were run there.
    pub(super) runs_of: Arc<AtomicUsize>,
    /// As many registrations as processes would have.
    pub(super) registrations: Arc<AtomicUsize>,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self {
            runs: watch::Sender::new(true),
            hangs: Arc::default(),
            delay_ms: Arc::default(),
            service: Arc::new(std::sync::Mutex::new("users")),
            runs_of: Arc::default(),
            registrations: Arc::new(AtomicUsize::new(1)),
        }
    }

    /// Runs `process` whenever it shall run, and kills it when it shall not.
    pub(super) async fn power<F: Future<Output = ()>>(
        &self,
        process: impl Fn() -> F,
    ) -> turmoil::Result {
        let mut runs = self.runs.subscribe();
        loop {
            let _ = runs.wait_for(|runs| *runs).await;
            tokio::select! {
                () = process() => return Err("the process ended by itself".into()),
                _ = runs.wait_for(|runs| !*runs) => {}
            }
        }
    }
}

pub(super) async fn center(shared: Arc<Shared>) {
    let listener = bind(21_428).await;
    let removed = {
        let shared = shared.clone();
        move |host: String| shared.note_removal(&host)
    };
    let random = fastrand::Rng::with_seed(fastrand::u64(..));
    let center = SimulatedCenter::start(&shared.disk, random, removed).await;
    shared.center_began();
    let observing = async {
        loop {
            shared.note_known(center.known("users"));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = serve(listener, center.router.clone()) => {}
        () = observing => {}
    }
}

/// One process of a service: it listens, then it registers.
pub(super) async fn service(machine: Machine) {
    let name = *machine.service.lock().expect("nothing panics with it");
    let id = InstanceId::from_random(fastrand::u128(..));
    let own = Arc::new(OwnId::of_test(id.clone()));
    let listener = bind(SERVICE_PORT).await;
    let link = Link::new(&Credentials::default()).expect("there is no key that could be wrong");
    let register = Register {
        service: name.to_owned(),
        id: id.clone(),
        address: Address {
            host: None,
            port: SERVICE_PORT,
        },
        operations: vec![OperationEntry {
            name: "item".to_owned(),
            path: "/item".to_owned(),
            methods: vec!["GET".to_owned()],
            fingerprint: None,
        }],
        document: None,
        metadata: Default::default(),
        version: None,
        weight: 100,
        key: None,
        secret: None,
    };
    let registrations: Vec<_> = (0..machine.registrations.load(Ordering::SeqCst))
        .map(|_| {
            let center = Center::new(URL.to_owned(), link.clone());
            Registration::hold(center, Announcement::new(register.clone()), own.clone())
        })
        .collect();
    serve(listener, app(machine, name, own.told())).await;
    drop(registrations);
}

fn app(machine: Machine, name: &'static str, id: watch::Receiver<InstanceId>) -> Router {
    let hangs = machine.hangs.clone();
    let ping = move || {
        let who = [
            (HeaderName::from_static(HEADER_SERVICE), name.to_owned()),
            (
                HeaderName::from_static(HEADER_INSTANCE),
                id.borrow().to_string(),
            ),
        ];
        let hangs = hangs.load(Ordering::SeqCst);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            (who, "")
        }
    };
    let item = move || {
        let machine = machine.clone();
        async move {
            if machine.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let delay = machine.delay_ms.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(delay)).await;
            machine.runs_of.fetch_add(1, Ordering::SeqCst);
            name
        }
    };
    let app = Router::new()
        .route("/ping", get(ping))
        .route("/item", get(item));
    Door::new(name, None, Dispatch::to(app)).into_router()
}

/// A process that calls the service again and again, from several tasks at once.
pub(super) async fn caller(shared: Arc<Shared>, index: usize) {
    let caller = Caller::builder().center(URL).build();
    let caller = caller.expect("nothing is wrong with its settings");
    let calls = (0..shared.tasks).map(|_| call(&shared, &caller, index));
    let watching = async {
        loop {
            let resolver = caller.resolver("users");
            let deadline = Instant::now() + Duration::from_secs(1);
            if let Ok(set) = resolver.endpoints(deadline).await {
                let ids = set.endpoints.iter().map(|endpoint| endpoint.id.to_string());
                shared.note_picture(index, ids.collect());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::join!(futures_util::future::join_all(calls), watching);
}

async fn call(shared: &Shared, caller: &Caller, index: usize) {
    loop {
        let pause = shared.pause.mul_f64(0.5 + fastrand::f64());
        tokio::time::sleep(pause).await;
        if !shared.may_call() {
            continue;
        }
        let started = Instant::now();
        let answer = caller.call("users", "item").send().await;
        let took = started.elapsed();
        let failure = match answer {
            Ok(answer) if answer.status() == 200 && answer.text() == "users" => None,
            Ok(answer) => Some(format!("{} {}", answer.status(), answer.text())),
            Err(fault) => Some(fault.to_string()),
        };
        shared.note_call(index, took, failure);
    }
}

async fn bind(port: u16) -> TcpListener {
    let address = (Ipv4Addr::UNSPECIFIED, port);
    TcpListener::bind(address).await.expect("the port is free")
}
