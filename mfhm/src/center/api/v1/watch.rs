//! `GET /v1/watch`: what the watched services are like, and then what changes.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::contracts::note_caller;
use super::{Refused, event_stream, instance_view, refuse};
use crate::center::admission::Asker;
use crate::center::api::Api;
use crate::center::registry::Listed;
use crate::center::watch::{Cursor, MOST, MOST_OF_PEER, Published, Told, WatchPlace, Watcher};
use crate::wire::v1::ServiceView;
use crate::wire::v1::watch::{MOST_SERVICES, REMOVE, Removal, SNAPSHOT, Snapshot, UPSERT, Upsert};

/// A comment says that the stream is still there when nothing else was said for
/// so long.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// In characters, as of the services that register here.
const NAME_LIMIT: usize = 128;

/// The longest query, in bytes: many names, each byte of them escaped.
const QUERY_LIMIT: usize = 32 * 1024;

/// Code of the refusal of a watch for which there is no room.
pub(super) const TOO_MANY: &str = "mfhm.too_many_watches";

pub(super) fn watch(api: &Api, asker: &Asker, request: &Request) -> Result<Response, Refused> {
    let services = services(request.uri().query().unwrap_or_default())?;
    let place = api.watches.enter(asker.peer, services.len());
    let place = place.ok_or_else(|| {
        refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            TOO_MANY,
            format!(
                "as much is watched as this center keeps ({MOST_OF_PEER} services from one \
                 address, {MOST} in all): end a watch, or try again"
            ),
        )
    })?;
    // What a process says of one service it says in a watch of that one alone.
    if let [service] = services.as_slice() {
        note_caller(api, service, asker.peer, request.headers());
    }
    let last = request.headers().get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok()?.trim().parse::<Cursor>().ok());
    let frames = Frames {
        watcher: Watcher::new(api.registrar.view.clone(), services, last),
        told: Vec::new().into_iter(),
        _place: place,
    };
    let frames = futures_util::stream::unfold(frames, |mut frames| async move {
        let frame = frames.next().await?;
        Some((frame, frames))
    });
    Ok(event_stream(api, asker, frames))
}

/// What is sent to one watcher.
struct Frames {
    watcher: Watcher,
    /// Read from the journal, and not sent yet.
    told: std::vec::IntoIter<Arc<Published>>,
    _place: WatchPlace,
}

impl Frames {
    /// Absent: the watch is over.
    async fn next(&mut self) -> Option<Bytes> {
        // One by one, so that all watchers share the bytes.
        if let Some(next) = self.told.next() {
            return Some(change(&next));
        }
        let comment = Bytes::from_static(super::COMMENT);
        match tokio::time::timeout(KEEP_ALIVE, self.watcher.next()).await {
            Ok(Some(Told::Changes(changes))) => {
                self.told = changes.into_iter();
                // Who resumes and missed nothing hears that all the same.
                Some(self.told.next().map_or(comment, |first| change(&first)))
            }
            Ok(Some(Told::Snapshot {
                at,
                revision,
                services,
                is_warming,
            })) => Some(snapshot(at, revision, services, is_warming)),
            Ok(None) => None,
            Err(_) => Some(comment),
        }
    }
}

/// The services of the query, each once and in the order of their names.
fn services(query: &str) -> Result<Vec<String>, Refused> {
    let invalid = |detail: String| {
        refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "mfhm.invalid_query",
            detail,
        )
    };
    if query.len() > QUERY_LIMIT {
        return Err(invalid(format!("a query has at most {QUERY_LIMIT} bytes")));
    }
    let mut services = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name != "service" {
            continue;
        }
        let value = value.replace('+', " ");
        let service = percent_decode_str(&value).decode_utf8_lossy().into_owned();
        if service.is_empty() || service.chars().count() > NAME_LIMIT {
            return Err(invalid(format!(
                "the name of a service has 1 to {NAME_LIMIT} characters"
            )));
        }
        services.push(service);
        if services.len() > MOST_SERVICES {
            return Err(invalid(format!(
                "one request watches at most {MOST_SERVICES} services; open another one for more"
            )));
        }
    }
    if services.is_empty() {
        return Err(invalid(
            "say what to watch: /v1/watch?service=a&service=b".to_owned(),
        ));
    }
    services.sort_unstable();
    services.dedup();
    Ok(services)
}

/// A snapshot as it travels.
fn snapshot(
    at: Cursor,
    revision: u64,
    services: Vec<(String, Vec<Listed>)>,
    is_warming: bool,
) -> Bytes {
    let view = |(service, listed): (String, Vec<Listed>)| ServiceView {
        service,
        revision,
        instances: listed.iter().map(instance_view).collect(),
    };
    let snapshot = Snapshot {
        revision,
        services: services.into_iter().map(view).collect(),
        warming: is_warming,
    };
    frame(at, SNAPSHOT, &snapshot)
}

/// A change as it travels; written once for all watchers.
fn change(published: &Arc<Published>) -> Bytes {
    let write = || {
        let change = &published.change;
        let (service, revision) = (change.service.to_string(), published.revision);
        match &change.seen {
            Some(listed) => {
                let instance = instance_view(listed);
                let upsert = Upsert {
                    service,
                    revision,
                    instance,
                };
                frame(published.at, UPSERT, &upsert)
            }
            None => {
                let id = change.id.clone();
                let removal = Removal {
                    service,
                    revision,
                    id,
                };
                frame(published.at, REMOVE, &removal)
            }
        }
    };
    published.frame.get_or_init(write).clone()
}

fn frame(at: Cursor, event: &str, data: &impl Serialize) -> Bytes {
    // JSON of serde_json has no line breaks of its own.
    let data = serde_json::to_string(data).unwrap_or_default();
    let mut text = String::with_capacity(data.len() + 64);
    // Writing to a string does not fail.
    let _ = write!(text, "id: {at}\nevent: {event}\ndata: {data}\n\n");
    text.into()
}
