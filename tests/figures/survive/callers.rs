//! The kinds of callers whose figures stand side by side.

mod lowest_ping;
mod round_robin;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use mfhm::{CallOptions, Caller};

use self::lowest_ping::LowestPing;
use self::round_robin::RoundRobin;
use crate::services;

/// Somebody who calls a service.
pub(crate) trait Calls: Send + Sync + 'static {
    /// One call, whatever it takes. Gives the process that did it.
    fn call(&self, call: Call) -> BoxFuture<'_, Result<u32, Failed>>;
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub id: u64,
    /// A POST that is not declared idempotent, else a GET.
    pub is_write: bool,
}

/// Why a call failed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub kind: &'static str,
    pub text: String,
}

impl Failed {
    pub(crate) fn new(kind: &'static str, error: &dyn Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self { kind, text }
    }
}

/// How long a caller waits: the same for all kinds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the call.
    pub call: Duration,
    /// For an attempt, where another one may follow.
    pub attempt: Duration,
}

impl Default for Patience {
    /// mfhm's defaults.
    fn default() -> Self {
        Self {
            call: Duration::from_secs(15),
            attempt: Duration::from_secs(5),
        }
    }
}

/// A kind of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Mfhm,
    RoundRobin,
    LowestPing,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Mfhm, Self::RoundRobin, Self::LowestPing];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mfhm => "mfhm",
            Self::RoundRobin => "round robin",
            Self::LowestPing => "lowest ping",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// A caller of this kind, which knows nothing of the others of its kind but what
    /// they have left in the folder `lists`; only mfhm's keep something there.
    pub(crate) async fn caller(
        self,
        center: &str,
        service: &str,
        patience: Patience,
        lists: Option<&Path>,
    ) -> Arc<dyn Calls> {
        match self {
            Self::Mfhm => {
                let options = CallOptions::new().timeout(patience.call);
                let caller = Caller::builder().center(center).options(options);
                let caller = match lists {
                    Some(folder) => caller.cache_dir(folder),
                    None => caller.without_cache(),
                };
                let mut reads = CallOptions::new();
                // Said only where it is not the default.
                if patience.attempt != Patience::default().attempt {
                    reads = reads.attempt_timeout(patience.attempt);
                }
                services::client(service, &caller.build().expect("a caller"), reads)
            }
            Self::RoundRobin => Arc::new(RoundRobin::new(center, service, patience).await),
            Self::LowestPing => Arc::new(LowestPing::new(center, service, patience).await),
        }
    }
}

/// What both callers by hand use, set up as mfhm's client is.
fn http_client() -> reqwest::Client {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(1))
        .pool_idle_timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tcp_nodelay(true)
        .build()
        .expect("an HTTP client")
}

/// One attempt by hand.
struct Attempt {
    failed: Failed,
    /// Nothing was sent.
    is_unsent: bool,
    /// The instance answered with an error of its own, or not at all.
    is_transient: bool,
}

async fn attempt(
    client: &reqwest::Client,
    base: &str,
    call: Call,
    limit: Duration,
) -> Result<u32, Attempt> {
    let request = if call.is_write {
        client
            .post(format!("{base}/write"))
            .header("content-type", "application/json")
            .body(call.id.to_string())
    } else {
        client.get(format!("{base}/read?id={}", call.id))
    };
    let failed = |kind, error: &dyn Error| Attempt {
        failed: Failed::new(kind, error),
        is_unsent: kind == "no connection",
        is_transient: true,
    };
    let exchange = async {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok::<_, reqwest::Error>((status, answer.bytes().await?))
    };
    let (status, body) = match tokio::time::timeout(limit, exchange).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(error)) if error.is_connect() => return Err(failed("no connection", &error)),
        Ok(Err(error)) => return Err(failed("connection broke", &error)),
        Err(elapsed) => return Err(failed("no answer in time", &elapsed)),
    };
    if status == 200 {
        let done: services::Done = serde_json::from_slice(&body).expect("the service's answer");
        return Ok(done.pid);
    }
    let is_transient = matches!(status, 502..=504);
    Err(Attempt {
        failed: Failed {
            kind: if status == 503 {
                "status 503"
            } else {
                "another status"
            },
            text: format!("{status}: {}", String::from_utf8_lossy(&body)),
        },
        is_unsent: false,
        is_transient,
    })
}
