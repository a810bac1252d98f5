//! The audit trail: who changed what, and from where.
//!
//! An entry travels in the batch with the change that it tells of, and is written
//! in the same transaction: there is no change without its entry, no entry without
//! its change, and no fsync for the trail alone. The store numbers
//! the entries, and writes each to the log when it is on disk.
//!
//! The center keeps so many entries, and [`retention`] says which.
//!
//! Renewals, pings and what follows from them are no entries: they are health. No
//! entry has a secret in it; it names instances and never copies a record.

pub(crate) mod retention;

use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::{Origin, Place, Record};
use crate::instance::InstanceId;
use crate::wire::v1::DocumentHash;

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Actor {
    /// Somebody who sent a request.
    Peer {
        address: IpAddr,
        /// Under which name, where the center knows who is who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// The center itself.
    Center,
    /// A command, run on the data directory of a center that was stopped.
    Command,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Registered,
    /// The same instance said something else of itself.
    Updated,
    /// A newcomer took its place, or its id.
    Replaced,
    /// It left, or somebody took it away.
    Removed,
    Drained,
    /// By the center, for its silence.
    Evicted,
    Imported,
    DocumentKept,
    DocumentDropped,
    /// Somebody took a copy of everything that is registered.
    Exported,
}

/// One line of the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    /// In UTC, as RFC 3339 has it.
    pub time: String,
    pub action: Action,
    pub actor: Actor,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<InstanceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Origin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An entry as it is read, with its place in the trail. Its fields are passed on as
/// they are: a later version may have written it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Numbered {
    pub number: u64,
    #[serde(flatten)]
    pub entry: serde_json::Map<String, Value>,
}

impl Actor {
    /// Somebody at this address of whom nothing else is known.
    #[cfg(test)]
    pub(crate) fn peer(address: IpAddr) -> Self {
        Self::named(address, None)
    }

    pub(crate) fn named(address: IpAddr, name: Option<String>) -> Self {
        Self::Peer {
            address: address.to_canonical(),
            name,
        }
    }
}

impl Entry {
    /// An entry about an instance.
    pub(crate) fn instance(action: Action, actor: &Actor, record: &Record) -> Self {
        Self {
            protocol: Some(record.origin),
            ..Self::place(action, actor, record.place(), &record.id)
        }
    }

    /// The same, of which only the place is known.
    pub(crate) fn place(action: Action, actor: &Actor, place: Place, id: &InstanceId) -> Self {
        let Place {
            service,
            host,
            port,
        } = place;
        Self {
            service: Some(service),
            id: Some(id.clone()),
            host: Some(host),
            port: Some(port),
            ..Self::new(action, actor)
        }
    }

    pub(crate) fn document(action: Action, actor: &Actor, hash: &DocumentHash) -> Self {
        Self {
            document: Some(hash.clone()),
            ..Self::new(action, actor)
        }
    }

    /// An entry about the center as a whole.
    pub(crate) fn center(action: Action, actor: &Actor) -> Self {
        Self::new(action, actor)
    }

    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    fn new(action: Action, actor: &Actor) -> Self {
        Self {
            time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            action,
            actor: actor.clone(),
            service: None,
            id: None,
            host: None,
            port: None,
            protocol: None,
            document: None,
            reason: None,
        }
    }

    /// Writes it to the log. What others chose are fields, which are escaped there.
    pub(crate) fn log(&self, number: u64) {
        let (from, name) = match &self.actor {
            Actor::Peer { address, name } => (address.to_string(), name.as_deref()),
            Actor::Center => ("the center".to_owned(), None),
            Actor::Command => ("the command line".to_owned(), None),
        };
        macro_rules! event {
            ($level:expr) => {
                tracing::event!(
                    target: "mfhm::audit",
                    $level,
                    number,
                    service = self.service.as_deref(),
                    id = self.id.as_ref().map(InstanceId::as_str),
                    host = self.host.as_deref(),
                    port = self.port,
                    protocol = self.protocol.map(Origin::as_str),
                    document = self.document.as_ref().map(DocumentHash::as_str),
                    reason = self.reason.as_deref(),
                    from,
                    name,
                    "{}",
                    self.action
                )
            };
        }
        match self.action {
            Action::Evicted => event!(tracing::Level::WARN),
            _ => event!(tracing::Level::INFO),
        }
    }
}

impl Numbered {
    /// What is no entry is one without fields.
    pub(crate) fn read(number: u64, json: &[u8]) -> Self {
        let entry = serde_json::from_slice(json).unwrap_or_default();
        Self { number, entry }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registered => "registered",
            Self::Updated => "updated",
            Self::Replaced => "replaced",
            Self::Removed => "left",
            Self::Drained => "draining",
            Self::Evicted => "deleted",
            Self::Imported => "imported",
            Self::DocumentKept => "kept a document",
            Self::DocumentDropped => "dropped a document that no instance has",
            Self::Exported => "exported",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;

    #[test]
    fn an_entry_says_who_did_what_from_where_and_no_secret() {
        let record = Record {
            key: Some(Key::new("a secret")),
            metadata: [("password".to_owned(), "a secret".to_owned())].into(),
            ..Record::sample(Origin::V1, "users", "a", 7)
        };
        let actor = Actor::peer("::ffff:10.1.2.3".parse().unwrap());
        let entry = Entry::instance(Action::Replaced, &actor, &record).because("by b");
        let mut json = serde_json::to_value(&entry).unwrap();
        let time = json["time"].take();
        assert!(humantime::parse_rfc3339(time.as_str().unwrap()).is_ok());
        let expected = serde_json::json!({
            "time": null, "action": "replaced", "actor": {"kind": "peer", "address": "10.1.2.3"},
            "service": "users", "id": "a", "host": "127.0.0.1", "port": 7, "protocol": "v1",
            "reason": "by b",
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn what_a_later_version_wrote_is_passed_on() {
        let read = Numbered::read(3, br#"{"action":"sealed","by":{"x":1}}"#);
        let shown = serde_json::to_value(&read).unwrap();
        let expected = serde_json::json!({"number": 3, "action": "sealed", "by": {"x": 1}});
        assert_eq!(shown, expected);
        assert!(Numbered::read(4, b"\xff").entry.is_empty());
    }
}
