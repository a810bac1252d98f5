//! The table: for each kind of parameter and each mistake the requests that make
//! it, and the answer.

use Expected::{Named, Taken, Unnamed};
use Kind::{Bytes, Cookie, Flat, Form, Header, Json, Path, Query, Rest, Stream, Text};
use Mistake::{
    Deep, Empty, Huge, Missing, NotUtf8, Nul, Overlong, Percent, TooLong, TooMany, Twice, WrongType,
};

/// Where a parameter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Path,
    Rest,
    Query,
    Flat,
    Header,
    Cookie,
    Form,
    Json,
    Bytes,
    Text,
    Stream,
}

pub(crate) const KINDS: [Kind; 11] = [
    Path, Rest, Query, Flat, Header, Cookie, Form, Json, Bytes, Text, Stream,
];

/// What may be wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Missing,
    Twice,
    WrongType,
    NotUtf8,
    TooLong,
    TooMany,
    Empty,
    Nul,
    /// `%` before what is no hexadecimal number.
    Percent,
    /// A character in more bytes than it needs.
    Overlong,
    /// A number that does not fit.
    Huge,
    /// 100,000 brackets.
    Deep,
}

pub(crate) const MISTAKES: [Mistake; 12] = [
    Missing, Twice, WrongType, NotUtf8, TooLong, TooMany, Empty, Nul, Percent, Overlong, Huge, Deep,
];

#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// A problem with this status, that names one parameter: where, and which.
    Named(u16, &'static str, &'static str),
    /// A refusal of the whole request.
    Unnamed(u16),
    /// No mistake for this kind: 200.
    Taken,
}

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) method: &'static str,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) expected: Expected,
    /// It is hyper that refuses it, or `http` does not let it be made.
    pub(crate) needs_socket: bool,
}

impl Case {
    pub(crate) fn shown(&self) -> String {
        let target = String::from_utf8_lossy(&self.target);
        let body = String::from_utf8_lossy(&self.body);
        format!("{} {target:.60} {body:.60}", self.method)
    }

    fn at_socket(self) -> Self {
        Self {
            needs_socket: true,
            ..self
        }
    }
}

/// A request of this kind with nothing wrong.
pub(crate) fn good(kind: Kind) -> Case {
    match kind {
        Json => json(r#"{"number":1,"list":[{"number":2}]}"#, Taken),
        Bytes | Text | Stream => body(kind, b"\x01a", Taken),
        _ => with(kind, &[("number", b"7")], Taken),
    }
}

/// The requests that make this mistake.
pub(crate) fn of(kind: Kind, mistake: Mistake) -> Vec<Case> {
    match kind {
        Json => in_json(mistake),
        Bytes | Text | Stream => in_body(kind, mistake),
        _ => in_texts(kind, mistake),
    }
}

/// Kinds whose values are texts beside others.
fn in_texts(kind: Kind, mistake: Mistake) -> Vec<Case> {
    let is_path = matches!(kind, Path | Rest);
    let is_encoded = !matches!(kind, Header | Cookie);
    let named = |name| Named(status(kind), location(kind), name);
    let number = |text: &[u8]| with(kind, &[("number", text)], named("number"));
    let float = |text: &[u8]| with(kind, &[("number", b"7"), ("float", text)], named("float"));
    let text = |text: &[u8], expected| with(kind, &[("number", b"7"), ("text", text)], expected);
    match mistake {
        // Then it is another path.
        Missing if kind == Rest => vec![with(kind, &[("number", b"")], Unnamed(404))],
        Missing if kind == Path => vec![number(b"")],
        Missing => vec![
            with(kind, &[], named("number")),
            with(kind, &[("text", b"a"), ("Number", b"7")], {
                // Header names have no case.
                if kind == Header {
                    Taken
                } else {
                    named("number")
                }
            }),
        ],
        // A path has one text for each placeholder.
        Twice if is_path => vec![number(b"7,7")],
        Twice => vec![
            with(kind, &[("number", b"7"), ("number", b"7")], named("number")),
            with(
                kind,
                &[("text", b"a"), ("number", b"7"), ("text", b"b")],
                named("text"),
            ),
        ],
        WrongType => vec![
            number(b"x"),
            number(b"-1"),
            number(b"1.0"),
            number(b"7x"),
            number(b"true"),
            float(b"1,5"),
            float(b"x"),
        ],
        NotUtf8 if is_encoded => vec![
            text(b"%ff", named("text")),
            text(b"a%C3", named("text")),
            number(b"%ff"),
        ],
        NotUtf8 => vec![text(b"\xff", named("text")), number(b"\xff")],
        TooLong => {
            let long = b"1".repeat(20_000);
            // What hyper takes: 64 KiB of a target and some 400 KiB of headers. Of a
            // body it is two megabytes.
            let (longer, whole) = match kind {
                Header | Cookie => (500_000, Unnamed(431)),
                Form => (2_100_000, Named(413, "body", "fields")),
                _ => (100_000, Unnamed(414)),
            };
            let longer = b"a".repeat(longer);
            let colour = if is_path {
                let target = format!("/colours/{}", "x".repeat(20_000));
                request("GET", &target, Named(400, "path", "colour"))
            } else {
                let texts = [("number", &b"7"[..]), ("colour", &long)];
                with(kind, &texts, named("colour"))
            };
            vec![
                colour,
                number(&long),
                text(&b"a".repeat(20_000), Taken),
                text(&longer, whole).at_socket(),
            ]
        }
        // More segments are another path, or more of the rest.
        TooMany if kind == Path => vec![request("GET", "/path/7/a/1/more", Unnamed(404))],
        TooMany if kind == Rest => vec![number(&b"7/".repeat(1_000))],
        TooMany => {
            let many = vec![("number", &b"7"[..]); 1_001];
            let mut cases = vec![match kind {
                // hyper takes a hundred.
                Header => with(kind, &many, Unnamed(431)).at_socket(),
                Query => with(kind, &many, Unnamed(400)),
                _ => with(kind, &many, too_many(kind)),
            }];
            if kind == Query {
                // All that are read from the query are refused, one here.
                let target = format!("/lists?{}", "number=7&".repeat(1_001));
                cases.push(request("GET", &target, Named(400, "query", "number")));
                let target = format!("/lists?{}", "a&".repeat(1_001));
                cases.push(request("GET", &target, Named(400, "query", "number")));
                let target = format!("/lists?{}", "number=7&".repeat(1_000));
                cases.push(request("GET", &target, Taken));
            }
            cases
        }
        Empty if kind == Rest => vec![with(kind, &[("number", b"")], Unnamed(404))],
        Empty if kind == Path => vec![number(b""), text(b"", Taken)],
        Empty => vec![number(b""), float(b""), text(b"", Taken)],
        // A text may hold it where it can be written.
        Nul if is_encoded => vec![
            number(b"%00"),
            number(b"7%00"),
            text(b"a%00", Taken),
            if kind == Form {
                text(b"a\0", Taken)
            } else {
                text(b"a\0", Unnamed(400)).at_socket()
            },
        ],
        Nul => vec![text(b"a\0", Unnamed(400)).at_socket()],
        // What is no code stands for itself, as browsers have it.
        Percent => vec![
            number(b"%"),
            number(b"%7"),
            number(b"%zz"),
            number(b"7%"),
            text(b"%zz%", Taken),
        ],
        Overlong if is_encoded => vec![
            text(b"%C0%AF", named("text")),
            text(b"%E0%80%AF", named("text")),
            text(b"%ED%A0%80", named("text")),
            number(b"%C0%B7"),
        ],
        Overlong => vec![text(b"\xc0\xaf", named("text")), number(b"\xc0\xb7")],
        Huge => vec![
            number(b"256"),
            number(b"99999999999999999999999999999999999999999999"),
            float(b"1e400"),
            float(&b"9".repeat(400)),
        ],
        Deep => vec![
            number(&b"[".repeat(10_000)),
            text(&b"[".repeat(10_000), Taken),
        ],
    }
}

fn too_many(kind: Kind) -> Expected {
    match kind {
        Flat => Named(400, "query", "fields"),
        Form => Named(413, "form", "fields"),
        _ => Named(400, location(kind), "number"),
    }
}

fn in_json(mistake: Mistake) -> Vec<Case> {
    let broken = Named(400, "body", "fields");
    let unfit = Named(422, "body", "fields");
    match mistake {
        Missing => vec![json("", broken), json("{}", unfit), json("null", unfit)],
        Twice => vec![
            json(r#"{"number":1,"number":1}"#, unfit),
            json(r#"{"number":1}{"number":1}"#, broken),
        ],
        WrongType => vec![
            json(r#"{"number":"1"}"#, unfit),
            json(r#"{"number":1.5}"#, unfit),
            json(r#"{"number":null}"#, unfit),
            json(r#"{"number":1,"list":{}}"#, unfit),
            json("7", unfit),
            json("\"a\"", unfit),
            json("[", broken),
            json("{number:1}", broken),
            Case {
                headers: vec![("content-type".to_owned(), b"text/plain".to_vec())],
                ..json("{\"number\":1}", Named(415, "body", "fields"))
            },
        ],
        NotUtf8 => vec![
            json_bytes(b"{\"number\":1,\"text\":\"\xff\"}", broken),
            json_bytes(b"\xff\xfe{\0", broken),
            // Half a pair of surrogates is JSON, but no text.
            json(r#"{"number":1,"text":"\ud800"}"#, unfit),
        ],
        TooLong => {
            let long = "a".repeat(1 << 20);
            let text = |text| format!("{{\"number\":1,\"text\":\"{text}\"}}");
            vec![
                json(&text(long.clone()), Taken),
                json(&text(long.repeat(2)), Named(413, "body", "fields")),
                json(&format!("{{\"number\":1,\"colour\":\"{long}\"}}"), unfit),
                json(&format!("{{\"number\":\"{long}\"}}"), unfit),
            ]
        }
        // As many as fit into two megabytes.
        TooMany => vec![json(
            &format!(
                "{{\"number\":1,\"list\":[{}1]}}",
                "{\"number\":1},".repeat(100_000)
            ),
            unfit,
        )],
        Empty => vec![json("", broken), json("  ", broken), json("\"\"", unfit)],
        Nul => vec![
            json("{\"number\":1,\"text\":\"\0\"}", broken),
            json("\0", broken),
            json("{\"number\":1}\0", broken),
            json(r#"{"number":1,"text":"\u0000"}"#, Taken),
        ],
        // Nothing is decoded here.
        Percent => vec![
            json("%7B%7D", broken),
            json(r#"{"number":1,"text":"%zz"}"#, Taken),
        ],
        Overlong => vec![
            json_bytes(b"{\"number\":1,\"text\":\"\xc0\xaf\"}", broken),
            json_bytes(b"{\"number\":1,\"text\":\"\xed\xa0\x80\"}", broken),
        ],
        Huge => vec![
            json(r#"{"number":256}"#, unfit),
            json(&format!("{{\"number\":{}}}", "9".repeat(100)), unfit),
            json(r#"{"number":1,"float":1e400}"#, unfit),
        ],
        Deep => vec![
            json(&"[".repeat(100_000), broken),
            json(
                &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
                unfit,
            ),
            // 128 levels are read.
            json(&nested(40), Taken),
            json(&nested(20_000), unfit),
            json(&"{\"number\":1,\"list\":[".repeat(80_000), broken),
        ],
    }
}

fn in_body(kind: Kind, mistake: Mistake) -> Vec<Case> {
    let name = match kind {
        Text => "text",
        _ => "data",
    };
    let text_only = match kind {
        Text => Named(400, "body", name),
        _ => Taken,
    };
    match mistake {
        // No body is an empty one.
        Missing | Empty => vec![body(kind, b"", Taken)],
        NotUtf8 => vec![
            body(kind, b"\xff", text_only),
            body(kind, b"a\xc3", text_only),
        ],
        Overlong => vec![
            body(kind, b"\xc0\xaf", text_only),
            body(kind, b"\xed\xa0\x80", text_only),
        ],
        TooLong => vec![
            body(kind, &[b'a'; 1_000], Taken),
            body(kind, &[b'a'; 1_001], Named(413, "body", name)),
            body(kind, &vec![b'a'; 3 << 20], Named(413, "body", name)),
        ],
        // Two lengths are two requests to some proxy.
        Twice => vec![
            Case {
                headers: vec![("content-length".to_owned(), b"1".to_vec())],
                ..body(kind, b"aa", Unnamed(400))
            }
            .at_socket(),
        ],
        Deep => vec![body(kind, &[b'['; 1_000], Taken)],
        // Whatever is in it is not looked at.
        WrongType | TooMany | Nul | Percent | Huge => vec![body(kind, b"{\0%zz 1e400", Taken)],
    }
}

fn status(kind: Kind) -> u16 {
    match kind {
        Form => 422,
        _ => 400,
    }
}

fn location(kind: Kind) -> &'static str {
    match kind {
        Path | Rest => "path",
        Query | Flat => "query",
        Header => "header",
        Cookie => "cookie",
        Form => "form",
        Json | Bytes | Text | Stream => "body",
    }
}

/// A request with these texts, each written as it is.
fn with(kind: Kind, texts: &[(&str, &[u8])], expected: Expected) -> Case {
    let find = |wanted: &str| {
        let found = texts.iter().rev().find(|(name, _)| *name == wanted);
        found.map(|(_, text)| *text)
    };
    let joined = |separator: &[u8]| {
        let pairs: Vec<_> = texts
            .iter()
            .map(|(name, text)| [name.as_bytes(), b"=", text].concat())
            .collect();
        pairs.join(separator)
    };
    let mut case = request("GET", "", expected);
    match kind {
        Path => {
            let or = |name, usual: &'static [u8]| find(name).unwrap_or(usual);
            let segments = [
                b"/path",
                or("number", b"7"),
                or("text", b"a"),
                or("float", b"1"),
            ];
            case.target = segments.join(&b'/');
        }
        Rest => {
            let (folder, text) = match (find("text"), find("float")) {
                (Some(text), _) => (&b"/rest/"[..], text),
                (_, Some(float)) => (&b"/floats/"[..], float),
                _ => (&b"/numbers/"[..], find("number").unwrap_or_default()),
            };
            case.target = [folder, text].concat();
        }
        Query => case.target = [&b"/query?"[..], &joined(b"&")].concat(),
        Flat => case.target = [&b"/flat?"[..], &joined(b"&")].concat(),
        Header => {
            case.target = b"/header".to_vec();
            let texts = texts.iter();
            let texts = texts.map(|(name, text)| ((*name).to_owned(), text.to_vec()));
            case.headers.extend(texts);
        }
        Cookie => {
            case.target = b"/cookie".to_vec();
            case.headers.push(("cookie".to_owned(), joined(b"; ")));
        }
        Form => {
            case.method = "POST";
            case.target = b"/form".to_vec();
            let form = b"application/x-www-form-urlencoded".to_vec();
            case.headers.push(("content-type".to_owned(), form));
            case.body = joined(b"&");
        }
        Json | Bytes | Text | Stream => unreachable!("they are not texts"),
    }
    case
}

fn json(text: &str, expected: Expected) -> Case {
    json_bytes(text.as_bytes(), expected)
}

/// Fields in the list of fields in …
fn nested(depth: usize) -> String {
    let (open, close) = ("{\"number\":1,\"list\":[", "]}");
    format!("{}{}", open.repeat(depth), close.repeat(depth))
}

fn json_bytes(bytes: &[u8], expected: Expected) -> Case {
    Case {
        body: bytes.to_vec(),
        ..request("POST", "/json", expected)
    }
}

fn body(kind: Kind, bytes: &[u8], expected: Expected) -> Case {
    let target = match kind {
        Text => "/text",
        Stream => "/stream",
        _ => "/bytes",
    };
    Case {
        body: bytes.to_vec(),
        ..request("PUT", target, expected)
    }
}

fn request(method: &'static str, target: &str, expected: Expected) -> Case {
    Case {
        method,
        target: target.as_bytes().to_vec(),
        headers: Vec::new(),
        body: Vec::new(),
        expected,
        needs_socket: false,
    }
}
