//! Which entries of the trail are kept.
//!
//! The last [`RECENT`] are, whatever they say. Of those before, as many again: where one
//! peer did the same to the same service over and over, entries of that go first, so that
//! nobody pushes out what they did, or what others did, by making many changes. The
//! beginning of such a row is kept, and its end.
//!
//! Who has many names to register under has as many rows. Past so many of them each peer
//! has a share, and whoever has more loses the oldest of its own; only of more peers than
//! there is room for it is the oldest entries that go. All of them were in the log.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Actor;

/// The last entries, which are all kept.
const RECENT: usize = 5_000;

/// Of those before so many are kept.
const OLDER: usize = 5_000;

/// Past so many entries some have to go. Sorting all of them out takes a while, so it is
/// done once in a thousand entries and not with each.
pub(crate) const MOST: u64 = (RECENT + OLDER + 1_000) as u64;

/// What is asked of an entry that is kept: little, for it is remembered of all of them.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) number: u64,
    /// Stands for its [`Row`]. Nobody can choose two that look the same, and if two ever did,
    /// a few entries would go earlier than others.
    row: u64,
    /// Stands for who did it.
    who: u64,
}

/// Entries that are of one row tell of the same again.
#[derive(Debug, Default, Hash)]
struct Row {
    who: String,
    action: String,
    service: String,
}

impl Kept {
    /// What can't be read is of a row of its own kind.
    pub(crate) fn read(number: u64, json: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Shown {
            actor: Actor,
            action: String,
            #[serde(default)]
            service: String,
        }
        let shown: Option<Shown> = serde_json::from_slice(json).ok();
        let row = shown.map(|shown| Row {
            who: who(shown.actor),
            action: shown.action,
            service: shown.service,
        });
        let row = row.unwrap_or_default();
        Self {
            number,
            row: digest(&row),
            who: digest(&row.who),
        }
    }
}

fn digest(value: &impl Hash) -> u64 {
    /// Another one in each process.
    static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    STATE.hash_one(value)
}

/// A token is one peer wherever it is used, and so is a network of IPv6, of which one
/// machine has all addresses.
fn who(actor: Actor) -> String {
    match actor {
        Actor::Peer {
            name: Some(name), ..
        } => name,
        Actor::Peer { address, .. } => match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
        Actor::Center => "center".to_owned(),
        Actor::Command => "command".to_owned(),
    }
}

/// The numbers of the entries that are to go, of all that there are in their order.
pub(crate) fn surplus(entries: &[Kept]) -> HashSet<u64> {
    let older = &entries[..entries.len().saturating_sub(RECENT)];
    let mut rows: HashMap<u64, Vec<u64>> = HashMap::new();
    for entry in older {
        rows.entry(entry.row).or_default().push(entry.number);
    }
    let most = most_of_each(rows.values().map(Vec::len).collect());
    let mut surplus = HashSet::new();
    for row in rows.values() {
        let to_go = row.len().saturating_sub(most);
        let beginning = most.min(row.len()).div_ceil(2);
        surplus.extend(&row[beginning..beginning + to_go]);
    }
    // More rows than there is room.
    let mut peers: HashMap<u64, Vec<u64>> = HashMap::new();
    for entry in older
        .iter()
        .filter(|entry| !surplus.contains(&entry.number))
    {
        peers.entry(entry.who).or_default().push(entry.number);
    }
    let most = most_of_each(peers.values().map(Vec::len).collect());
    for own in peers.values() {
        surplus.extend(&own[..own.len().saturating_sub(most)]);
    }
    // More peers than there is room.
    let too_many = (older.len() - surplus.len()).saturating_sub(OLDER);
    let numbers = older.iter().map(|entry| entry.number);
    let oldest: Vec<_> = numbers
        .filter(|number| !surplus.contains(number))
        .take(too_many)
        .collect();
    surplus.extend(oldest);
    surplus
}

/// The largest number of entries of one row (or of one peer) with which all have room
/// together; at least one.
fn most_of_each(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable();
    let mut room = OLDER;
    let mut left = lengths.len();
    for length in lengths {
        let share = room / left;
        if length > share {
            return share.max(1);
        }
        room -= length;
        left -= 1;
    }
    OLDER
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::center::audit::{Action, Entry};
    use crate::center::record::{Origin, Record};

    /// What is left of these entries, written one after the other as the store does.
    fn left_of(entries: impl IntoIterator<Item = (Actor, Action, String)>) -> Vec<u64> {
        let mut kept: Vec<Kept> = Vec::new();
        for (number, (actor, action, service)) in (1..).zip(entries) {
            let record = Record::sample(Origin::V1, &service, "a", 1);
            let entry = Entry::instance(action, &actor, &record);
            let json = serde_json::to_vec(&entry).unwrap();
            kept.push(Kept::read(number, &json));
            if kept.len() as u64 > MOST {
                let surplus = surplus(&kept);
                assert!(surplus.len() >= 1_000, "{}", surplus.len());
                kept.retain(|kept| !surplus.contains(&kept.number));
                assert!(kept.len() <= RECENT + OLDER);
            }
        }
        kept.into_iter().map(|kept| kept.number).collect()
    }

    fn peer(name: &str) -> Actor {
        Actor::named([10, 0, 0, 1].into(), Some(name.to_owned()))
    }

    fn flood(count: usize) -> impl Iterator<Item = (Actor, Action, String)> {
        let both = [Action::Registered, Action::Removed].into_iter().cycle();
        both.take(count)
            .map(|action| (peer("flooder"), action, "users".to_owned()))
    }

    #[test]
    fn nobody_pushes_out_what_they_did_or_others_did_by_many_changes() {
        let own = (peer("flooder"), Action::Drained, "orders".to_owned());
        let others = (peer("other"), Action::Registered, "users".to_owned());
        let left = left_of(flood(100).chain([own, others]).chain(flood(40_000)));
        assert!(left.contains(&101) && left.contains(&102));
        assert!(left.contains(&1), "how it began");
        let last: Vec<_> = (40_102 - RECENT as u64 + 1..=40_102).collect();
        assert!(left.ends_with(&last), "and the last ones");
        assert!(left.len() >= RECENT + OLDER - 10, "{}", left.len());
    }

    #[test]
    fn who_has_many_names_pushes_out_its_own_entries_first() {
        let own = (peer("flooder"), Action::Drained, "orders".to_owned());
        let others = (0..100).map(|n| (peer("other"), Action::Registered, format!("o{n}")));
        let names = (0..30_000).map(|n| (peer("flooder"), Action::Registered, format!("s{n}")));
        let left = left_of(std::iter::once(own).chain(others).chain(names));
        assert_eq!(
            left[..100],
            (2..=101).collect::<Vec<_>>(),
            "what others did"
        );
        assert!(left.len() >= RECENT + OLDER - 10, "{}", left.len());
        assert!(
            left[100..].is_sorted() && left[100] > 20_000,
            "the oldest of its own"
        );
    }

    #[test]
    fn past_so_many_peers_the_oldest_go() {
        let many = (0..30_000).map(|n| (peer(&n.to_string()), Action::Registered, "a".to_owned()));
        let left = left_of(many);
        assert!(left.len() >= RECENT + OLDER, "{}", left.len());
        assert_eq!(left, (left[0]..=30_000).collect::<Vec<_>>());
    }

    #[test]
    fn past_so_many_rows_the_oldest_go() {
        let many = (0..30_000).map(|n| (peer("all"), Action::Registered, format!("s{n}")));
        let left = left_of(many);
        assert!(left.len() >= RECENT + OLDER, "{}", left.len());
        assert_eq!(left, (left[0]..=30_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_peer_is_a_token_or_a_machine() {
        let at = |address: &str, name: Option<&str>| {
            let name = name.map(str::to_owned);
            who(Actor::named(address.parse().unwrap(), name))
        };
        let token = Some("token 1");
        assert_eq!(at("10.0.0.1", token), at("10.0.0.2", token));
        assert_ne!(at("10.0.0.1", None), at("10.0.0.2", None));
        assert_eq!(at("2001:db8::1", None), at("2001:db8::ffff:1", None));
        assert_ne!(at("2001:db8::1", None), at("2001:db8:0:1::1", None));
        assert_eq!(Kept::read(1, b"garbage").row, digest(&Row::default()));
    }
}
