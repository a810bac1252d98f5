//! The choice among the instances of a service: power of two choices over the
//! calls in flight.
//!
//! Two endpoints are drawn at random and the one with fewer calls under way is
//! taken. That spreads load almost as well as looking at all of them, and
//! callers that know nothing of each other do not all run to the same one
//! (Mitzenmacher, *The Power of Two Choices in Randomized Load Balancing*, 2001).

use std::sync::Arc;
use std::time::Duration;

use super::endpoint::Endpoint;

/// The index of the endpoint to call next: an eligible one that is not among
/// `tried`, and not an ejected one unless nothing else is left.
pub(crate) fn pick(
    endpoints: &[Arc<Endpoint>],
    is_eligible: &(dyn Fn(&Endpoint) -> bool + Sync),
    tried: &[usize],
    now: Duration,
    random: &mut fastrand::Rng,
) -> Option<usize> {
    if endpoints.is_empty() {
        return None;
    }
    let is_left = |index: usize| !tried.contains(&index) && is_eligible(&endpoints[index]);
    // Failures of more than half say more about the callers, the network or the
    // load than about single instances. Counted only when one is met.
    let most_fail = std::cell::OnceCell::new();
    let are_failures_ignored = || {
        *most_fail.get_or_init(|| {
            let failing = endpoints
                .iter()
                .filter(|e| e.ejection.is_failing(now))
                .count();
            failing * 2 > endpoints.len()
        })
    };
    let is_good = |index: usize| {
        let ejection = &endpoints[index].ejection;
        let is_out =
            ejection.is_unreachable(now) || (ejection.is_failing(now) && !are_failures_ignored());
        !is_out && is_left(index)
    };
    let first = random.usize(..endpoints.len());
    let second = random.usize(..endpoints.len());
    match (is_good(first), is_good(second)) {
        (true, true) if endpoints[second].in_flight() < endpoints[first].in_flight() => {
            Some(second)
        }
        (true, _) => Some(first),
        (false, true) => Some(second),
        (false, false) => {
            // Rare: look at all, from a random one on.
            let order = || (0..endpoints.len()).map(|step| (first + step) % endpoints.len());
            order()
                .find(|&index| is_good(index))
                .or_else(|| order().find(|&index| is_left(index)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ejection::Outcome;
    use super::*;
    use crate::instance::InstanceId;

    const NOW: Duration = Duration::from_secs(1);

    fn endpoints(count: u16) -> Vec<Arc<Endpoint>> {
        (1..=count)
            .map(|port| {
                let id = InstanceId::from_random(port.into());
                Arc::new(Endpoint::new(
                    id,
                    "127.0.0.1".to_owned(),
                    port,
                    None,
                    Vec::new(),
                ))
            })
            .collect()
    }

    fn share(endpoints: &[Arc<Endpoint>], tried: &[usize]) -> Vec<usize> {
        let mut random = fastrand::Rng::with_seed(7);
        let mut counts = vec![0; endpoints.len()];
        for _ in 0..10_000 {
            counts[pick(endpoints, &|_| true, tried, NOW, &mut random).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn idle_instances_share_evenly() {
        for count in share(&endpoints(4), &[]) {
            assert!((2200..2800).contains(&count), "{count}");
        }
    }

    #[test]
    fn the_busier_of_two_gets_less() {
        let endpoints = endpoints(2);
        let _busy = endpoints[0].enter();
        let counts = share(&endpoints, &[]);
        // It is taken only when both draws fall on it.
        assert!((2200..2800).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn an_ejected_one_gets_nothing_while_another_is_left() {
        let endpoints = endpoints(3);
        endpoints[1].ejection.record(Outcome::Unreachable, NOW, 0.0);
        assert_eq!(share(&endpoints, &[])[1], 0);
    }

    #[test]
    fn ejected_ones_are_better_than_none() {
        let endpoints = endpoints(2);
        endpoints
            .iter()
            .for_each(|e| e.ejection.record(Outcome::Unreachable, NOW, 0.0));
        assert!(share(&endpoints, &[]).iter().all(|&count| count > 3000));
    }

    #[test]
    fn failures_eject_at_most_half() {
        let endpoints = endpoints(4);
        let fail = |index: usize| {
            (0..5).for_each(|_| endpoints[index].ejection.record(Outcome::Failed, NOW, 0.0));
        };
        (0..2).for_each(fail);
        assert_eq!(share(&endpoints, &[])[..2], [0, 0]);
        fail(2);
        for count in share(&endpoints, &[]) {
            assert!((2200..2800).contains(&count), "{count}");
        }
    }

    #[test]
    fn a_tried_one_is_not_tried_again() {
        let endpoints = endpoints(2);
        endpoints[1].ejection.record(Outcome::Unreachable, NOW, 0.0);
        assert_eq!(share(&endpoints, &[0]), [0, 10_000]);
        let mut random = fastrand::Rng::with_seed(7);
        assert_eq!(pick(&endpoints, &|_| true, &[0, 1], NOW, &mut random), None);
        assert_eq!(pick(&[], &|_| true, &[], NOW, &mut random), None);
    }
}
