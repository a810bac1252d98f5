//! A service that is asked for more than it does at once, and what its callers
//! see of it.

use std::sync::Arc;

use mfhm::{App, CallError};
use tokio::sync::{Notify, Semaphore};

use crate::support::{addr, raw, url};

#[mfhm::client(service = "busy")]
pub(crate) trait Busy {
    /// Not idempotent.
    #[post("/work")]
    async fn work(&self) -> u8;
}

struct Worker {
    has_begun: Arc<Notify>,
    may_end: Arc<Semaphore>,
}

#[mfhm::service]
impl Busy for Worker {
    async fn work(&self) -> u8 {
        self.has_begun.notify_one();
        self.may_end.acquire().await.unwrap().forget();
        7
    }
}

#[tokio::test]
async fn what_is_too_much_was_not_run_and_a_ping_never_is() {
    let has_begun = Arc::new(Notify::new());
    let may_end = Arc::new(Semaphore::new(0));
    let worker = Worker {
        has_begun: has_begun.clone(),
        may_end: may_end.clone(),
    };
    let app = App::new()
        .service(worker)
        .center("http://127.0.0.1:9")
        .port(0)
        .local_calls(false)
        .max_in_flight(1)
        .queue(0)
        .start()
        .await
        .unwrap();
    let client = BusyClient::at(&url(&app)).unwrap();
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.work().await }
    });
    has_begun.notified().await;

    let Err(CallError::Fault(fault)) = client.work().await else {
        panic!("there is no room for a second");
    };
    assert!(
        fault.is_unavailable() && !fault.may_have_executed(),
        "{fault}"
    );
    assert_eq!(fault.problem().unwrap().code, "mfhm.overloaded");
    let refused = raw(addr(&app), "POST /work", b"").await;
    assert_eq!(refused.status, 503);
    assert!(refused.text.contains("retry-after: 1\r\n"), "{refused:?}");
    assert!(
        refused.text.contains("mfhm-not-run: true\r\n"),
        "{refused:?}"
    );
    assert_eq!(raw(addr(&app), "GET /ping", b"").await.status, 200);

    may_end.add_permits(2);
    assert_eq!(running.await.unwrap().unwrap(), 7);
    assert_eq!(client.work().await.unwrap(), 7);
}
