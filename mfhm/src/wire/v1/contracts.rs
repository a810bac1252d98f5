//! What v1 says about contracts: documents, who uses what, and whether a change
//! breaks somebody.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::instance::InstanceId;

/// Header of a read of `/v1/services/{name}`, and of a watch of one service, in which
/// a caller tells what it uses of the service: a [`CallerReport`] as JSON.
pub(crate) const HEADER_CALLER: &str = "mfhm-caller";

/// Code of the refusal of a registration whose document the center does not have.
pub(crate) const DOCUMENT_MISSING: &str = "mfhm.document_missing";

/// The largest document that a center keeps, in bytes.
pub(crate) const MAX_DOCUMENT: usize = 1 << 20;

/// More operations than this are not told.
const MAX_OPERATIONS: usize = 256;
/// Nor is what makes the header longer than this, in bytes.
const MAX_HEADER: usize = 16 * 1024;
/// The longest name of an operation, in characters.
const MAX_NAME: usize = 500;

/// Names a document by its content: the SHA-256 of its bytes, as 64 hexadecimal
/// digits in lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct DocumentHash(std::sync::Arc<str>);

impl DocumentHash {
    /// The name of a document with these bytes.
    #[cfg(any(feature = "openapi", feature = "center"))]
    pub(crate) fn of(document: &[u8]) -> Self {
        use sha2::{Digest as _, Sha256};
        let digest = Sha256::digest(document);
        let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Text that is no [`DocumentHash`].
#[derive(Debug)]
pub(crate) struct NoHash;

impl FromStr for DocumentHash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match text.len() == 64 && text.bytes().all(is_digit) {
            true => Ok(Self(text.into())),
            false => Err(NoHash),
        }
    }
}

impl TryFrom<String> for DocumentHash {
    type Error = NoHash;

    fn try_from(text: String) -> Result<Self, NoHash> {
        text.parse()
    }
}

impl From<DocumentHash> for String {
    fn from(hash: DocumentHash) -> Self {
        hash.as_str().to_owned()
    }
}

impl fmt::Display for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hash is a SHA-256 as 64 hexadecimal digits in lower case")
    }
}

/// What a process uses of one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallerReport {
    /// Chosen by the process; the same id again replaces what it said before.
    pub id: InstanceId,
    /// The instances that this process runs itself, which give it a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceId>,
    /// What it has called.
    #[serde(default)]
    pub operations: Vec<UsedOperation>,
}

/// An operation as its caller knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct UsedOperation {
    pub name: String,
    /// Absent when it is called by its name alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Of the contract that the caller was compiled with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl CallerReport {
    /// A process that has called nothing so far.
    pub(crate) fn new(id: InstanceId, instances: Vec<InstanceId>) -> Self {
        Self {
            id,
            instances,
            operations: Vec::new(),
        }
    }

    /// The report as a header's value: JSON in ASCII, cut where it gets too long.
    pub(crate) fn to_header(&self) -> String {
        let mut report = self.clone();
        report.operations.retain(UsedOperation::can_be_told);
        report.operations.truncate(MAX_OPERATIONS);
        loop {
            let text = ascii_json(&report);
            if text.len() <= MAX_HEADER || report.operations.is_empty() {
                return text;
            }
            let fewer = report.operations.len() / 2;
            report.operations.truncate(fewer);
        }
    }

    /// Reads a header's value. Absent: it is none, too long, or holds what no
    /// operation is called.
    pub(crate) fn from_header(value: &[u8]) -> Option<Self> {
        if value.len() > MAX_HEADER {
            return None;
        }
        let report: Self = serde_json::from_slice(value).ok()?;
        let is_fit = report.operations.len() <= MAX_OPERATIONS
            && report.operations.iter().all(UsedOperation::can_be_told);
        is_fit.then_some(report)
    }
}

impl UsedOperation {
    /// Reports come from strangers, and what they say gets into logs.
    fn can_be_told(&self) -> bool {
        let Self {
            name,
            method,
            path,
            fingerprint,
        } = self;
        let texts = [method, path, fingerprint].into_iter().flatten();
        let has_control = |text: &String| text.chars().any(char::is_control);
        name.chars().count() <= MAX_NAME && !texts.chain([name]).any(has_control)
    }
}

/// Headers hold ASCII; JSON can say everything in it.
fn ascii_json(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, ' '..='~') {
            text.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

/// An operation that live callers use and that a new contract breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Break {
    pub operation: String,
    /// Who calls it: names of services, or addresses.
    pub callers: Vec<String>,
    /// What changed, and why that matters.
    pub reasons: Vec<String>,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            callers,
            reasons,
        } = self;
        let (callers, reasons) = (callers.join(", "), reasons.join("; "));
        let operation = OneLine(operation);
        let (callers, reasons) = (OneLine(&callers), OneLine(&reasons));
        write!(f, "`{operation}`, which {callers} use: {reasons}")
    }
}

/// Text of others, with escapes for all that could forge or hide lines of a log.
/// Quotes stay as they are.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '"' | '\'' => f.write_char(character),
            _ => write!(f, "{}", character.escape_debug()),
        })
    }
}

/// Answer of `GET /v1/services/{name}/callers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServiceCallers {
    pub service: String,
    /// Those who asked for the service within the last half minute.
    pub callers: Vec<CallerView>,
}

/// One caller of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallerView {
    /// The service that it is an instance of, or else its address.
    pub name: String,
    /// Where it asked from.
    pub address: String,
    pub operations: Vec<UsedOperation>,
}

/// Answer of `GET /v1/services/{name}/compatibility`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Compatibility {
    pub service: String,
    /// `warn` or `refuse`.
    pub policy: String,
    /// On the last registration that was compared. Absent: none was so far.
    pub verdict: Option<VerdictView>,
}

/// What was found about a registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VerdictView {
    /// The instance that registered.
    pub instance: InstanceId,
    /// Where it listens.
    pub address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it was registered in spite of what it breaks.
    pub registered: bool,
    /// How long ago that was, in milliseconds.
    pub age_ms: u64,
    /// What live callers use and the instance breaks; empty is compatible.
    pub breaks: Vec<Break>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(name: &str) -> UsedOperation {
        UsedOperation {
            name: name.to_owned(),
            method: None,
            path: None,
            fingerprint: None,
        }
    }

    fn report(operations: Vec<UsedOperation>) -> CallerReport {
        CallerReport {
            operations,
            ..CallerReport::new("c1".parse().unwrap(), vec!["i1".parse().unwrap()])
        }
    }

    #[test]
    fn a_report_travels_in_a_header() {
        let report = report(vec![used("größe"), used("\u{1f600} \"x\"")]);
        let header = report.to_header();
        assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        assert_eq!(CallerReport::from_header(header.as_bytes()), Some(report));
    }

    #[test]
    fn a_long_report_is_cut() {
        for name in ["x", &"ü".repeat(400)] {
            let header = report(vec![used(name); 1000]).to_header();
            assert!(header.len() <= MAX_HEADER);
            let read = CallerReport::from_header(header.as_bytes()).unwrap();
            assert!(!read.operations.is_empty() && read.operations.len() <= MAX_OPERATIONS);
        }
    }

    #[test]
    fn what_is_no_report_is_none() {
        let long = format!("{{\"id\":\"a\"}}{}", " ".repeat(MAX_HEADER));
        for value in ["", "{}", "[]", "x", "{\"id\":\"a b\"}", &long] {
            assert_eq!(CallerReport::from_header(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn names_that_no_operation_has_are_neither_told_nor_believed() {
        let long = "x".repeat(501);
        for name in ["a\nb", "\u{1b}[2J", "\u{7f}", "\u{85}", &long] {
            let named = report(vec![used("user"), used(name)]);
            let header = ascii_json(&named);
            assert_eq!(
                CallerReport::from_header(header.as_bytes()),
                None,
                "{name:?}"
            );
            let told = CallerReport::from_header(named.to_header().as_bytes());
            assert_eq!(told, Some(report(vec![used("user")])), "{name:?}");
            let mut elsewhere = used("user");
            elsewhere.path = Some("/a\r\nb".to_owned());
            let header = ascii_json(&report(vec![elsewhere]));
            assert_eq!(CallerReport::from_header(header.as_bytes()), None);
        }
        let longest = report(vec![used(&long[1..])]);
        let read = CallerReport::from_header(longest.to_header().as_bytes());
        assert_eq!(read, Some(longest));
    }

    #[test]
    fn a_break_is_one_line_of_a_log() {
        let broken = Break {
            operation: "a\nERROR forged".to_owned(),
            callers: vec!["\u{1b}[31morders".to_owned()],
            reasons: vec!["\"id\" is \u{202e}gone\r".to_owned()],
        };
        assert_eq!(
            broken.to_string(),
            "`a\\nERROR forged`, which \\u{1b}[31morders use: \"id\" is \\u{202e}gone\\r"
        );
    }

    #[test]
    fn a_hash_is_64_digits_in_lower_case() {
        let hash = "0123456789abcdef".repeat(4);
        assert_eq!(hash.parse::<DocumentHash>().unwrap().as_str(), hash);
        for text in ["", "0", &hash.to_uppercase(), &hash[1..], &"ü".repeat(32)] {
            assert!(text.parse::<DocumentHash>().is_err(), "{text}");
        }
    }

    #[test]
    #[cfg(any(feature = "openapi", feature = "center"))]
    fn a_document_is_named_by_its_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(DocumentHash::of(b"").as_str(), empty);
    }
}
