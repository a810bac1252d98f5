//! What a handshake that failed says of an instance that speaks HTTPS: who answers has to
//! be its service, by its certificate.

use std::io;

use crate::center::health::PingOutcome;
use crate::tls::Refused;

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
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use axum::Router;
    use axum::routing::get;
    use tokio::net::TcpListener;

    use super::*;
    use crate::Tls;
    use crate::center::prober::{Ping as _, Pinger};
    use crate::center::record::Origin;
    use crate::center::registry::Target;
    use crate::key;
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
        let pinger =
            |secured: Secured| Pinger::new(Duration::from_secs(10), Arc::default(), secured);
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
