//! A request made from the fuzzer's bytes: mostly one that comes near to an
//! operation, sometimes anything.

use arbitrary::Arbitrary;
use axum::body::{Body, Bytes};
use http::{HeaderName, HeaderValue, Method, Request, Uri};

use crate::service::{Declared, OPERATIONS};

/// What the fuzzer chooses.
#[derive(Arbitrary, Debug)]
pub struct Shape<'a> {
    operation: u8,
    method: Option<&'a str>,
    target: Target<'a>,
    headers: Vec<Header<'a>>,
    content_type: ContentType<'a>,
    body: Payload<'a>,
}

#[derive(Arbitrary, Debug)]
enum Target<'a> {
    /// The operation's path with these texts in place of its placeholders.
    Near {
        segments: [Text<'a>; 3],
        query: Vec<Pair<'a>>,
    },
    Any(&'a [u8]),
}

/// A text as it is written in a URL or in a form.
#[derive(Arbitrary, Debug)]
enum Text<'a> {
    Plain(u8),
    Raw(&'a str),
    /// Percent-encoded, so that any byte gets through.
    Encoded(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
struct Pair<'a> {
    /// Which of the operation's names, or another.
    name: u8,
    other: Option<Text<'a>>,
    value: Text<'a>,
}

#[derive(Arbitrary, Debug)]
enum Header<'a> {
    Named(u8, HeaderText<'a>),
    Cookies(Vec<(u8, HeaderText<'a>)>),
    Any(&'a str, HeaderText<'a>),
}

#[derive(Arbitrary, Debug)]
enum HeaderText<'a> {
    Plain(u8),
    Raw(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum ContentType<'a> {
    Right,
    None,
    Any(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Payload<'a> {
    None,
    Raw(&'a [u8]),
    Pairs(Vec<Pair<'a>>),
    Json(Json<'a>),
    /// `times` of the same text, such as brackets.
    Repeated(u8, u16),
    Chunks(Vec<&'a [u8]>),
    /// A form with files; whether its last boundary is there.
    Parts(Vec<Part<'a>>, bool),
}

/// A part of a form with files.
#[derive(Arbitrary, Debug)]
struct Part<'a> {
    name: u8,
    file_name: Option<Text<'a>>,
    header: Option<&'a [u8]>,
    content: &'a [u8],
}

#[derive(Arbitrary, Debug)]
enum Json<'a> {
    Null,
    Flag(bool),
    Integer(i64),
    Float(f64),
    Text(&'a str),
    List(Vec<Json<'a>>),
    /// Names of the tree's fields, or others.
    Object(Vec<(u8, Json<'a>)>),
    Other(Vec<(&'a str, Json<'a>)>),
}

/// Texts that mean something to some type.
const PLAIN: [&str; 24] = [
    "",
    "0",
    "7",
    "255",
    "256",
    "-1",
    "65536",
    "1e400",
    "NaN",
    "-inf",
    "true",
    "false",
    "blue",
    "dark-red",
    "a",
    "ä",
    "..",
    ".",
    "%",
    "%zz",
    "%ff",
    "%00",
    "127.0.0.1",
    "+7",
];
const HEADERS: [&str; 5] = ["x-one", "x-maybe", "x-list", "cookie", "content-length"];
/// What a part's name begins with decides how it is read.
const PARTS: [&str; 6] = ["text", "bytes", "chunks", "skipped", "", "t%22"];
const COOKIES: [&str; 4] = ["sid", "count", "Sid", ""];
const MEMBERS: [&str; 9] = [
    "name", "number", "children", "colour", "weights", "shape", "kind", "radius", "other",
];

/// The request and the operation that it was made for; `None` when no HTTP
/// parser would have let it through.
pub fn build(shape: &Shape<'_>) -> Option<(Request<Body>, Option<&'static Declared>)> {
    let declared = &OPERATIONS[usize::from(shape.operation) % OPERATIONS.len()];
    let method = match shape.method {
        Some(method) => Method::from_bytes(method.as_bytes()).ok()?,
        None => Method::from_bytes(declared.method.as_bytes()).ok()?,
    };
    let (target, aimed) = match &shape.target {
        Target::Near { segments, query } => {
            let mut target = Vec::new();
            for (index, part) in declared.path.split("{}").enumerate() {
                if index > 0 {
                    segments[index - 1].write(&mut target);
                }
                target.extend_from_slice(part.as_bytes());
            }
            if !query.is_empty() {
                target.push(b'?');
                pairs(query, declared, &mut target);
            }
            (target, Some(declared))
        }
        Target::Any(target) => (target.to_vec(), None),
    };
    let uri = Uri::try_from(target).ok()?;
    let mut request = Request::new(Body::empty());
    // A text may hold `/` or `?`: then it is some other operation's path.
    let is_aimed = method.as_str() == declared.method
        && uri.path().split('/').count() == declared.path.split('/').count();
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    for header in &shape.headers {
        let (name, value) = match header {
            Header::Named(name, text) => (
                HeaderName::from_static(HEADERS[usize::from(*name) % HEADERS.len()]),
                text.bytes(),
            ),
            Header::Any(name, text) => {
                (HeaderName::from_bytes(name.as_bytes()).ok()?, text.bytes())
            }
            Header::Cookies(cookies) => {
                let mut value = Vec::new();
                for (name, text) in cookies {
                    value.extend_from_slice(COOKIES[usize::from(*name) % COOKIES.len()].as_bytes());
                    value.push(b'=');
                    value.extend_from_slice(&text.bytes());
                    value.extend_from_slice(b"; ");
                }
                (http::header::COOKIE, value)
            }
        };
        let value = HeaderValue::from_bytes(&value).ok()?;
        request.headers_mut().try_append(name, value).ok()?;
    }
    let is_form = declared.path == "/form";
    let content_type = match &shape.content_type {
        ContentType::Right if declared.path.ends_with("upload") => {
            Some(&b"multipart/form-data; boundary=X"[..])
        }
        ContentType::Right if is_form => Some(&b"application/x-www-form-urlencoded"[..]),
        ContentType::Right => Some(&b"application/json"[..]),
        ContentType::None => None,
        ContentType::Any(text) => Some(*text),
    };
    if let Some(text) = content_type {
        let value = HeaderValue::from_bytes(text).ok()?;
        request.headers_mut().insert("content-type", value);
    }
    *request.body_mut() = body(&shape.body, declared);
    Some((request, aimed.filter(|_| is_aimed)))
}

fn body(payload: &Payload<'_>, declared: &Declared) -> Body {
    match payload {
        Payload::None => Body::empty(),
        Payload::Raw(bytes) => Body::from(bytes.to_vec()),
        Payload::Pairs(list) => {
            let mut text = Vec::new();
            pairs(list, declared, &mut text);
            Body::from(text)
        }
        Payload::Json(json) => {
            let mut text = String::new();
            json.write(&mut text);
            Body::from(text)
        }
        Payload::Repeated(what, times) => {
            let what =
                ["[", "{\"children\":[", "name=a&", "\"", "\u{0}", "é"][usize::from(*what) % 6];
            Body::from(what.repeat(usize::from(*times)))
        }
        Payload::Parts(parts, is_whole) => {
            let mut bytes = Vec::new();
            for part in parts {
                part.write(&mut bytes);
            }
            if *is_whole {
                bytes.extend_from_slice(b"--X--\r\n");
            }
            Body::from(bytes)
        }
        Payload::Chunks(chunks) => {
            let chunks: Vec<_> = chunks
                .iter()
                .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
                .collect();
            Body::from_stream(futures_util::stream::iter(chunks))
        }
    }
}

fn pairs(list: &[Pair<'_>], declared: &Declared, into: &mut Vec<u8>) {
    for pair in list {
        match &pair.other {
            Some(name) => name.write(into),
            None => {
                let name = declared.names[usize::from(pair.name) % declared.names.len()];
                into.extend_from_slice(name.as_bytes());
            }
        }
        into.push(b'=');
        pair.value.write(into);
        into.push(b'&');
    }
}

impl Part<'_> {
    fn write(&self, into: &mut Vec<u8>) {
        let name = PARTS[usize::from(self.name) % PARTS.len()];
        let head = format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"");
        into.extend_from_slice(head.as_bytes());
        if let Some(file_name) = &self.file_name {
            into.extend_from_slice(b"; filename=\"");
            file_name.write(into);
            into.push(b'"');
        }
        if let Some(header) = self.header {
            into.extend_from_slice(b"\r\n");
            into.extend_from_slice(header);
        }
        into.extend_from_slice(b"\r\n\r\n");
        into.extend_from_slice(self.content);
        into.extend_from_slice(b"\r\n");
    }
}

impl Text<'_> {
    fn write(&self, into: &mut Vec<u8>) {
        match self {
            Self::Plain(index) => {
                into.extend_from_slice(PLAIN[usize::from(*index) % PLAIN.len()].as_bytes());
            }
            Self::Raw(text) => into.extend_from_slice(text.as_bytes()),
            Self::Encoded(bytes) => {
                for byte in *bytes {
                    into.extend_from_slice(format!("%{byte:02x}").as_bytes());
                }
            }
        }
    }
}

impl HeaderText<'_> {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Plain(index) => PLAIN[usize::from(*index) % PLAIN.len()].into(),
            Self::Raw(bytes) => bytes.to_vec(),
        }
    }
}

impl Json<'_> {
    fn write(&self, into: &mut String) {
        match self {
            Self::Null => into.push_str("null"),
            Self::Flag(flag) => into.push_str(&flag.to_string()),
            Self::Integer(number) => into.push_str(&number.to_string()),
            // What is no number in JSON is written all the same.
            Self::Float(number) => into.push_str(&number.to_string()),
            Self::Text(text) => into.push_str(&serde_json::Value::from(*text).to_string()),
            Self::List(list) => {
                into.push('[');
                for (index, value) in list.iter().enumerate() {
                    if index > 0 {
                        into.push(',');
                    }
                    value.write(into);
                }
                into.push(']');
            }
            Self::Object(members) => {
                let named = members
                    .iter()
                    .map(|(name, value)| (MEMBERS[usize::from(*name) % MEMBERS.len()], value));
                object(named, into);
            }
            Self::Other(members) => {
                object(members.iter().map(|(name, value)| (*name, value)), into);
            }
        }
    }
}

fn object<'a>(members: impl Iterator<Item = (&'a str, &'a Json<'a>)>, into: &mut String) {
    into.push('{');
    for (index, (name, value)) in members.enumerate() {
        if index > 0 {
            into.push(',');
        }
        into.push_str(&serde_json::Value::from(name).to_string());
        into.push(':');
        value.write(into);
    }
    into.push('}');
}
