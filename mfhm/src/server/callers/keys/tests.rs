//! One center, which says what the test has it say, and a clock that jumps.

use std::sync::atomic::{AtomicUsize, Ordering};

use ed25519_dalek::SigningKey;

use super::*;

/// What a center knows; absent: it does not answer.
#[derive(Clone)]
struct Center {
    keys: Arc<Mutex<Option<Vec<&'static str>>>>,
    /// How long it takes.
    time: Duration,
    asked: Arc<AtomicUsize>,
}

impl Center {
    fn knowing(keys: &[&'static str]) -> Self {
        Self {
            keys: Arc::new(Mutex::new(Some(keys.to_vec()))),
            time: Duration::ZERO,
            asked: Arc::default(),
        }
    }

    fn knows(&self, keys: Option<&[&'static str]>) {
        *self.keys.lock().unwrap() = keys.map(<[_]>::to_vec);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn keys(&self, is_eager: bool) -> Keys {
        let center = self.clone();
        Keys::asked_for(1, is_eager, move |_| {
            let center = center.clone();
            async move {
                center.asked.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(center.time).await;
                let keys = center.keys.lock().unwrap().clone();
                let Some(keys) = keys else {
                    return Said::Nothing("it is away".to_owned());
                };
                let key = |id: &&str| PublicKey::of(id, &SigningKey::from_bytes(&[1; 32]));
                let keys = keys.iter().map(key).collect();
                Said::Keys(PublicKeys { keys })
            }
        })
    }
}

/// Whether a key is known that a request names, and how long it waited.
async fn look(keys: &Keys, name: &str, is_required: bool) -> (bool, Duration) {
    let started = Instant::now();
    let is_known = keys.trusted().knows(name)
        || (keys.look_for(name, is_required).await && keys.trusted().knows(name));
    (is_known, started.elapsed())
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_key_that_is_new_is_found_at_once_and_strangers_cost_little() {
    let center = Center::knowing(&["a"]);
    let keys = center.keys(true);
    assert_eq!(look(&keys, "a", true).await, (true, Duration::ZERO));
    center.knows(Some(&["a", "b"]));
    tokio::time::sleep(PAUSE).await;
    assert_eq!(look(&keys, "b", true).await, (true, Duration::ZERO));
    // When it starts, and for each of them.
    assert_eq!(center.asked(), 3);
    for minute in 1..=3 {
        let before = center.asked();
        for number in 0..600 {
            let name = format!("stranger {number}");
            let (is_known, waited) = look(&keys, &name, true).await;
            assert!(!is_known && waited == Duration::ZERO, "{waited:?}");
            tokio::time::sleep(SECOND / 10).await;
        }
        let asked = center.asked() - before;
        assert!((15..=21).contains(&asked), "{asked} in minute {minute}");
    }
    assert!(keys.shared.state().unknown.len() <= UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn one_stranger_again_and_again_has_the_center_asked_once_a_minute() {
    let center = Center::knowing(&["a"]);
    let keys = center.keys(true);
    tokio::time::sleep(PAUSE).await;
    let before = center.asked();
    for _ in 0..600 {
        assert!(!look(&keys, "stranger", true).await.0);
        tokio::time::sleep(SECOND / 10).await;
    }
    assert_eq!(center.asked() - before, 1);
}

#[tokio::test(start_paused = true)]
async fn requests_wait_together_and_for_a_second_only() {
    let mut center = Center::knowing(&["a"]);
    center.time = 5 * SECOND;
    let keys = center.keys(false);
    let first = look(&keys, "a", false);
    let second = async {
        tokio::time::sleep(SECOND / 2).await;
        look(&keys, "a", false).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first, second), ((false, SECOND), (false, SECOND / 2)));
    // It is still being asked.
    assert_eq!(look(&keys, "a", true).await, (false, Duration::ZERO));
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(look(&keys, "a", false).await, (true, Duration::ZERO));
    assert_eq!(center.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_asks_who_calls_nobody_waits_for_it() {
    let mut center = Center::knowing(&[]);
    center.time = SECOND / 2;
    let keys = center.keys(false);
    assert_eq!(look(&keys, "a", false).await, (false, SECOND / 2));
    center.knows(Some(&["a"]));
    for _ in 0..2 {
        tokio::time::sleep(UNKNOWN_FOR).await;
        let (_, waited) = look(&keys, "a", false).await;
        assert_eq!(waited, Duration::ZERO);
    }
    assert!(keys.trusted().knows("a"), "it was asked for all the same");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_told_no_more_stays_for_as_long_as_what_it_signed() {
    let center = Center::knowing(&["old"]);
    let keys = center.keys(true);
    tokio::time::sleep(SECOND).await;
    center.knows(Some(&["new"]));
    tokio::time::sleep(PERIOD).await;
    assert!(keys.trusted().knows("new") && keys.trusted().knows("old"));
    tokio::time::sleep(Duration::from_secs(LIFE + LEEWAY) + PERIOD).await;
    assert!(keys.trusted().knows("new") && !keys.trusted().knows("old"));
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_is_known_after_one_question_and_no_request_waits_for_more() {
    let center = Center::knowing(&["a"]);
    let keys = center.keys(true);
    tokio::time::sleep(PAUSE).await;
    assert!(!keys.is_cut_off(true).await);
    let asked = center.asked();
    assert!(!keys.is_cut_off(true).await, "it was asked just now");
    assert_eq!(center.asked(), asked);
    center.knows(None);
    tokio::time::sleep(PAUSE).await;
    assert!(!keys.is_cut_off(false).await, "nobody waits for it");
    tokio::task::yield_now().await;
    assert!(
        keys.is_cut_off(false).await,
        "it was asked for all the same"
    );
    // For an hour it is asked again and again, and the keys stay.
    let started = Instant::now();
    tokio::time::sleep(3600 * SECOND).await;
    assert!(keys.is_cut_off(true).await && keys.trusted().knows("a"));
    assert_eq!(started.elapsed(), 3600 * SECOND);
    center.knows(Some(&["a"]));
    tokio::time::sleep(AGAIN_AT_LAST + SECOND).await;
    assert!(!keys.is_cut_off(true).await);
}
