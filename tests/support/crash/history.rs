//! What clients were told, and whether a center still knows it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::Random;
use crate::http;

/// So many instances belong to each client.
const INSTANCES: u64 = 24;

/// All of them are instances of this service.
const SERVICE: &str = "crash";

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Ends of a process by a kill.
    pub kills: usize,
    /// Starts that were waited for; each succeeded.
    pub starts: usize,
    /// Changes that were acknowledged and found again.
    pub acknowledged: usize,
    /// Changes without an answer that turned out to be there.
    pub came_through: usize,
    /// Changes that were refused.
    pub refused: usize,
}

/// The instances that one or several clients change, and what became of each.
#[derive(Clone, Debug, Default)]
pub struct History {
    fates: BTreeMap<String, Fate>,
    /// Since the last comparison.
    acknowledged: usize,
    refused: usize,
    /// The number of the last entry of the audit trail.
    audited: u64,
}

/// The version of an instance; absent: it is not registered.
type State = Option<u64>;

#[derive(Clone, Debug, Default)]
struct Fate {
    /// What was acknowledged last, or found at a comparison.
    sure: State,
    /// What was asked for since, without an answer.
    open: Option<State>,
    versions: u64,
}

/// How a client's work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It did as many changes as it should.
    Done,
    /// Nobody answered any more.
    Gone,
    /// A change was refused with this status.
    Refused(u16),
}

impl History {
    /// Registers, changes and removes instances, one after the other, until so many
    /// changes are done or one is not acknowledged.
    ///
    /// # Panics
    ///
    /// When the center answers what it should not.
    pub async fn work(&mut self, port: u16, client: usize, changes: usize, seed: u64) -> Ended {
        let mut random = Random::new(seed);
        for _ in 0..changes {
            let number = random.below(INSTANCES);
            let id = format!("c{client}-{number}");
            let fate = self.fates.entry(id.clone()).or_default();
            if fate.open.is_some() {
                // What it is now is found out at the next comparison.
                continue;
            }
            let wanted = match fate.sure {
                Some(_) if random.below(3) == 0 => None,
                _ => {
                    fate.versions += 1;
                    Some(fate.versions)
                }
            };
            fate.open = Some(wanted);
            let answer = match wanted {
                Some(version) => register(port, client, number, &id, version).await,
                None => {
                    http::request(port, "DELETE", &format!("/v1/instances/{id}"), &[], "").await
                }
            };
            match answer {
                Err(_) => return Ended::Gone,
                Ok(answer) if answer.status < 300 => {
                    fate.sure = wanted;
                    fate.open = None;
                    self.acknowledged += 1;
                }
                Ok(answer) if answer.status >= 500 => {
                    self.refused += 1;
                    return Ended::Refused(answer.status);
                }
                Ok(answer) => panic!("{id} to {wanted:?}: {answer:?}"),
            }
        }
        Ended::Done
    }

    /// Asks the center what it knows, and holds it against this.
    ///
    /// # Panics
    ///
    /// When something was lost or came back, or the audit trail does not tell of it.
    pub async fn compare(&mut self, port: u16, figures: &mut Figures) {
        let found = registered(port).await;
        let (mut came_through, mut open) = (0, 0);
        for (id, fate) in &mut self.fates {
            let found = found.get(id).copied();
            open += usize::from(fate.open.is_some());
            match fate.open.take() {
                Some(wanted) if found == wanted && found != fate.sure => came_through += 1,
                _ => assert_eq!(found, fate.sure, "{id} was lost, or came back"),
            }
            fate.sure = found;
        }
        let strangers: Vec<_> = found
            .keys()
            .filter(|id| !self.fates.contains_key(*id))
            .collect();
        assert!(strangers.is_empty(), "nobody registered {strangers:?}");
        let entries = self.audit(port).await;
        assert!(
            (self.acknowledged..=self.acknowledged + open).contains(&entries),
            "{entries} entries in the audit trail of {} changes and {open} open ones",
            self.acknowledged
        );
        figures.acknowledged += self.acknowledged;
        figures.refused += self.refused;
        figures.came_through += came_through;
        (self.acknowledged, self.refused) = (0, 0);
    }

    /// How many entries came since the last time, each with the next number.
    async fn audit(&mut self, port: u16) -> usize {
        let before = self.audited;
        loop {
            let path = format!("/v1/audit?after={}&limit=1000", self.audited);
            let answer = http::get(port, &path).await.expect("an answer").json();
            let entries = answer["entries"].as_array().expect("entries");
            for entry in entries {
                assert_eq!(entry["number"], self.audited + 1, "a gap in the trail");
                self.audited += 1;
            }
            if entries.is_empty() {
                return usize::try_from(self.audited - before).expect("few");
            }
        }
    }

    /// One part for each client.
    pub(super) fn split(&mut self, clients: usize) -> Vec<Self> {
        let mut parts = vec![Self::default(); clients];
        for (id, fate) in std::mem::take(&mut self.fates) {
            let client = id[1..]
                .split('-')
                .next()
                .and_then(|client| client.parse().ok());
            let client: usize = client.expect("an id of this test");
            parts[client].fates.insert(id, fate);
        }
        parts
    }

    pub(super) fn join(&mut self, parts: Vec<Self>) {
        for part in parts {
            self.fates.extend(part.fates);
            self.acknowledged += part.acknowledged;
            self.refused += part.refused;
        }
    }
}

/// Nobody listens where they register.
async fn register(
    port: u16,
    client: usize,
    number: u64,
    id: &str,
    version: u64,
) -> std::io::Result<http::Answer> {
    let body = serde_json::json!({
        "service": SERVICE,
        "id": id,
        "address": {"host": format!("127.77.1.{client}"), "port": 1 + number},
        "version": version.to_string(),
        "metadata": {"pad": "x".repeat(usize::try_from(version % 5).unwrap_or_default() * 200)},
    });
    http::request(port, "POST", "/v1/instances", &[], &body.to_string()).await
}

async fn registered(port: u16) -> BTreeMap<String, u64> {
    let answer = http::get(port, &format!("/v1/services/{SERVICE}")).await;
    let answer = answer.expect("an answer");
    // 503: it started with an empty disk a moment ago.
    if matches!(answer.status, 404 | 503) {
        return BTreeMap::new();
    }
    let body = answer.json();
    let instances = body["instances"].as_array().expect("instances");
    let entry = |instance: &Value| {
        let version = instance["version"]
            .as_str()
            .and_then(|text| text.parse().ok());
        let id = instance["id"].as_str().map(str::to_owned);
        (id.expect("an id"), version.expect("a version"))
    };
    instances.iter().map(entry).collect()
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.kills += other.kills;
        self.starts += other.starts;
        self.acknowledged += other.acknowledged;
        self.came_through += other.came_through;
        self.refused += other.refused;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kills,
            starts,
            acknowledged,
            came_through,
            refused,
        } = self;
        write!(
            f,
            "{kills} kills, {starts} starts, all successful; {acknowledged} changes acknowledged, \
             0 lost, 0 came back; {came_through} came through without an answer, {refused} refused"
        )
    }
}
