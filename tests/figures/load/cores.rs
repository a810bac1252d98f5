//! Which processors the servers have, and which the callers.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// A server that shares its processors with its callers is as fast as both together;
/// the difference between two servers would be smaller than it is.
#[derive(Debug)]
pub(crate) struct Cores {
    divided: Option<Divided>,
}

#[derive(Debug)]
struct Divided {
    servers: CpuSet,
    callers: CpuSet,
}

impl Cores {
    /// Moves this thread to the callers' processors. With one processor there is nothing
    /// to be divided.
    pub(crate) fn divide() -> Self {
        let divided = sched_getaffinity(None).ok().and_then(|all| {
            let mut own = (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu));
            let (mut servers, mut callers) = (CpuSet::new(), CpuSet::new());
            servers.set(own.next()?);
            own.by_ref().for_each(|cpu| callers.set(cpu));
            (callers.count() > 0).then_some(Divided { servers, callers })
        });
        let cores = Self { divided };
        cores.on_callers();
        cores
    }

    /// Starts something that stays on the servers' processor. `start` does not wait.
    pub(crate) fn on_servers<T>(&self, start: impl FnOnce() -> T) -> T {
        if let Some(divided) = &self.divided {
            let _ = sched_setaffinity(None, &divided.servers);
        }
        let started = start();
        self.on_callers();
        started
    }

    fn on_callers(&self) {
        if let Some(divided) = &self.divided {
            let _ = sched_setaffinity(None, &divided.callers);
        }
    }

    pub(crate) fn text(&self) -> String {
        match &self.divided {
            Some(divided) => format!(
                "The servers share one processor, the callers have {}.",
                divided.callers.count()
            ),
            None => "Servers and callers share one processor.".to_owned(),
        }
    }
}
