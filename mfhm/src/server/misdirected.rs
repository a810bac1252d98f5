//! Requests that are meant for another service.
//!
//! A port changes hands: a service stops, another one takes it, and callers have
//! the old list for a moment more. They say whom they mean, so that nobody runs
//! what was asked of somebody else: 421 (Misdirected Request), and the header that
//! says that nothing was run.
//!
//! Only the service's name counts. A new process of the same service in the same
//! place is as good as the one before.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use http::{HeaderValue, StatusCode};

use super::not_run;
use crate::wire::problem::Problem;
use crate::wire::v1::HEADER_SERVICE;

/// Lets only requests pass that are meant for `service`, or do not say for whom.
/// Outermost, so it also says of all answers whether they are of a request that
/// was not run.
pub(crate) fn refuse_others(app: Router, service: &str) -> Router {
    let service: std::sync::Arc<str> = service.into();
    app.layer(middleware::from_fn(move |request: Request, next: Next| {
        let meant = request.headers().get(HEADER_SERVICE);
        let refusal = meant
            .filter(|meant| meant.as_bytes() != service.as_bytes())
            .map(|meant| refusal(meant, &service));
        async move {
            not_run::tell(match refusal {
                Some(refusal) => refusal,
                None => next.run(request).await,
            })
        }
    }))
}

fn refusal(meant: &HeaderValue, service: &str) -> Response {
    let meant = String::from_utf8_lossy(meant.as_bytes());
    let detail = format!("this is the service {service:?}, and the request is for {meant:?}");
    not_run::mark(
        Problem::new(StatusCode::MISDIRECTED_REQUEST, "mfhm.misdirected", detail).into_axum(),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;
    use crate::wire::overload::NOT_RUN;

    #[tokio::test]
    async fn what_is_meant_for_another_service_is_not_run() {
        let runs = Arc::new(AtomicUsize::new(0));
        let counter = runs.clone();
        let app = Router::new().fallback(move || async move {
            counter.fetch_add(1, Ordering::SeqCst);
            "ran"
        });
        let app = refuse_others(app, "users");
        for (meant, status, ran) in [
            (Some("users"), 200, 1),
            (None, 200, 2),
            (Some("orders"), 421, 2),
            (Some("Users"), 421, 2),
            (Some(""), 421, 2),
        ] {
            let mut request = Request::post("/anything");
            if let Some(meant) = meant {
                request = request.header(HEADER_SERVICE, meant);
            }
            let request = request.body(Body::empty()).unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), status, "{meant:?}");
            assert_eq!(answer.headers().contains_key(NOT_RUN), status == 421);
            assert_eq!(runs.load(Ordering::SeqCst), ran, "{meant:?}");
        }
    }
}
