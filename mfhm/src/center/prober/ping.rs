//! One ping: `GET /ping`, and what its answer means.
//!
//! A new connection each time: a kept one would only show that the instance was
//! there when it was opened. No proxy, no redirects, and no more than 4 KiB of the
//! answer are read. Where it goes is checked for each connection, after the name was
//! looked up; it carries the instance's own key and nothing else that is secret.

pub(super) mod ask;
#[cfg(feature = "tls")]
mod over_tls;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{StatusCode, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tower_service::Service;

use self::ask::ask;
use super::Ping;
use crate::center::address::{self, AllowList};
use crate::center::health::PingOutcome;
use crate::center::record::Origin;
use crate::center::registration::{Probe, Probed};
use crate::center::registry::Target;
use crate::key::Key;
use crate::tls::Secured;
#[cfg(feature = "tls")]
use crate::tls::Whom;
use crate::turns::Turns;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// So many pings may be under way together, and so many of the instances that one
/// address registered: a thousand that hang leave room for others.
const CONCURRENCY: usize = 512;
const CONCURRENCY_OF_PEER: usize = 384;

/// So many registrations may ask after the previous holder of a place together, and so
/// many from one address: the places that it asks after may hang, all of them.
const PROBES: usize = 256;
const PROBES_OF_PEER: usize = 32;

/// How long such a question may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long it may wait for its turn and its answer.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait when this process lacks file descriptors or ports.
const LOCAL_RETRY: Duration = Duration::from_millis(100);

/// Sends pings in their turn, and out of turn for registrations that wait.
pub(crate) struct Pinger {
    /// For hosts that are names. Of several addresses another one is tried beside one
    /// that is slow.
    by_name: HttpConnector<Permitted>,
    /// For those that speak HTTPS.
    #[cfg_attr(not(feature = "tls"), allow(dead_code))]
    secured: Secured,
    allowed: Arc<AllowList>,
    timeout: Duration,
    pings: Turns,
    probes: Turns,
}

/// What came of a ping.
#[derive(Debug)]
pub(crate) struct Answer {
    pub outcome: PingOutcome,
    /// The instance that says it answers.
    pub instance: Option<String>,
    /// When the ping was sent, after all waiting for this process's own resources.
    pub started: Instant,
}

impl Pinger {
    /// `secured` is for instances that speak HTTPS.
    pub(crate) fn new(timeout: Duration, allowed: Arc<AllowList>, secured: Secured) -> Self {
        Self {
            secured,
            ..Self::with_names(timeout, allowed, Arc::new(AskTheSystem))
        }
    }

    fn with_names(timeout: Duration, allowed: Arc<AllowList>, names: Arc<dyn Names>) -> Self {
        let permitted = Permitted {
            allowed: allowed.clone(),
            names,
        };
        Self {
            by_name: HttpConnector::new_with_resolver(permitted),
            secured: Secured::default(),
            allowed,
            timeout,
            pings: Turns::new(CONCURRENCY, CONCURRENCY_OF_PEER),
            probes: Turns::new(PROBES, PROBES_OF_PEER),
        }
    }

    /// `peer` has it sent, and waits for it with its own.
    async fn send(
        &self,
        target: &Target,
        turns: &Turns,
        peer: IpAddr,
        timeout: Duration,
    ) -> Answer {
        loop {
            let turn = turns.take(peer).await;
            let started = Instant::now();
            // Room is taken when it is needed: thousands may wait for their turn.
            let exchange = Box::pin(self.exchange(target));
            let exchange = tokio::time::timeout(timeout, exchange).await;
            drop(turn);
            let (outcome, instance) = match exchange {
                Ok(Ok((outcome, instance))) => (outcome, instance),
                Ok(Err(error)) => match judge(&*error) {
                    Some(outcome) => (outcome, None),
                    // It is this process that lacks something, so nothing was
                    // learnt about the instance.
                    None => {
                        tracing::debug!(%error, "a ping waits for a local resource");
                        tokio::time::sleep(LOCAL_RETRY).await;
                        continue;
                    }
                },
                Err(_) => (PingOutcome::TimedOut, None),
            };
            return Answer {
                outcome,
                instance,
                started,
            };
        }
    }

    async fn exchange(&self, target: &Target) -> Result<(PingOutcome, Option<String>), Failed> {
        let bad = |reason: &str| Ok((PingOutcome::Bad(reason.to_owned()), None));
        let Some(host) = address::url_host(&target.host) else {
            return bad("its host can't be part of a URL");
        };
        if let Err(why) = address::may_ping(&target.host, target.registrant, &self.allowed) {
            return bad(&why);
        }
        let key = match target.key.as_ref().map(Key::header_value).transpose() {
            Ok(key) => key,
            Err(_) => return bad("its key can't be sent in a header"),
        };
        #[cfg(not(feature = "tls"))]
        if target.tls {
            return bad("it speaks HTTPS, which this build of the center doesn't");
        }
        let mut stream = self.connect(target, &host).await?;
        #[cfg(feature = "tls")]
        if target.tls {
            // In a box, so that those that need less take less.
            let exchange = Box::pin(async {
                let whom = Whom::Service(target.service.as_str().into());
                let mut stream = self.secured.connect(stream, &whom, &host).await?;
                ask(&mut stream, target, &host, key).await
            });
            return exchange.await;
        }
        ask(&mut stream, target, &host, key).await
    }

    /// `host` is as it stands in a URL.
    async fn connect(&self, target: &Target, host: &str) -> Result<TcpStream, Failed> {
        if let Ok(ip) = target.host.parse::<IpAddr>() {
            return Ok(TcpStream::connect(SocketAddr::new(ip, target.port)).await?);
        }
        let to: Uri = format!("http://{host}:{}/", target.port).parse()?;
        let connected = Box::pin(self.by_name.clone().call(to)).await?;
        Ok(connected.into_inner())
    }
}

impl Ping for Pinger {
    fn ping<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Answer> {
        Box::pin(self.send(target, &self.pings, target.owner, self.timeout))
    }
}

impl Probe for Pinger {
    /// 1 s at most, after all waiting for this process's own resources.
    fn probe<'a>(&'a self, target: &'a Target, asker: IpAddr) -> BoxFuture<'a, Option<Probed>> {
        let answer = self.send(target, &self.probes, asker, PROBE_TIMEOUT);
        Box::pin(async move {
            let answer = tokio::time::timeout(PROBE_PATIENCE, answer).await.ok()?;
            Some(Probed {
                outcome: answer.outcome,
                instance: answer.instance,
            })
        })
    }
}

/// Alive is who answers exactly 200 and does not say that it is somebody else.
/// Who ceased to renew must say that it is itself: another program may have the
/// port by now.
pub(in crate::center) fn assess(
    target: &Target,
    status: StatusCode,
    service: Option<&str>,
    instance: Option<&str>,
) -> PingOutcome {
    if let Some(other) = service.filter(|service| *service != target.service) {
        return PingOutcome::Stranger(format!("another service answers there: {other:?}"));
    }
    let is_checked = target.origin == Origin::V1;
    if let Some(other) = instance.filter(|id| is_checked && *id != target.id.as_str()) {
        return PingOutcome::Stranger(format!("another instance answers there: {other:?}"));
    }
    match status {
        StatusCode::OK if is_checked && target.is_overdue && instance.is_none() => {
            PingOutcome::Stranger(
                "its lease ended, and what answers there does not say that it is this instance"
                    .to_owned(),
            )
        }
        StatusCode::OK => PingOutcome::Ok,
        other => PingOutcome::Bad(format!("status {}", other.as_u16())),
    }
}

/// What a failed exchange says about the instance. Absent: nothing.
fn judge(error: &(dyn std::error::Error + 'static)) -> Option<PingOutcome> {
    let mut source = Some(error);
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<io::Error>()
            && let Some(verdict) = judge_io(error)
        {
            return verdict;
        }
        source = cause.source();
    }
    let mut reason = error.to_string();
    if let Some(source) = error.source() {
        reason = source.to_string();
    }
    Some(PingOutcome::Bad(reason))
}

/// The outer option: whether this error decides anything.
fn judge_io(error: &io::Error) -> Option<Option<PingOutcome>> {
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    const ENOBUFS: i32 = 105;
    if matches!(error.raw_os_error(), Some(EMFILE | ENFILE | ENOBUFS)) {
        return Some(None);
    }
    #[cfg(feature = "tls")]
    if let Some(verdict) = over_tls::judge(error) {
        return Some(Some(verdict));
    }
    if let Some(Denied(why)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return Some(Some(PingOutcome::Bad(why.clone())));
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(Some(PingOutcome::Refused)),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(Some(PingOutcome::Broken)),
        io::ErrorKind::OutOfMemory => Some(None),
        io::ErrorKind::TimedOut
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => Some(Some(PingOutcome::TimedOut)),
        _ => None,
    }
}

/// Who knows the addresses of names.
trait Names: Send + Sync + 'static {
    fn addresses<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

struct AskTheSystem;

impl Names for AskTheSystem {
    fn addresses<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(address::resolve(name))
    }
}

/// Resolves names to addresses that may be pinged.
#[derive(Clone)]
struct Permitted {
    allowed: Arc<AllowList>,
    names: Arc<dyn Names>,
}

impl Service<Name> for Permitted {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { allowed, names } = self.clone();
        // Names that can't be resolved say as little as a host that is silent.
        let silent = |error: io::Error| io::Error::new(io::ErrorKind::TimedOut, error);
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await.map_err(silent)?;
            let permitted = allowed.permitted(name.as_str(), found).map_err(denied)?;
            // The port is in the address that is called.
            let addresses = permitted.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(addresses.collect::<Vec<_>>().into_iter())
        })
    }
}

/// Why no connection was tried: it is the center that does not want it.
#[derive(Debug)]
struct Denied(String);

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Denied {}

fn denied(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, Denied(why))
}
