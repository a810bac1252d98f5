//! What a registration may say of itself, whoever brings it: a service, or an
//! export that is imported.

use http::Method;

use crate::center::address;
use crate::center::record::{Origin, Record};
use crate::instance::ServiceName;
use crate::key::Key;
use crate::wire::problem::InvalidParam;
use crate::wire::v1::{Address, MAX_WEIGHT, Register};

/// Longest name of an operation, longest path: as on the Python endpoints.
const NAME_LIMIT: usize = 500;
const PATH_LIMIT: usize = 10_240;
/// Longest text elsewhere.
const TEXT_LIMIT: usize = 1024;
const FINGERPRINT_LIMIT: usize = 64;
const METADATA_LIMIT: usize = 64;
/// Of a lease secret. Shorter ones can be guessed.
const SECRET_LENGTH: std::ops::RangeInclusive<usize> = 16..=256;

/// What is wrong with a v1 registration, but for its host.
pub(crate) fn check(register: &Register) -> Vec<InvalidParam> {
    let mut errors = Vec::new();
    if let Err(error) = register.service.parse::<ServiceName>() {
        errors.push(invalid("service", error.to_string()));
    }
    if register.address.port == 0 {
        errors.push(invalid(
            "address.port",
            "a port is a number from 1 to 65535",
        ));
    }
    if register.weight > MAX_WEIGHT {
        errors.push(invalid(
            "weight",
            format!("a weight is at most {MAX_WEIGHT}"),
        ));
    }
    let is_bad_version = |version: &String| version.len() > TEXT_LIMIT || !is_plain(version);
    if register.version.as_ref().is_some_and(is_bad_version) {
        errors.push(invalid(
            "version",
            format!("a version has at most {TEXT_LIMIT} bytes and no control characters"),
        ));
    }
    let is_long = |(name, value): (&String, &String)| name.len().max(value.len()) > TEXT_LIMIT;
    if register.metadata.len() > METADATA_LIMIT || register.metadata.iter().any(is_long) {
        errors.push(invalid(
            "metadata",
            format!("at most {METADATA_LIMIT} entries of at most {TEXT_LIMIT} bytes each"),
        ));
    }
    let cannot_be_sent = |key: &Key| {
        let length = key.reveal().len();
        length == 0 || length > PATH_LIMIT || key.header_value().is_err()
    };
    if register.key.as_ref().is_some_and(cannot_be_sent) {
        errors.push(invalid(
            "key",
            "a key is text that can be sent in a header, and not empty",
        ));
    }
    let is_weak = |secret: &Key| {
        !SECRET_LENGTH.contains(&secret.reveal().len()) || secret.header_value().is_err()
    };
    if register.secret.as_ref().is_some_and(is_weak) {
        errors.push(invalid(
            "secret",
            "a lease secret is 16 to 256 random characters that can be sent in a header",
        ));
    }
    let mut names = std::collections::HashSet::new();
    for (index, operation) in register.operations.iter().enumerate() {
        let mut push = |field: &str, detail: String| {
            errors.push(invalid(format!("operations[{index}].{field}"), detail));
        };
        let is_long = operation.name.chars().count() > NAME_LIMIT;
        if operation.name.is_empty() || is_long || !is_plain(&operation.name) {
            let detail = format!("a name has 1 to {NAME_LIMIT} characters, none of them a control");
            push("name", detail);
        } else if !names.insert(operation.name.as_str()) {
            push(
                "name",
                format!("there are two operations {:?}", operation.name),
            );
        }
        let is_path = operation.path.starts_with('/') && is_plain(&operation.path);
        if !is_path || operation.path.len() > PATH_LIMIT {
            push(
                "path",
                format!(
                    "a path begins with a slash, and has at most {PATH_LIMIT} bytes and no control \
                     characters"
                ),
            );
        }
        if let Some(method) = operation
            .methods
            .iter()
            .find(|m| Method::from_bytes(m.as_bytes()).is_err())
        {
            push("methods", format!("{method:?} is not an HTTP method"));
        }
        let is_long = |text: &String| text.len() > FINGERPRINT_LIMIT;
        if operation.fingerprint.as_ref().is_some_and(is_long) {
            let detail = format!("it is longer than {FINGERPRINT_LIMIT} bytes");
            push("fingerprint", detail);
        }
    }
    errors
}

/// Whether it can stand in a line of a log, and in a path.
fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// What is wrong with a record that comes from elsewhere.
pub(crate) fn check_record(record: &Record) -> Vec<InvalidParam> {
    let mut errors = match record.origin {
        Origin::V1 => check(&Register {
            service: record.service.clone(),
            id: record.id.clone(),
            address: Address {
                host: None,
                port: record.port,
                tls: false,
            },
            operations: record.operations.to_vec(),
            document: record.document.clone(),
            metadata: record.metadata.clone(),
            version: record.version.clone(),
            weight: record.weight,
            key: record.key.clone(),
            secret: None,
        }),
        Origin::Python => check_python(record),
    };
    let is_forbidden = record.host.parse().is_ok_and(address::is_forbidden);
    if is_forbidden || address::url_host(&record.host).is_none() {
        errors.push(invalid(
            "host",
            format!("{:?} is no host to call", record.host),
        ));
    }
    errors
}

/// Python's names and paths are freer.
fn check_python(record: &Record) -> Vec<InvalidParam> {
    let mut errors = Vec::new();
    if record.service.chars().count() > NAME_LIMIT {
        let detail = format!("a name has at most {NAME_LIMIT} characters");
        errors.push(invalid("service", detail));
    }
    if record.port == 0 {
        errors.push(invalid("port", "a port is a number from 1 to 65535"));
    }
    if let Some(key) = &record.key
        && key.header_value().is_err()
    {
        errors.push(invalid("key", "a key is text that can be sent in a header"));
    }
    errors
}

pub(crate) fn invalid(name: impl Into<String>, detail: impl Into<String>) -> InvalidParam {
    InvalidParam {
        name: name.into(),
        location: "body".to_owned(),
        detail: detail.into(),
    }
}
