//! Answers made from the fuzzer's bytes: what a server may say, whether it means well
//! or not.

use arbitrary::Arbitrary;

/// What comes over one connection.
#[derive(Arbitrary, Debug)]
pub enum Said<'a> {
    /// An answer whose head is right.
    Answer {
        status: u8,
        kind: u8,
        headers: Vec<(u8, Value<'a>)>,
        body: Body<'a>,
    },
    /// Whatever it is.
    Bytes(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
pub enum Value<'a> {
    Plain(u8),
    Raw(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
pub enum Body<'a> {
    /// One of those that a server would send.
    Plain(u8),
    /// One of those, with these bytes in the place of some of its own.
    Changed(u8, u16, &'a [u8]),
    Raw(&'a [u8]),
    /// Its length is not said.
    Open(&'a [u8]),
    Chunked(Vec<&'a [u8]>),
    /// It is shorter than was said.
    Cut(u8),
}

const STATUSES: [u16; 20] = [
    200, 200, 200, 201, 202, 204, 301, 307, 400, 401, 403, 404, 405, 409, 413, 421, 422, 429, 500,
    503,
];
const KINDS: [&str; 6] = [
    "application/json",
    "application/problem+json",
    "text/event-stream",
    "application/x-ndjson",
    "application/octet-stream",
    "",
];
const HEADERS: [&str; 10] = [
    "retry-after",
    "mfhm-not-run",
    "content-disposition",
    "last-modified",
    "etag",
    "content-encoding",
    "location",
    "x-total",
    "connection",
    "content-type",
];
const VALUES: [&str; 12] = [
    "0",
    "1",
    "true",
    "18446744073709551615",
    "Wed, 21 Oct 2015 07:28:00 GMT",
    "attachment; filename=\"a.txt\"; filename*=UTF-8''%e2%82%ac",
    "\"v1\"",
    "gzip",
    "http://b:1/",
    "close",
    "text/event-stream; charset=utf-8",
    "",
];
/// What centers and services say.
const BODIES: [&str; 16] = [
    "",
    "7",
    r#"{"name":"a","number":7,"children":[{"name":"b","colour":"blue"}],"weights":{"x":1.5}}"#,
    "{\"name\":\"a\"}\n{\"name\":\"b\"}\n",
    "id: 1\nevent: a\nretry: 0\ndata: {\"name\":\"a\"}\n\n:\n\ndata: {\"name\":\"b\"}\n\n",
    r#"{"title":"Not Found","status":404,"detail":"no 7","code":"NotFound","data":{"id":7}}"#,
    r#"{"title":"Too busy","status":503,"code":"mfhm.overloaded"}"#,
    r#"{"service":"users","revision":5,"instances":[{"id":"a","host":"10.0.0.1","port":1,"status":"up","operations":[{"name":"user","path":"/users/{id}","methods":["GET"]}],"weight":100},{"id":"b","host":"::1","port":2,"status":"up","metadata":{"zone":"z"},"key":true}]}"#,
    "id: x\nevent: snapshot\ndata: {\"revision\":3,\"services\":[{\"service\":\"users\",\"revision\":3,\"instances\":[{\"id\":\"a\",\"host\":\"h\",\"port\":1,\"status\":\"up\"}]}]}\n\nid: y\nevent: upsert\ndata: {\"service\":\"users\",\"revision\":4,\"instance\":{\"id\":\"b\",\"host\":\"h\",\"port\":2,\"status\":\"up\"}}\n\nid: z\nevent: remove\ndata: {\"service\":\"users\",\"revision\":5,\"id\":\"a\"}\n\n",
    r#"{"code":0,"message":"ok","name":"users","host":"127.0.0.1","port":1,"transmissionType":"key","transmissionData":"k","methods":{"user":{"path":"/users/{id}","methods":["GET"]}}}"#,
    r#"{"code":-1,"message":"Service not online"}"#,
    r#"{"lease":{"ttl_ms":15000,"renew_ms":5000},"host":"127.0.0.1"}"#,
    "event: held\ndata: {\"lease\":{\"ttl_ms\":15000,\"renew_ms\":5000},\"host\":\"h\"}\n\nevent: drain\ndata: {}\n\n",
    r#"{"assertion":"a.b.c","name":"orders","expires_in_ms":600000}"#,
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw"}]}"#,
    r#"{"title":"Not Found","status":404,"code":"mfhm.unknown_service","detail":"no"}"#,
];

impl Said<'_> {
    /// As it travels.
    pub fn bytes(&self) -> Vec<u8> {
        let (status, kind, headers, body) = match self {
            Self::Bytes(bytes) => return bytes.to_vec(),
            Self::Answer {
                status,
                kind,
                headers,
                body,
            } => (status, kind, headers, body),
        };
        let status = STATUSES[usize::from(*status) % STATUSES.len()];
        let kind = KINDS[usize::from(*kind) % KINDS.len()];
        let mut bytes = format!("HTTP/1.1 {status} X\r\n").into_bytes();
        if !kind.is_empty() {
            bytes.extend_from_slice(format!("content-type: {kind}\r\n").as_bytes());
        }
        for (name, value) in headers {
            bytes.extend_from_slice(HEADERS[usize::from(*name) % HEADERS.len()].as_bytes());
            bytes.extend_from_slice(b": ");
            match value {
                Value::Plain(value) => {
                    let value = VALUES[usize::from(*value) % VALUES.len()];
                    bytes.extend_from_slice(value.as_bytes());
                }
                Value::Raw(value) => bytes.extend_from_slice(value),
            }
            bytes.extend_from_slice(b"\r\n");
        }
        body.write(&mut bytes);
        bytes
    }
}

impl Body<'_> {
    fn write(&self, into: &mut Vec<u8>) {
        let plain = |which: &u8| BODIES[usize::from(*which) % BODIES.len()].as_bytes();
        let with_length = |body: &[u8], length: usize, into: &mut Vec<u8>| {
            into.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
            into.extend_from_slice(body);
        };
        match self {
            Self::Plain(which) => with_length(plain(which), plain(which).len(), into),
            Self::Changed(which, at, bytes) => {
                let mut body = plain(which).to_vec();
                let at = usize::from(*at) % (body.len() + 1);
                let end = (at + bytes.len()).min(body.len());
                body.splice(at..end, bytes.iter().copied());
                with_length(&body, body.len(), into);
            }
            Self::Raw(body) => with_length(body, body.len(), into),
            Self::Cut(which) => with_length(plain(which), plain(which).len() + 1, into),
            Self::Open(body) => {
                into.extend_from_slice(b"connection: close\r\n\r\n");
                into.extend_from_slice(body);
            }
            Self::Chunked(chunks) => {
                into.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
                for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
                    into.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    into.extend_from_slice(chunk);
                    into.extend_from_slice(b"\r\n");
                }
                into.extend_from_slice(b"0\r\n\r\n");
            }
        }
    }
}
