//! The decoders of a caller and of a registering service, for the fuzz targets.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use tokio::time::Instant;

use super::endpoint::EndpointSet;
use super::identity::{Identities, Identity};
use super::propagation::Propagation;
use super::retry::Before;
use super::source::center::Centers;
use super::source::{Source as _, picture_of};
use super::transport::{Address, Opened};
use super::uses::Uses;
use super::{caller, saved as lists};
use crate::fuzzing::same;
use crate::key::Key;
use crate::link::{Credentials, Link};
use crate::returned::Returned as _;
use crate::settings::directory::Directory;
use crate::settings::listing::{Listed, ListedAddress, Listing};
use crate::stream::events::parse::{Parser, RawEvent};
use crate::stream::{ByteStream, Lines};
use crate::tls::Secured;
use crate::wire::problem::Problem;
use crate::wire::v1::{self, CallerReport};
use crate::wire::{deadline, overload, python, trace};

/// Asks centers, whose connections are scripted ([`script`](crate::fuzzing::script)),
/// one of the questions that callers and services ask, and uses what they say.
///
/// # Panics
///
/// When an answer makes something that cannot be, or has somebody ask on without a
/// pause.
pub async fn ask_center(question: u8) {
    let credentials = Credentials {
        key: None,
        token: Some(Key::new("a token")),
    };
    let link = Link::new(&credentials, &Secured::default()).expect("the token is one");
    let urls = ["http://a:1".to_owned(), "http://b:1".to_owned()];
    match question % 6 {
        0 => {
            let centers = Centers::new(&urls, link, Vec::new()).in_zone(Some("z".to_owned()));
            let (known, uses) = (EndpointSet::default(), Uses::default());
            if let Ok(list) = centers.list("users", &known, &uses).await {
                check(&known.succeed(list));
            }
        }
        1 => {
            let centers = Arc::new(Centers::new(&urls, link, Vec::new()));
            let mut watch = centers.watch("users").expect("centers are watched");
            let (mut known, uses) = (EndpointSet::default(), Uses::default());
            for turn in 0..8 {
                if let Ok(list) = watch.next(&known, &uses).await {
                    known = known.succeed(list);
                    check(&known);
                }
                if turn % 2 == 0 {
                    watch.ask();
                }
            }
        }
        2 => crate::server::fuzzing::register(link, &urls[0]).await,
        3 => {
            let from = Identities::new(&link, &urls, None).expect("there is a token");
            let identity = Identity::new(from, "users");
            let deadline = Instant::now() + Duration::from_secs(5);
            let value = identity.current(deadline).await;
            assert!(value.is_none_or(|value| value.is_sensitive()));
        }
        4 => {
            let caller = caller::Caller::builder().center(&urls[0]).without_cache();
            let caller = caller.build().expect("the settings are sound");
            let answer = caller
                .call("users", "user")
                .path_param("id", "7")
                .send()
                .await;
            if let Ok(answer) = answer {
                let _ = answer.text();
            }
        }
        _ => crate::server::fuzzing::fetch_keys(link, &urls).await,
    }
}

/// What can be called has an address, and what can be saved is read again.
fn check(set: &EndpointSet) {
    for endpoint in &set.endpoints {
        let Some(authority) = endpoint.address.authority() else {
            continue;
        };
        assert!(!authority.as_str().contains(['/', '@', '?', '#', ' ']));
        assert!(
            endpoint
                .address
                .uri(&"/".parse().expect("a path"))
                .is_some()
        );
        let key = endpoint.key.as_ref();
        assert!(key.is_none_or(HeaderValue::is_sensitive));
    }
    lists::check_files(set);
}

/// The bodies that centers answer with, and what they say on event streams.
///
/// # Panics
///
/// When what was read is written as something else.
pub fn answer_body(bytes: &[u8]) {
    same::<v1::Register>(bytes);
    same::<v1::Registered>(bytes);
    same::<v1::ServiceView>(bytes);
    same::<v1::ServiceList>(bytes);
    same::<v1::ServiceCallers>(bytes);
    same::<v1::Compatibility>(bytes);
    same::<v1::watch::Snapshot>(bytes);
    same::<v1::watch::Upsert>(bytes);
    same::<v1::watch::Removal>(bytes);
    same::<v1::hold::Drained>(bytes);
    same::<v1::hold::Reported>(bytes);
    same::<v1::identity::WhoAmI>(bytes);
    same::<v1::identity::Asserted>(bytes);
    if let Ok(mut problem) = serde_json::from_slice::<Problem>(bytes) {
        // Its numbers are anybody's, and the last bit of one may be another.
        problem.data.clear();
        same::<Problem>(&serde_json::to_vec(&problem).expect("a problem is written"));
    }
    python::decode_code(bytes);
    if let Some(found) = python::decode_found_service(bytes) {
        let methods: Vec<_> = found.methods.iter().map(|(_, method)| method).collect();
        for method in methods {
            python::from_python_template(&method.path);
        }
        Address::of(&found.host, found.port, false);
    }
}

/// An event stream and a stream of lines, of which the cuts mean nothing, and the
/// instances that the events tell.
///
/// # Panics
///
/// When the cuts mean something, or events come back as others.
pub fn event_stream(bytes: &[u8], cut: usize) {
    let (events, is_whole) = parse(bytes, bytes.len());
    assert_eq!(
        parse(bytes, cut),
        (events.clone(), is_whole),
        "cuts of {cut}"
    );
    let mut text = String::new();
    for event in &events {
        write(event, &mut text);
    }
    assert_eq!(parse(text.as_bytes(), cut), (events.clone(), true));
    picture_of("users", &events);
    assert_eq!(lines(bytes, bytes.len()), lines(bytes, cut));
}

fn parse(bytes: &[u8], cut: usize) -> (Vec<RawEvent>, bool) {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for chunk in bytes.chunks(cut.max(1)) {
        parser.push(chunk);
        loop {
            match parser.next() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(_) => return (events, false),
            }
        }
    }
    (events, true)
}

fn write(event: &RawEvent, into: &mut String) {
    let RawEvent {
        id,
        event,
        data,
        retry,
    } = event;
    for (name, value) in [("id", id), ("event", event)] {
        if let Some(value) = value {
            let _ = writeln!(into, "{name}: {value}");
        }
    }
    if let Some(retry) = retry {
        let _ = writeln!(into, "retry: {}", retry.as_millis());
    }
    for line in data.split('\n') {
        let _ = writeln!(into, "data: {line}");
    }
    into.push('\n');
}

/// The values of an answer of lines, and whether it ended well.
fn lines(bytes: &[u8], cut: usize) -> (Vec<Value>, bool) {
    let chunks: Vec<_> = bytes
        .chunks(cut.max(1))
        .map(Bytes::copy_from_slice)
        .collect();
    let opened = Opened {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: ByteStream::new(futures_util::stream::iter(chunks)),
        before: Before::default(),
        call: ("users", "all"),
        again: None,
    };
    let Ok(mut lines) = Lines::<Value>::open(opened) else {
        return (Vec::new(), false);
    };
    let mut values = Vec::new();
    // Everything is there, so nothing is waited for.
    while let Some(value) = lines.next().now_or_never().expect("all of it is there") {
        match value {
            Ok(value) => values.push(value),
            Err(_) => return (values, false),
        }
    }
    (values, true)
}

/// The headers that are read from requests and answers.
///
/// # Panics
///
/// When a value comes back as another, or a header goes on that should not.
pub fn headers(headers: &HeaderMap) {
    trace::parent(headers);
    let mut lent = HeaderMap::new();
    Propagation::Usual.lend(headers, &mut lent, &[]);
    for name in lent.keys() {
        assert!([trace::TRACEPARENT, trace::TRACESTATE, trace::BAGGAGE].contains(name));
        assert!(lent.get_all(name).iter().eq(headers.get_all(name)));
    }
    if lent.contains_key(trace::TRACESTATE) {
        assert!(lent.contains_key(trace::TRACEPARENT));
    }
    let length = |name: HeaderName| -> usize {
        let values = lent.get_all(name);
        values.iter().map(HeaderValue::len).sum()
    };
    assert!(length(trace::TRACEPARENT) <= 512);
    assert!(length(trace::TRACESTATE) <= 512);
    assert!(length(trace::BAGGAGE) <= 8192);
    overload::retry_after(headers);
    overload::is_not_run(headers);
    for value in headers.values() {
        if let Some(left) = deadline::decode(value) {
            let again = deadline::encode(left).expect("what is read can be sent");
            assert_eq!(deadline::decode(&again), Some(left));
        }
        if let Some(report) = CallerReport::from_header(value.as_bytes()) {
            let text = report.to_header();
            assert!(HeaderValue::from_str(&text).is_ok());
            let again = CallerReport::from_header(text.as_bytes());
            let again = again.expect("what was written is read");
            assert_eq!(again.id, report.id);
            // What does not fit is left out.
            assert!(report.operations.starts_with(&again.operations));
        }
    }
}

/// Where services are, as settings say it.
///
/// # Panics
///
/// When it comes back as something else.
pub fn settings(text: &str) {
    let texts: Vec<&str> = text.split(',').collect();
    if let Ok(directory) = Directory::parse(&texts) {
        let texts: Vec<String> = match &directory {
            Directory::Centers(urls) => urls.clone(),
            Directory::Dns(name) => vec![name.to_string()],
            Directory::Off => vec!["off".to_owned()],
        };
        let again = Directory::parse(&texts).expect("what was said can be said again");
        assert_eq!(again, directory);
    }
    let Ok(listing) = Listing::parse(text) else {
        return;
    };
    let mut again = Listing::default();
    for (service, listed) in &listing.0 {
        let texts: Vec<String> = match listed {
            Listed::At(addresses) => {
                let text = |listed: &ListedAddress| {
                    let address = Address::of(&listed.host, listed.port, listed.is_tls);
                    assert!(address.authority().is_some(), "{listed:?}");
                    address.base().to_owned()
                };
                addresses.iter().map(text).collect()
            }
            Listed::Dns(name) => vec![name.to_string()],
        };
        let added = again.add(service, &texts);
        added.unwrap_or_else(|error| panic!("{texts:?} of {text:?}: {error}"));
    }
    assert_eq!(again, listing);
}

/// Lists that were saved on disk.
///
/// # Panics
///
/// When they come back as others.
pub fn saved(bytes: &[u8]) {
    for endpoints in lists::read_file(bytes) {
        check(&EndpointSet::default().succeed(endpoints));
    }
}
