use futures_util::future::BoxFuture;

use super::*;
use crate::instance::InstanceId;

/// Answers what the test says.
#[derive(Debug)]
struct Script(Mutex<Result<Vec<u16>, SourceError>>);

impl Script {
    fn new(ports: &[u16]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Ok(ports.to_vec()))))
    }

    fn say(&self, answer: Result<Vec<u16>, SourceError>) {
        *self.0.lock().unwrap() = answer;
    }
}

impl Source for Script {
    fn list<'a>(
        &'a self,
        _service: &'a str,
        _known: &'a EndpointSet,
        _uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>> {
        let answer = self.0.lock().unwrap().clone().map(|ports| {
            ports
                .into_iter()
                .map(|port| {
                    let id = InstanceId::from_random(port.into());
                    Endpoint::new(id, "127.0.0.1".to_owned(), port, None, Vec::new())
                })
                .collect()
        });
        Box::pin(async { answer })
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

async fn ports(resolver: &Resolver) -> Result<Vec<u16>, FaultKind> {
    match resolver.endpoints(soon()).await {
        Ok(set) => Ok(set.endpoints.iter().map(|e| e.port).collect()),
        Err(fault) => Err(fault.kind()),
    }
}

async fn after_a_round(resolver: &Resolver) -> Result<Vec<u16>, FaultKind> {
    let _ = resolver.wait_for_round(soon()).await;
    ports(resolver).await
}

fn unreachable() -> Result<Vec<u16>, SourceError> {
    Err(SourceError::Unreachable("gone".to_owned()))
}

#[tokio::test]
async fn the_last_list_outlives_the_center() {
    let script = Script::new(&[1, 2]);
    let resolver = Resolver::new("s".to_owned(), script.clone());
    assert_eq!(ports(&resolver).await, Ok(vec![1, 2]));
    script.say(unreachable());
    assert_eq!(after_a_round(&resolver).await, Ok(vec![1, 2]));
    script.say(Ok(vec![3]));
    assert_eq!(after_a_round(&resolver).await, Ok(vec![3]));
}

#[tokio::test]
async fn an_instance_that_accepts_connections_outlives_a_center_that_forgot_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let alive = listener.local_addr().unwrap().port();
    let script = Script::new(&[alive, 1]);
    let resolver = Resolver::new("s".to_owned(), script.clone());
    assert_eq!(ports(&resolver).await, Ok(vec![alive, 1]));
    script.say(Err(SourceError::Unknown));
    assert_eq!(after_a_round(&resolver).await, Ok(vec![alive]));
    drop(listener);
    assert_eq!(
        after_a_round(&resolver).await,
        Err(FaultKind::UnknownService)
    );
}

#[tokio::test]
async fn without_a_list_the_fault_says_which_case_it_is() {
    let script = Script::new(&[]);
    let resolver = Resolver::new("s".to_owned(), script.clone());
    assert_eq!(ports(&resolver).await, Err(FaultKind::NoInstance));
    script.say(Err(SourceError::Unknown));
    assert_eq!(
        after_a_round(&resolver).await,
        Err(FaultKind::UnknownService)
    );
    script.say(unreachable());
    assert_eq!(
        after_a_round(&resolver).await,
        Err(FaultKind::CenterUnreachable)
    );
    script.say(Ok(vec![4]));
    assert_eq!(after_a_round(&resolver).await, Ok(vec![4]));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_nobody_knows_is_forgotten_after_a_while() {
    let script = Script::new(&[]);
    script.say(Err(SourceError::Unknown));
    let resolver = Resolver::new("s".to_owned(), script.clone());
    assert_eq!(ports(&resolver).await, Err(FaultKind::UnknownService));
    assert!(!resolver.is_idle());
    tokio::time::sleep(CURIOSITY + 3 * INTERVAL).await;
    assert!(resolver.is_idle());
    script.say(Ok(vec![4]));
    assert_eq!(ports(&resolver).await, Ok(vec![4]), "a call asks again");
}

#[tokio::test(start_paused = true)]
async fn a_center_that_is_away_is_asked_more_and_more_rarely() {
    let script = Script::new(&[1]);
    let resolver = Resolver::new("s".to_owned(), script.clone());
    assert_eq!(ports(&resolver).await, Ok(vec![1]));
    script.say(unreachable());
    let rounds = || resolver.shared.begun.load(Ordering::SeqCst);
    let asked = async |seconds: u64| {
        let before = rounds();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        rounds() - before
    };
    let first = asked(15).await;
    assert!((5..=20).contains(&first), "soon, to begin with: {first}");
    asked(100).await;
    let later = asked(900).await;
    assert!((30..=150).contains(&later), "each 0.1 to 30 s: {later}");
    assert!(!resolver.shared.is_stale(), "the task says that it runs");
    assert_eq!(ports(&resolver).await, Ok(vec![1]));
    // When it is back, the pauses are those of before.
    script.say(Ok(vec![2]));
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(ports(&resolver).await, Ok(vec![2]));
    let again = asked(60).await;
    assert!((24..=38).contains(&again), "every 2 s: {again}");
}

#[test]
fn a_second_runtime_goes_on_where_the_first_ended() {
    let script = Script::new(&[1]);
    let resolver = Resolver::new("s".to_owned(), script.clone());
    for expected in [1, 2] {
        script.say(Ok(vec![expected]));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        assert_eq!(
            runtime.block_on(after_a_round(&resolver)),
            Ok(vec![expected])
        );
    }
}

#[tokio::test]
async fn what_was_learnt_about_an_instance_survives_a_new_list() {
    let script = Script::new(&[1, 2]);
    let resolver = Resolver::new("s".to_owned(), script.clone());
    let before = resolver.endpoints(soon()).await.unwrap();
    after_a_round(&resolver).await.unwrap();
    let after = resolver.endpoints(soon()).await.unwrap();
    assert!(Arc::ptr_eq(&before.endpoints[0], &after.endpoints[0]));
}
