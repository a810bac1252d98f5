//! An instance that hangs, or that one caller cannot reach: what it costs the calls.

use std::sync::atomic::AtomicBool;

use super::*;

const CALL: Duration = Duration::from_secs(15);

/// The longest that a call may be.
const LIMIT: Duration = CALL.saturating_add(Duration::from_millis(50));

/// Four instances, of which the first does not answer while `hangs` is true; the
/// others need 10 ms. `refuses` says that no connection to it can be made.
fn one_of_four(hangs: &Arc<AtomicBool>, refuses: bool) -> Arc<Scene> {
    let hangs = hangs.clone();
    Scene::new(move |port| {
        let is_out = port == 1 && hangs.load(Ordering::SeqCst);
        async move {
            match is_out {
                true if refuses => {
                    // As long as a connection may take.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    broken(TransportErrorKind::Connect)
                }
                true => std::future::pending().await,
                false => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    answer(200)
                }
            }
        }
    })
}

/// A call that must succeed, and how long it was.
async fn timed(service: &Destination) -> Duration {
    let started = Instant::now();
    let answer = run(service, GET, CallOptions::new().timeout(CALL)).await;
    assert_eq!(answer.unwrap().status, 200);
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_hanging_instance_is_ejected_after_five_attempts_and_no_call_fails() {
    let hangs = Arc::new(AtomicBool::new(false));
    let scene = one_of_four(&hangs, false);
    let service = scene.service(4, Limits::default());
    save_up(&service).await;
    hangs.store(true, Ordering::SeqCst);
    let before = scene.asked(1);
    let mut longest = Duration::ZERO;
    for _ in 0..400 {
        longest = longest.max(timed(&service).await);
    }
    let attempts = scene.asked(1) - before;
    println!("attempts at the hanging instance: {attempts}; the longest call: {longest:?}");
    assert!(attempts <= 5, "{attempts}");
    assert!(longest <= LIMIT, "{longest:?}");
}

/// It answers sooner than the others, so that it would be liked for its speed.
#[tokio::test(start_paused = true)]
async fn an_instance_that_fails_at_once_is_ejected_after_five_attempts() {
    let scene = Scene::new(|port| async move {
        tokio::time::sleep(Duration::from_millis(if port == 1 { 1 } else { 10 })).await;
        answer(if port == 1 { 502 } else { 200 })
    });
    let service = scene.service(4, Limits::default());
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(4_900) {
        assert!(timed(&service).await <= LIMIT);
    }
    let attempts = scene.asked(1);
    assert!(
        (1..=5).contains(&attempts),
        "{attempts} of {}",
        scene.total()
    );
}

/// Many calls at once meet it before the first has timed out. Once five attempts have
/// failed, no other goes there for as long as it is ejected.
#[tokio::test(start_paused = true)]
async fn of_many_calls_at_once_none_goes_to_a_hanging_instance_after_five_failed() {
    let hangs = Arc::new(AtomicBool::new(false));
    let scene = one_of_four(&hangs, false);
    let service = Arc::new(scene.service(4, Limits::new(1024, 1000)));
    save_up(&service).await;
    hangs.store(true, Ordering::SeqCst);
    let callers = (0..64).map(|_| {
        let (service, scene) = (service.clone(), scene.clone());
        tokio::spawn(async move {
            let started = Instant::now();
            let mut longest = Duration::ZERO;
            let mut after_ejection = 0;
            while started.elapsed() < Duration::from_millis(9_900) {
                let before = scene.asked(1);
                let is_ejected = started.elapsed() > Duration::from_secs(5);
                longest = longest.max(timed(&service).await);
                after_ejection += usize::from(is_ejected && scene.asked(1) > before);
            }
            (longest, after_ejection)
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        let (longest, after_ejection) = caller.await.unwrap();
        assert!(longest <= LIMIT, "{longest:?}");
        assert_eq!(after_ejection, 0);
    }
    println!("attempts at the hanging instance: {}", scene.asked(1));
}

#[tokio::test(start_paused = true)]
async fn where_every_instance_hangs_a_call_ends_with_its_deadline() {
    let scene = Scene::new(|_| std::future::pending());
    let service = scene.service(3, Limits::default());
    for is_idempotent in [GET, POST] {
        for seconds in [1, 4, 5, 6, 14, 15, 60] {
            let started = Instant::now();
            let options = CallOptions::new().timeout(Duration::from_secs(seconds));
            let fault = run(&service, is_idempotent, options).await.unwrap_err();
            assert!(fault.is_timeout(), "{fault}");
            let over = started
                .elapsed()
                .saturating_sub(Duration::from_secs(seconds));
            assert!(over <= Duration::from_millis(50), "{seconds} s: {over:?}");
        }
    }
}

/// Only this caller is cut off; what others know of the instance is not asked.
#[tokio::test(start_paused = true)]
async fn a_caller_that_cannot_reach_an_instance_avoids_it_and_others_go_on() {
    let is_cut_off = Arc::new(AtomicBool::new(false));
    let scene = one_of_four(&is_cut_off, true);
    let service = scene.service(4, Limits::default());
    let another_scene = one_of_four(&Arc::default(), true);
    let another = another_scene.service(4, Limits::default());
    save_up(&service).await;
    is_cut_off.store(true, Ordering::SeqCst);
    let before = scene.asked(1);
    for _ in 0..400 {
        assert!(timed(&service).await <= LIMIT);
        timed(&another).await;
    }
    let attempts = scene.asked(1) - before;
    assert!((1..=5).contains(&attempts), "{attempts}");
    let share = another_scene.asked(1);
    assert!((50..=150).contains(&share), "a quarter of 400: {share}");
}
