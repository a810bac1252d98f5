//! The choice among the instances of a service: power of two choices over
//! latency and the calls in flight.
//!
//! Two endpoints are drawn at random and the better one is taken. That spreads
//! load almost as well as looking at all of them, and callers that know nothing
//! of each other do not all run to the same one (Mitzenmacher, *The Power of Two
//! Choices in Randomized Load Balancing*, 2001). Better is a lower cost: the
//! latency times the calls that would be in flight, as in Finagle's *peak EWMA*
//! balancer.
//!
//! * Two *different* endpoints are drawn where all have the same weight, so that
//!   a single slow one always has a better one beside it. With weights, the
//!   draws are independent and in proportion to the weights: that is what gives
//!   a canary its share.
//! * Costs within half as much again of each other count as equal, and then the
//!   first one drawn is taken: chance shares more evenly than noise does. For the
//!   same reason a few milliseconds more or less say nothing; under load the calls
//!   in flight do.
//! * An endpoint of which nothing is known yet is tried first, with one call at a
//!   time.
//! * Endpoints of the caller's zone come first, for as long as at least half of
//!   them are good.
//!
//! Nothing here reads a clock, takes a lock or allocates; what depends on the
//! list only is worked out when the list comes: [`Draws`].

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use super::endpoint::{Endpoint, EndpointSet};

/// Costs within this factor of each other are equal.
const EQUAL: f64 = 1.5;
/// Seconds that are added to each latency: what differs by half of that only
/// differs by chance.
const GRAIN: f64 = 0.010;

/// What is drawn from, of one list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draws {
    all: Urn,
    /// The endpoints of the caller's zone, if there are some and others too.
    near: Option<Urn>,
    /// The greatest weight.
    heaviest: f64,
}

/// Endpoints by their index.
#[derive(Clone, Debug, Default)]
struct Urn {
    members: Vec<usize>,
    /// The sums of the weights up to each member, where they are not all equal.
    sums: Option<Vec<u64>>,
}

impl Draws {
    pub(crate) fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        let urn = |is_member: &dyn Fn(&Endpoint) -> bool| {
            let members = (0..endpoints.len()).filter(|&index| is_member(&endpoints[index]));
            Urn::new(members.collect(), endpoints)
        };
        let near = urn(&|endpoint| endpoint.is_near);
        let is_split = !near.members.is_empty() && near.members.len() < endpoints.len();
        let heaviest = endpoints.iter().map(|e| e.weight).max().unwrap_or(1);
        Self {
            all: urn(&|_| true),
            near: is_split.then_some(near),
            heaviest: f64::from(heaviest.max(1)),
        }
    }
}

impl Urn {
    fn new(members: Vec<usize>, endpoints: &[Arc<Endpoint>]) -> Self {
        let weights = || members.iter().map(|&index| endpoints[index].weight);
        let is_even = weights().min() == weights().max();
        let sums = (!is_even).then(|| {
            let sums = weights().scan(0, |sum, weight| {
                *sum += u64::from(weight);
                Some(*sum)
            });
            sums.collect()
        });
        Self { members, sums }
    }

    /// Two members, one after the other: different ones where they weigh the
    /// same. There is at least one.
    fn two(&self, random: &mut fastrand::Rng) -> (usize, usize) {
        match &self.sums {
            None => {
                let (first, second) = two_of(self.members.len(), random);
                (self.members[first], self.members[second])
            }
            Some(sums) => {
                let total = sums.last().copied().unwrap_or(1);
                let mut one = || {
                    let drawn = random.u64(..total);
                    self.members[sums.partition_point(|&sum| sum <= drawn)]
                };
                (one(), one())
            }
        }
    }
}

/// Two different numbers below `count`; the same twice if there is only one.
fn two_of(count: usize, random: &mut fastrand::Rng) -> (usize, usize) {
    if count < 2 {
        return (0, 0);
    }
    let first = random.usize(..count);
    let second = random.usize(..count - 1);
    (first, second + usize::from(second >= first))
}

/// The index of the endpoint to call next: an eligible one that is not among
/// `tried`, and not one that is left out unless nothing else is left.
pub(crate) fn pick(
    set: &EndpointSet,
    is_eligible: &(dyn Fn(&Endpoint) -> bool + Sync),
    tried: &[usize],
    now: Duration,
    random: &mut fastrand::Rng,
) -> Option<usize> {
    let endpoints = &set.endpoints;
    if endpoints.is_empty() {
        return None;
    }
    let is_left = |index: usize| !tried.contains(&index) && is_eligible(&endpoints[index]);
    // Failures of more than half say more about the callers, the network or the
    // load than about single instances. Counted only when one is met.
    let most_fail = OnceCell::new();
    let are_failures_ignored = || {
        *most_fail.get_or_init(|| {
            let failing = endpoints
                .iter()
                .filter(|e| e.ejection.is_failing(now))
                .count();
            failing * 2 > endpoints.len()
        })
    };
    let is_out = |index: usize| {
        let ejection = &endpoints[index].ejection;
        ejection.is_unreachable(now)
            || ejection.is_paused(now)
            || (ejection.is_failing(now) && !are_failures_ignored())
    };
    let is_good = |index: usize| !is_out(index) && is_left(index);
    let better = |(first, second): (usize, usize)| {
        let [a, b] = [first, second].map(|index| Cost::of(&endpoints[index], set, now));
        if b.is_less_than(&a) { second } else { first }
    };

    let urns = set.draws.near.iter().chain([&set.draws.all]);
    for urn in urns {
        let drawn = urn.two(random);
        if is_good(drawn.0) && is_good(drawn.1) {
            return Some(better(drawn));
        }
        // One is met that is out: look at all. Of a zone, at least half must do.
        let is_zone = urn.members.len() < endpoints.len();
        let good = urn.members.iter().filter(|&&index| is_good(index)).count();
        if good == 0 || (is_zone && good * 2 < urn.members.len()) {
            continue;
        }
        let among = urn.members.iter().copied().filter(|&index| is_good(index));
        // Those may all weigh nothing.
        if let Some(two) = two_among(among, urn.sums.is_none(), endpoints, random) {
            return Some(better(two));
        }
    }
    // Nothing good is left. What asked for a pause is there at least.
    let start = random.usize(..endpoints.len());
    let order = || (0..endpoints.len()).map(|step| (start + step) % endpoints.len());
    let is_there = |index: usize| !endpoints[index].ejection.is_unreachable(now) && is_left(index);
    order()
        .find(|&index| is_there(index))
        .or_else(|| order().find(|&index| is_left(index)))
}

/// As [`Urn::two`], of some members only.
fn two_among(
    members: impl Iterator<Item = usize> + Clone,
    is_even: bool,
    endpoints: &[Arc<Endpoint>],
    random: &mut fastrand::Rng,
) -> Option<(usize, usize)> {
    if is_even {
        let (first, second) = two_of(members.clone().count(), random);
        return Some((members.clone().nth(first)?, members.clone().nth(second)?));
    }
    let weight = |index: usize| u64::from(endpoints[index].weight);
    let total: u64 = members.clone().map(weight).sum();
    let mut one = || {
        let mut drawn = random.u64(..total.max(1));
        members.clone().find(|&index| {
            let is_it = drawn < weight(index);
            drawn = drawn.saturating_sub(weight(index));
            is_it
        })
    };
    Some((one()?, one()?))
}

/// What one more call to an endpoint costs: from `least` to `most`.
///
/// A call to an endpoint of a tenth of the weight counts ten times, and so it has
/// either none or ten in flight. Between the two is its fair part, so a
/// comparison takes for either what speaks for it: a canary is neither starved
/// nor filled because its calls come in such large pieces. Where weights are
/// equal, `least` and `most` are.
#[derive(Clone, Copy, Debug)]
struct Cost {
    least: f64,
    most: f64,
}

impl Cost {
    fn of(endpoint: &Endpoint, set: &EndpointSet, now: Duration) -> Self {
        let in_flight = f64::from(endpoint.in_flight());
        let Some(latency) = endpoint.latency.at(now) else {
            // One probe at a time.
            let cost = if in_flight == 0.0 { 0.0 } else { f64::INFINITY };
            return Self {
                least: cost,
                most: cost,
            };
        };
        let piece = set.draws.heaviest / f64::from(endpoint.weight.max(1));
        let latency = latency + GRAIN;
        Self {
            least: latency * (in_flight * piece + 1.0),
            most: latency * (in_flight + 1.0) * piece,
        }
    }

    fn is_less_than(&self, other: &Self) -> bool {
        self.most * EQUAL < other.least
    }
}

#[cfg(test)]
mod tests;
