//! [`Offers`]: which operations an instance answers, asked once for each attempt.
//!
//! A call brings the number of its method and path, made at compile time, and
//! looks for it among the sorted numbers of the instance. Only an operation that
//! is not found there is compared with the instance's paths one by one: a wider
//! one, such as `/files/{*rest}`, answers it too.

use super::endpoint::{Endpoint, EndpointSet};
use crate::contract::{Operation, shape};
use crate::wire::v1::OperationEntry;

/// So many instances are described in a fault, and so many operations of each.
const INSTANCES: usize = 4;
const NAMES: usize = 8;
/// Longer texts of peers are cut.
const TEXT: usize = 80;

/// What an instance offers.
#[derive(Debug)]
pub(crate) struct Offers {
    /// Absent: nothing is known, so everything is assumed.
    keys: Option<Box<[u64]>>,
}

impl Offers {
    pub(crate) fn new(operations: &[OperationEntry]) -> Self {
        // Every service lists its ping. One that lists nothing else does not say
        // what it offers: it may be a Python service, or registered by hand.
        let is_silent = operations.iter().all(|entry| entry.path == "/ping");
        let keys = (!is_silent).then(|| {
            let pairs = operations
                .iter()
                .flat_map(|entry| entry.methods.iter().map(move |method| (method, entry)));
            let mut keys: Vec<u64> = pairs
                .map(|(method, entry)| shape::key(method, &entry.path))
                .collect();
            keys.sort_unstable();
            keys.into()
        });
        Self { keys }
    }

    /// Whether the instance with these operations answers `operation`.
    pub(crate) fn include(&self, operations: &[OperationEntry], operation: &Operation) -> bool {
        let Some(keys) = &self.keys else {
            return true;
        };
        keys.binary_search(&operation.key()).is_ok()
            || operations
                .iter()
                .any(|entry| answers(entry, operation.method(), operation.path()))
    }
}

fn answers(entry: &OperationEntry, method: &str, path: &str) -> bool {
    let takes = |method: &str| {
        let mut methods = entry.methods.iter();
        methods.any(|offered| offered.eq_ignore_ascii_case(method))
    };
    // Whoever serves GET serves HEAD: RFC 9110, section 9.1.
    (takes(method) || (method == "HEAD" && takes("GET"))) && shape::covers(&entry.path, path)
}

/// Why a call of `operation` has nowhere to go: which instances there are, what
/// they offer that comes near, and what to do.
pub(crate) fn explain(service: &str, operation: &Operation, set: &EndpointSet) -> String {
    let wanted = format!(
        "`{}` ({} {})",
        operation.name(),
        operation.method(),
        operation.path()
    );
    let instances = list(set.endpoints.iter(), INSTANCES, "; ", |endpoint| {
        describe(endpoint, operation)
    });
    let (count, noun, none) = match set.endpoints.len() {
        1 => (1, "instance", "it does not offer"),
        count => (count, "instances", "none offers"),
    };
    format!(
        "{service} has {count} {noun}: {instances}; {none} {wanted}: start an instance whose \
         contract has it, or call what is offered"
    )
}

fn describe(endpoint: &Endpoint, operation: &Operation) -> String {
    let mut entries: Vec<&OperationEntry> = endpoint.operations.iter().collect();
    entries.sort_by_key(|entry| (distance(entry, operation), entry.name.clone()));
    let offered = list(entries.into_iter(), NAMES, ", ", |entry| {
        // The same name or the same path: what differs is worth telling.
        if distance(entry, operation) < FAR {
            let methods = entry.methods.join("|");
            format!("{} ({methods} {})", cut(&entry.name), cut(&entry.path))
        } else {
            cut(&entry.name).to_owned()
        }
    });
    let version = match &endpoint.version {
        Some(version) => format!(" (v{})", cut(version)),
        None => String::new(),
    };
    format!(
        "{}:{}{version} offers {offered}",
        endpoint.host, endpoint.port
    )
}

const FAR: usize = 2;

/// How far an offered operation is from the one that is asked for.
fn distance(entry: &OperationEntry, operation: &Operation) -> usize {
    if entry.name == operation.name() {
        0
    } else if shape::key("", &entry.path) == shape::key("", operation.path()) {
        1
    } else {
        let mut pairs = entry.name.bytes().zip(operation.name().bytes());
        let common = pairs.position(|(a, b)| a != b);
        let common = common.unwrap_or(entry.name.len().min(operation.name().len()));
        FAR + operation.name().len().saturating_sub(common)
    }
}

/// The first `most` of these, and how many there are beside.
fn list<T>(
    all: impl ExactSizeIterator<Item = T>,
    most: usize,
    separator: &str,
    text: impl Fn(T) -> String,
) -> String {
    let rest = all.len().saturating_sub(most);
    let mut texts: Vec<String> = all.take(most).map(text).collect();
    if rest > 0 {
        texts.push(format!("and {rest} more"));
    }
    texts.join(separator)
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT)]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::instance::InstanceId;

    fn entry(name: &str, methods: &[&str], path: &str) -> OperationEntry {
        OperationEntry {
            name: name.to_owned(),
            path: path.to_owned(),
            methods: methods.iter().map(|&m| m.to_owned()).collect(),
            fingerprint: None,
        }
    }

    fn ping() -> OperationEntry {
        entry("ping", &["GET"], "/ping")
    }

    fn endpoint(port: u16, operations: Vec<OperationEntry>) -> Endpoint {
        let id = InstanceId::from_random(port.into());
        Endpoint::new(id, "127.0.0.1".to_owned(), port, None, operations)
    }

    static CREATE: Operation = Operation::new("create", "POST", "/v1/users");

    #[test]
    fn an_operation_is_known_by_its_method_and_path() {
        let offers = |operations: &[OperationEntry], operation: &Operation| {
            Offers::new(operations).include(operations, operation)
        };
        for (operations, is_offered) in [
            (vec![entry("create", &["POST"], "/v1/users")], true),
            (vec![entry("other", &["GET", "post"], "/v1/users")], true),
            (vec![entry("any", &["POST"], "/v1/{*rest}")], true),
            (vec![entry("any", &["POST"], "/v1/{what}"), ping()], true),
            (vec![entry("create", &["PUT"], "/v1/users")], false),
            (vec![entry("create", &["POST"], "/v2/users")], false),
            (vec![entry("any", &["GET"], "/v1/{*rest}"), ping()], false),
        ] {
            assert_eq!(offers(&operations, &CREATE), is_offered, "{operations:?}");
        }
        let head = Operation::new("head", "HEAD", "/v1/users");
        assert!(offers(&[entry("list", &["GET"], "/v1/users")], &head));
        assert!(!offers(&[entry("list", &["POST"], "/v1/users")], &head));
    }

    #[test]
    fn who_lists_nothing_is_assumed_to_offer_everything() {
        for operations in [vec![], vec![ping()]] {
            assert!(Offers::new(&operations).include(&operations, &CREATE));
        }
    }

    fn explained(endpoints: Vec<Endpoint>) -> String {
        let endpoints = endpoints.into_iter().map(Arc::new).collect();
        explain("users", &CREATE, &EndpointSet::new(endpoints))
    }

    #[test]
    fn the_fault_names_instances_versions_and_what_comes_near() {
        let old = || {
            vec![
                ping(),
                entry("user", &["GET"], "/v1/users/{id}"),
                entry("list", &["GET"], "/v1/users"),
            ]
        };
        let mut first = endpoint(30176, old());
        first.version = Some("0.1.0".to_owned());
        assert_eq!(
            explained(vec![first, endpoint(30177, old())]),
            "users has 2 instances: 127.0.0.1:30176 (v0.1.0) offers list (GET /v1/users), ping, \
             user; 127.0.0.1:30177 offers list (GET /v1/users), ping, user; none offers `create` \
             (POST /v1/users): start an instance whose contract has it, or call what is offered"
        );
    }

    #[test]
    fn the_fault_is_of_bounded_length() {
        let many = || {
            let names = (0..500).map(|n| format!("{}{n}", "ü".repeat(400)));
            let operations = names.map(|name| entry(&name, &["GET"], &name));
            operations.collect::<Vec<_>>()
        };
        let text = explained((1..=200).map(|port| endpoint(port, many())).collect());
        assert!(text.len() < 6000, "{}", text.len());
        assert!(text.contains("and 196 more") && text.contains("and 492 more"));
        assert!(text.contains("none offers `create`"));
    }
}
