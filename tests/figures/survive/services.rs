//! What is called: services of different names that do the same.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use mfhm::{App, CallError, CallOptions, Caller};
use serde::{Deserialize, Serialize};

use crate::callers::{Call, Calls, Failed};

/// The service that most experiments call.
pub(crate) const TARGET: &str = "target";

/// The answer to a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    /// The process that did it.
    pub pid: u32,
}

/// Why nothing was done.
#[derive(Clone, Debug, thiserror::Error, mfhm::ApiError)]
pub(crate) enum NotDone {
    #[error("what is needed for it does not work")]
    #[status(503)]
    Unavailable,
}

/// What an instance does when it is called.
pub(crate) struct Work {
    calls: AtomicU64,
    delay_ms: AtomicU64,
    /// Where it is written down what ran: each write, by its number.
    runs: Option<Mutex<File>>,
    /// Whom it calls itself.
    pub below: Option<Arc<dyn Calls>>,
    pub is_failing: bool,
}

impl Work {
    pub(crate) fn new(runs: Option<&Path>) -> Self {
        let runs = runs.map(|path| File::options().append(true).create(true).open(path));
        Self {
            calls: AtomicU64::new(0),
            delay_ms: AtomicU64::new(0),
            runs: runs.map(|file| Mutex::new(file.expect("the folder is there"))),
            below: None,
            is_failing: false,
        }
    }

    async fn run(&self, id: u64, is_write: bool) -> Result<Done, NotDone> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(runs) = self.runs.as_ref().filter(|_| is_write) {
            // What was written survives a kill of this process.
            let mut file = runs.lock().expect("no writer panics");
            file.write_all(&id.to_le_bytes())
                .expect("the disk has room");
        }
        let delay = Duration::from_millis(self.delay_ms.load(Ordering::Relaxed));
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if let Some(below) = &self.below {
            let called = below.call(Call { id, is_write }).await;
            called.map_err(|_| NotDone::Unavailable)?;
        }
        if self.is_failing {
            return Err(NotDone::Unavailable);
        }
        Ok(Done {
            pid: std::process::id(),
        })
    }
}

macro_rules! service {
    ($contract:ident, $client:ident, $server:ident, $name:tt) => {
        #[mfhm::client(service = $name)]
        pub(crate) trait $contract {
            /// May be repeated.
            #[get("/read")]
            async fn read(&self, id: u64) -> Result<Done, NotDone>;

            /// May not be repeated.
            #[post("/write")]
            async fn write(&self, id: u64) -> Result<Done, NotDone>;

            /// How long each call takes from now on.
            #[put("/delay")]
            async fn delay(&self, ms: u64);

            /// How many calls came so far.
            #[get("/count")]
            async fn count(&self) -> u64;
        }

        struct $server(Work);

        #[mfhm::service]
        impl $contract for $server {
            async fn read(&self, id: u64) -> Result<Done, NotDone> {
                self.0.run(id, false).await
            }

            async fn write(&self, id: u64) -> Result<Done, NotDone> {
                self.0.run(id, true).await
            }

            async fn delay(&self, ms: u64) {
                self.0.delay_ms.store(ms, Ordering::Relaxed);
            }

            async fn count(&self) -> u64 {
                self.0.calls.load(Ordering::Relaxed)
            }
        }

        impl Calls for Client<$client> {
            fn call(&self, Call { id, is_write }: Call) -> BoxFuture<'_, Result<u32, Failed>> {
                Box::pin(async move {
                    let done = match is_write {
                        true => self.writes.write(id).await,
                        false => self.reads.read(id).await,
                    };
                    done.map(|done| done.pid).map_err(failed)
                })
            }
        }
    };
}

service!(Target, TargetClient, TargetServer, "target");
service!(Top, TopClient, TopServer, "top");
service!(Middle, MiddleClient, MiddleServer, "middle");
service!(Bottom, BottomClient, BottomServer, "bottom");
service!(Backend, BackendClient, BackendServer, "backend");

/// mfhm's client of one service.
struct Client<C> {
    reads: C,
    writes: C,
}

/// mfhm's client of a service, with these options for calls that may be repeated.
pub(crate) fn client(service: &str, caller: &Caller, reads: CallOptions) -> Arc<dyn Calls> {
    macro_rules! client {
        ($client:ident) => {
            Arc::new(Client {
                reads: $client::through(caller).with(reads),
                writes: $client::through(caller),
            })
        };
    }
    match service {
        TARGET => client!(TargetClient),
        "top" => client!(TopClient),
        "middle" => client!(MiddleClient),
        "bottom" => client!(BottomClient),
        "backend" => client!(BackendClient),
        other => panic!("no service {other}"),
    }
}

/// The program that serves it.
pub(crate) fn app(service: &str, work: Work) -> App {
    match service {
        TARGET => App::new().service(TargetServer(work)),
        "top" => App::new().service(TopServer(work)),
        "middle" => App::new().service(MiddleServer(work)),
        "bottom" => App::new().service(BottomServer(work)),
        "backend" => App::new().service(BackendServer(work)),
        other => panic!("no service {other}"),
    }
}

fn failed(error: CallError<NotDone>) -> Failed {
    let fault = match error {
        CallError::Api(error) => return Failed::new("status 503", &error),
        CallError::Fault(fault) => fault,
    };
    let kind = if fault.is_timeout() {
        "no answer in time"
    } else if fault.is_connect() {
        "no connection"
    } else if fault.status().is_some() {
        "another status"
    } else if fault.is_unavailable() || fault.is_unknown_service() {
        "no instance known"
    } else if fault.may_have_executed() {
        "connection broke"
    } else {
        "another fault"
    };
    Failed::new(kind, &fault)
}
