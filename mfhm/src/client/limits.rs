//! [`Limits`]: what the calls that one caller makes to one service share: the
//! budget for trying again, and the bulkhead.
//!
//! The bulkhead keeps one slow service from holding everything that this process
//! has: so many calls to a service are under way at most, others wait in a line
//! of the same length until their deadline, and what is beyond that fails at
//! once.

use tokio::time::Instant;

use super::budget::{self, Budget};
use super::error::{Fault, FaultKind};
use crate::gate::{Gate, Place, Turned};

/// Calls under way to one service, when nothing else is said.
pub(crate) const DEFAULT_IN_FLIGHT: u32 = 1024;

#[derive(Debug)]
pub(crate) struct Limits {
    pub budget: Budget,
    bulkhead: Gate,
}

impl Limits {
    pub(crate) fn new(in_flight: u32, retry_percent: u32) -> Self {
        Self {
            budget: Budget::new(retry_percent),
            bulkhead: Gate::new(in_flight, in_flight),
        }
    }

    /// A place for one call, without waiting.
    pub(crate) fn try_enter(&self) -> Option<Place<'_>> {
        self.bulkhead.try_enter()
    }

    /// A place for one call, by `deadline`.
    pub(crate) async fn enter(&self, deadline: Instant) -> Result<Place<'_>, Fault> {
        let limit = self.bulkhead.limit();
        self.bulkhead.enter(deadline).await.map_err(|turned| match turned {
            Turned::Full => Fault::new(
                FaultKind::TooManyCalls,
                format!(
                    "this process has {limit} calls of the service under way and as many waiting; CallerBuilder::max_in_flight_per_service allows more"
                ),
            ),
            Turned::Late => Fault::new(
                FaultKind::TimeoutUnsent,
                format!(
                    "the deadline passed while the call waited: this process has {limit} calls of the service under way"
                ),
            ),
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(DEFAULT_IN_FLIGHT, budget::DEFAULT_PERCENT)
    }
}
