//! A ping to an instance that speaks HTTPS: who answers has to be its service, by its
//! certificate.

use std::io;
use std::net::{IpAddr, SocketAddr};

use futures_util::future::{Either, select};
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{BODY_TIMEOUT, Failed, MOST_BYTES, Pinger, denied, heard};
use crate::center::health::PingOutcome;
use crate::center::registry::Target;
use crate::key;
use crate::tls::{Refused, Whom};

const AGENT: &str = concat!("mfhm/", env!("CARGO_PKG_VERSION"));

impl Pinger {
    /// `host` is as it stands in a URL.
    pub(super) async fn exchange_over_tls(
        &self,
        target: &Target,
        host: &str,
        key: Option<HeaderValue>,
    ) -> Result<(PingOutcome, Option<String>), Failed> {
        let addresses = self.addresses(target).await?;
        let stream = TcpStream::connect(&*addresses).await?;
        let whom = Whom::Service(target.service.as_str().into());
        let stream = self.secured.connect(stream, &whom, host).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;

        let mut request = Request::get("/ping")
            .header(HOST, format!("{host}:{}", target.port))
            .header(USER_AGENT, AGENT);
        if let Some(key) = key {
            request = request.header(key::HEADER, key);
        }
        let request = request.body(Empty::<bytes::Bytes>::new())?;
        let exchange = Box::pin(async move {
            let answer = sender.send_request(request).await?;
            let (parts, body) = answer.into_parts();
            let heard = heard(target, parts.status, &parts.headers);
            // As without TLS: whoever writes it should not be cut off.
            let _ = tokio::time::timeout(BODY_TIMEOUT, skip(body)).await;
            Ok::<_, Failed>(heard)
        });
        // The connection is driven for as long as the exchange takes, and not longer.
        match select(exchange, connection).await {
            Either::Left((heard, _)) => heard,
            // What it had to give is given.
            Either::Right((Ok(()), exchange)) => exchange.await,
            Either::Right((Err(error), _)) => Err(error.into()),
        }
    }

    /// Where a ping may go, checked after the name was looked up.
    async fn addresses(&self, target: &Target) -> io::Result<Vec<SocketAddr>> {
        let at_port = |ip| SocketAddr::new(ip, target.port);
        if let Ok(ip) = target.host.parse::<IpAddr>() {
            return Ok(vec![at_port(ip)]);
        }
        // Names that can't be resolved say as little as a host that is silent.
        let silent = |error: io::Error| io::Error::new(io::ErrorKind::TimedOut, error);
        let found = self.names.addresses(&target.host).await.map_err(silent)?;
        let permitted = self
            .allowed
            .permitted(&target.host, found)
            .map_err(denied)?;
        Ok(permitted.into_iter().map(at_port).collect())
    }
}

async fn skip(mut body: Incoming) {
    let mut left = MOST_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, bytes::Bytes::len));
        if left == 0 {
            return;
        }
    }
}

/// What a refused handshake says of the instance. Absent: it is something else.
pub(super) fn judge(error: &io::Error) -> Option<PingOutcome> {
    let refused: &Refused = error.get_ref()?.downcast_ref()?;
    Some(if refused.is_stranger {
        PingOutcome::Stranger(refused.to_string())
    } else {
        PingOutcome::Bad(refused.to_string())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use axum::Router;
    use axum::routing::get;
    use tokio::net::TcpListener;

    use super::*;
    use crate::Tls;
    use crate::center::prober::Ping as _;
    use crate::center::record::Origin;
    use crate::key::Key;
    use crate::listener::{Limits, Server};
    use crate::tls::Secured;
    use crate::tls::testing::Authority;

    fn secured(authority: &Authority, name: &str) -> Secured {
        authority.give(name, &[name]);
        let tls = Tls::new()
            .certificate(authority.path(name, "pem"), authority.path(name, "key"))
            .ca(authority.ca());
        Secured::new(Some(tls), Vec::new()).unwrap()
    }

    async fn ping(pinger: &Pinger, service: &str, port: u16) -> PingOutcome {
        let target = Target {
            id: "a".parse().unwrap(),
            service: service.to_owned(),
            host: "127.0.0.1".to_owned(),
            port,
            tls: true,
            key: Some(Key::new("secret")),
            origin: Origin::V1,
            registrant: None,
            owner: IpAddr::from([127, 0, 0, 1]),
            is_overdue: false,
            ping: 1,
        };
        pinger.ping(&target).await.outcome
    }

    #[tokio::test]
    async fn a_ping_over_tls_is_to_the_service_of_that_name() {
        let authority = Authority::new();
        // Whoever does not send the key is told so, and nobody else gets it.
        let app = Router::new().route(
            "/ping",
            get(|headers: http::HeaderMap| async move {
                let is_known = headers.get(key::HEADER).is_some_and(|key| key == "secret");
                if is_known {
                    http::StatusCode::OK
                } else {
                    http::StatusCode::FORBIDDEN
                }
            }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let users = secured(&authority, "users");
        let server = Server::start(listener, &users, app, &Limits::default()).unwrap();
        let port = server.local_addr().port();
        let pinger = |secured: Secured| {
            Pinger::new(Duration::from_secs(10), Arc::default(), secured).unwrap()
        };
        let center = pinger(secured(&authority, "center"));
        assert_eq!(ping(&center, "users", port).await, PingOutcome::Ok);
        let stranger = ping(&center, "orders", port).await;
        assert!(
            matches!(&stranger, PingOutcome::Stranger(why) if why.contains("\"orders\"")),
            "{stranger:?}"
        );
        let other = pinger(secured(&Authority::new(), "center"));
        let untrusted = ping(&other, "users", port).await;
        assert!(
            matches!(&untrusted, PingOutcome::Bad(why) if why.contains("not by the authority")),
            "{untrusted:?}"
        );
        server.stop(Duration::ZERO).await;
        assert_eq!(ping(&center, "users", port).await, PingOutcome::Refused);
    }
}
