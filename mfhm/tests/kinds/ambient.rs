//! What calls take over from the request that is being handled, where they stay in
//! the process and where they go through the router. `tests/e2e/ambient.rs` has the
//! same over sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mfhm::http::HeaderValue;
use mfhm::{CallOptions, Fault, OutgoingCall};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::time::Instant;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What a service is told besides its parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Told {
    parent: Option<String>,
    state: Vec<String>,
    baggage: Option<String>,
    authorization: Option<String>,
    millis_left: Option<u64>,
}

fn told() -> Told {
    let request = mfhm::request();
    let text = |name| request.header(name).map(str::to_owned);
    let state = request.headers().get_all("tracestate").into_iter();
    Told {
        parent: text("traceparent"),
        state: state
            .map(|state| state.to_str().unwrap().to_owned())
            .collect(),
        baggage: text("baggage"),
        authorization: text("authorization"),
        millis_left: request.time_left().map(|left| left.as_millis() as u64),
    }
}

#[mfhm::client(service = "last")]
trait Last {
    #[get("/told")]
    async fn told(&self) -> Told;

    #[get("/parent")]
    async fn parent(&self, #[header("traceparent")] parent: Option<&str>) -> Told;

    #[get("/never")]
    async fn never(&self) -> u8;
}

#[derive(Default)]
struct End {
    begun: Arc<Mutex<u32>>,
}

impl Last for End {
    async fn told(&self) -> Told {
        *self.begun.lock().unwrap() += 1;
        told()
    }

    async fn parent(&self, parent: Option<&str>) -> Told {
        Told {
            parent: parent.map(str::to_owned),
            ..told()
        }
    }

    async fn never(&self) -> u8 {
        std::future::pending().await
    }
}

/// How the one in the middle calls the last one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Way {
    Awaited,
    Detached,
    WithTimeout,
    Spawned,
    SpawnedByTokio,
    SpawnedDetached,
}

#[mfhm::client(service = "middle")]
trait Middle {
    #[get("/relay")]
    async fn relay(&self, way: Way) -> Told;

    /// Calls what never answers, and says how that ends.
    #[get("/stuck")]
    async fn stuck(&self) -> String;
}

struct Relay(LastClient);

impl Middle for Relay {
    async fn relay(&self, way: Way) -> Told {
        let last = self.0.clone();
        let call = async move { last.told().await.unwrap() };
        match way {
            Way::Awaited => call.await,
            Way::Detached => {
                let detached = self.0.with(CallOptions::new().detached());
                detached.told().await.unwrap()
            }
            Way::WithTimeout => {
                let short = CallOptions::new().timeout(Duration::from_secs(1));
                self.0.with(short).told().await.unwrap()
            }
            Way::Spawned => mfhm::spawn(call).await.unwrap(),
            Way::SpawnedByTokio => tokio::spawn(call).await.unwrap(),
            Way::SpawnedDetached => {
                let work = mfhm::request().detached().scope(call);
                tokio::spawn(work).await.unwrap()
            }
        }
    }

    async fn stuck(&self) -> String {
        let fault = self.0.never().await.unwrap_err().into_fault();
        assert!(fault.is_timeout(), "{fault:?}");
        fault.to_string()
    }
}

fn insert(call: &mut OutgoingCall, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    call.headers_mut().insert(name, value);
}

/// With a trace and a credential, and 4 s for it.
fn traced(client: &MiddleClient) -> MiddleClient {
    client
        .with(CallOptions::new().timeout(Duration::from_secs(4)))
        .intercept(|call: &mut OutgoingCall| {
            insert(call, "traceparent", PARENT);
            insert(call, "tracestate", "a=1");
            call.headers_mut()
                .append("tracestate", HeaderValue::from_static("b=2"));
            insert(call, "baggage", "k=v");
            insert(call, "authorization", "Bearer t");
            Ok(())
        })
}

/// All four ways in which two calls can stay in the process. The two in the middle
/// pay for serialisation.
fn chains() -> Vec<MiddleClient> {
    vec![
        MiddleClient::local(Relay(LastClient::local(End::default()))),
        MiddleClient::local(Relay(LastClient::routed(End::default()))),
        MiddleClient::routed(Relay(LastClient::local(End::default()))),
        MiddleClient::routed(Relay(LastClient::routed(End::default()))),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_trace_and_the_deadline_go_on() {
    for client in chains() {
        let client = traced(&client);
        let expected = |millis| Told {
            parent: Some(PARENT.to_owned()),
            state: vec!["a=1".to_owned(), "b=2".to_owned()],
            baggage: Some("k=v".to_owned()),
            authorization: None,
            millis_left: Some(millis),
        };
        for (way, millis) in [
            (Way::Awaited, 4_000),
            (Way::Spawned, 4_000),
            (Way::WithTimeout, 1_000),
            (Way::Detached, 15_000),
            (Way::SpawnedDetached, 15_000),
        ] {
            let told = client.relay(way).await.unwrap();
            assert_eq!(told, expected(millis), "{way:?} {client:?}");
        }
        let nothing = Told {
            millis_left: Some(15_000),
            ..Told::default()
        };
        let told = client.relay(Way::SpawnedByTokio).await.unwrap();
        assert_eq!(told, nothing, "a task of its own: {client:?}");
    }
}

#[tokio::test]
async fn where_there_is_no_trace_none_is_made_up() {
    for client in chains() {
        let told = client.relay(Way::Awaited).await.unwrap();
        assert_eq!((told.parent, told.baggage), (None, None));
        assert_eq!(told.state, [""; 0]);
    }
}

#[tokio::test]
async fn a_trace_that_is_none_goes_no_further_and_does_no_harm() {
    for client in chains() {
        let client = client.intercept(|call: &mut OutgoingCall| {
            insert(call, "traceparent", "00-nonsense");
            insert(call, "tracestate", "a=1");
            insert(call, "baggage", &format!("k={}", "v".repeat(9_000)));
            Ok(())
        });
        let told = client.relay(Way::Awaited).await.unwrap();
        assert_eq!((told.parent, told.baggage), (None, None));
        assert_eq!(told.state, [""; 0]);
    }
}

#[tokio::test]
async fn what_a_call_says_itself_goes_before_what_it_takes_over() {
    const OTHER: &str = "00-11111111111111111111111111111111-2222222222222222-00";
    struct Both(LastClient);

    impl Middle for Both {
        async fn relay(&self, _: Way) -> Told {
            let by_parameter = self.0.parent(Some(OTHER)).await.unwrap();
            assert_eq!(by_parameter.parent.as_deref(), Some(OTHER));
            assert_eq!(by_parameter.state, [""; 0], "it is of the other parent");
            let absent = self.0.parent(None).await.unwrap();
            assert_eq!(absent.parent, None, "`None` is said, too");
            let intercepted = self.0.intercept(|call: &mut OutgoingCall| {
                assert_eq!(call.headers()["traceparent"], PARENT);
                insert(call, "traceparent", OTHER);
                call.headers_mut().remove("tracestate");
                Ok(())
            });
            intercepted.told().await.unwrap()
        }

        async fn stuck(&self) -> String {
            String::new()
        }
    }

    for client in [
        MiddleClient::routed(Both(LastClient::routed(End::default()))),
        MiddleClient::local(Both(LastClient::local(End::default()))),
    ] {
        let told = traced(&client).relay(Way::Awaited).await.unwrap();
        assert_eq!(told.parent.as_deref(), Some(OTHER));
        assert_eq!((told.state, told.baggage.as_deref()), (vec![], Some("k=v")));
    }
}

#[tokio::test(start_paused = true)]
async fn the_handler_hears_of_its_deadline_before_it_is_given_up() {
    for client in chains() {
        let patience = CallOptions::new().timeout(Duration::from_millis(200));
        let begun = Instant::now();
        // No margin is needed for it: of two times that are over at once, that of the
        // call within ends first.
        let said = client.with(patience).stuck().await.unwrap();
        assert!(said.contains("call to last.never: "), "{said}");
        assert!(
            said.contains("of the request that is being handled"),
            "{said}"
        );
        assert!(begun.elapsed() <= Duration::from_millis(202));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_time_is_over_is_not_made() {
    type Expired = Mutex<Option<oneshot::Sender<Vec<Fault>>>>;
    struct Late(LastClient, Expired);

    impl Middle for Late {
        async fn relay(&self, _: Way) -> Told {
            let (last, ended) = (self.0.clone(), self.1.lock().unwrap().take().unwrap());
            let deadline = mfhm::request().deadline().unwrap();
            mfhm::spawn(async move {
                // The task outlives the handler; its calls do not.
                tokio::time::sleep_until(deadline).await;
                let late = last.told().await.unwrap_err().into_fault();
                let none = last.with(CallOptions::new().timeout(Duration::ZERO).detached());
                let none = none.told().await.unwrap_err().into_fault();
                last.with(CallOptions::new().detached())
                    .told()
                    .await
                    .unwrap();
                ended.send(vec![late, none]).unwrap();
            });
            Told::default()
        }

        async fn stuck(&self) -> String {
            String::new()
        }
    }

    for is_local in [true, false] {
        let end = End::default();
        let begun = end.begun.clone();
        let last = if is_local {
            LastClient::local(end)
        } else {
            LastClient::routed(end)
        };
        let (ended, faults) = oneshot::channel();
        let client = MiddleClient::routed(Late(last, Mutex::new(Some(ended))));
        client.relay(Way::Awaited).await.unwrap();
        let faults = faults.await.unwrap();
        for fault in &faults {
            assert!(
                fault.is_timeout() && !fault.may_have_executed(),
                "{fault:?}"
            );
            assert!(fault.to_string().contains("it was not made"), "{fault}");
        }
        assert!(
            faults[0]
                .to_string()
                .contains("the request that is being handled")
        );
        assert!(
            !faults[1]
                .to_string()
                .contains("the request that is being handled")
        );
        assert_eq!(*begun.lock().unwrap(), 1, "the detached one only");
    }
}

#[cfg(feature = "center")]
mod attempts {
    use mfhm::{App, RunningApp, RunningCenter};

    use super::*;

    #[derive(Debug, thiserror::Error, mfhm::ApiError)]
    enum Busy {
        #[error("not now")]
        #[status(503)]
        Busy,
    }

    #[mfhm::client(service = "busy")]
    trait Service {
        #[get("/work")]
        async fn work(&self) -> Result<(), Busy>;

        #[post("/order")]
        async fn order(&self) -> Result<(), Busy>;
    }

    /// Fails until it was asked so often; or does not answer the first time.
    struct Worker {
        /// The header of each request, in milliseconds.
        had: Arc<Mutex<Vec<u64>>>,
        good_from: usize,
        is_silent: bool,
    }

    #[mfhm::service]
    impl Service for Worker {
        async fn work(&self) -> Result<(), Busy> {
            let left = mfhm::request().header("mfhm-timeout-ms").unwrap().parse();
            let asked = {
                let mut had = self.had.lock().unwrap();
                had.push(left.unwrap());
                had.len()
            };
            if asked >= self.good_from {
                return Ok(());
            }
            if self.is_silent {
                std::future::pending::<()>().await;
            }
            Err(Busy::Busy)
        }

        async fn order(&self) -> Result<(), Busy> {
            self.work().await
        }
    }

    async fn serve(center: &RunningCenter, worker: Worker) -> RunningApp {
        let app = App::new().service(worker).center(center.url()).port(0);
        let app = app.local_calls(false).start().await.unwrap();
        app.registered().await;
        app
    }

    async fn center(data: &tempfile::TempDir) -> RunningCenter {
        let center = mfhm::Center::builder().port(0).data_dir(data.path());
        center.start().await.unwrap()
    }

    fn client(center: &RunningCenter, options: CallOptions) -> ServiceClient {
        let caller = mfhm::Caller::builder().center(center.url()).build();
        ServiceClient::through(&caller.unwrap()).with(options)
    }

    #[tokio::test]
    async fn each_attempt_tells_how_long_the_caller_still_waits() {
        let data = tempfile::tempdir().unwrap();
        let center = center(&data).await;
        let had = Arc::default();
        let worker = Worker {
            had: Arc::clone(&had),
            good_from: 3,
            is_silent: false,
        };
        let app = serve(&center, worker).await;
        let five = Duration::from_secs(5);
        let options = CallOptions::new().timeout(five).attempt_timeout(five);
        client(&center, options).work().await.unwrap();
        // There is one instance only, so 25 ms at least are between two attempts.
        let had = had.lock().unwrap().clone();
        assert_eq!(had.len(), 3);
        assert!(had[0] <= 5_000 && had[0] > 1_000, "{had:?}");
        assert!(had[1] <= had[0] - 25 && had[2] <= had[1] - 25, "{had:?}");
        app.stop().await;
        center.stop().await;
    }

    #[tokio::test]
    async fn a_call_can_say_whether_it_may_run_twice() {
        let data = tempfile::tempdir().unwrap();
        let center = center(&data).await;
        let had = Arc::default();
        let worker = Worker {
            had: Arc::clone(&had),
            good_from: usize::MAX,
            is_silent: false,
        };
        let app = serve(&center, worker).await;
        let asked = || std::mem::take(&mut *had.lock().unwrap()).len();
        let two = CallOptions::new().attempts(2);
        let client = client(&center, two);
        client.work().await.unwrap_err();
        assert_eq!(asked(), 2);
        client.order().await.unwrap_err();
        assert_eq!(asked(), 1);
        let only_once = client.with(CallOptions::new().idempotent(false));
        only_once.work().await.unwrap_err();
        assert_eq!(asked(), 1);
        let keyed = client.with(CallOptions::new().idempotent(true));
        keyed.order().await.unwrap_err();
        assert_eq!(asked(), 2);
        let caller = mfhm::Caller::builder().center(center.url()).build();
        let caller = caller.unwrap();
        let call = || caller.call("busy", "order").options(two);
        assert_eq!(call().send().await.unwrap().status(), 503);
        assert_eq!(asked(), 1);
        let keyed = call().options(CallOptions::new().idempotent(true));
        assert_eq!(keyed.send().await.unwrap().status(), 503);
        assert_eq!(asked(), 2);
        app.stop().await;
        center.stop().await;
    }

    #[tokio::test]
    async fn a_second_request_beside_the_first_tells_it_too() {
        let data = tempfile::tempdir().unwrap();
        let center = center(&data).await;
        let had = Arc::default();
        let worker = || Worker {
            had: Arc::clone(&had),
            good_from: 2,
            is_silent: true,
        };
        let first = serve(&center, worker()).await;
        let second = serve(&center, worker()).await;
        let five = Duration::from_secs(5);
        let options = CallOptions::new().timeout(five).attempt_timeout(five);
        let client = client(&center, options.hedge_after(Duration::from_millis(40)));
        client.work().await.unwrap();
        let had = had.lock().unwrap().clone();
        // Measured at both ends, so with some room.
        assert!(had.len() == 2 && had[1] <= had[0] - 20, "{had:?}");
        first.stop().await;
        second.stop().await;
        center.stop().await;
    }
}
