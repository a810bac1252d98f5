//! The other side: what a Rust service sends to a Python center, and what a
//! Rust caller reads from it.

use serde::Deserialize;
#[cfg(feature = "server")]
use serde::Serialize;

use super::Method;
#[cfg(feature = "server")]
use super::Methods;
#[cfg(feature = "client")]
use super::{
    encoding, json,
    value::{Value, decode_methods},
};

/// An instance that a center named.
#[cfg(feature = "client")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundService {
    /// An address or a name, IPv6 without brackets.
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
    /// What requests must carry as `MFHM-AuthKey`.
    pub key: Option<String>,
    /// Path templates are Python's.
    pub methods: Vec<(String, Method)>,
}

/// The body of `POST /online`, with the fields of 0.1.1; a center of 0.0.2
/// ignores the two that it does not know. Path templates must be Python's.
#[cfg(feature = "server")]
pub(crate) fn encode_online(
    name: &str,
    port: u16,
    key: Option<&str>,
    methods: &[(String, Method)],
) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        name: &'a str,
        port: u16,
        transmission_type: Option<&'a str>,
        transmission_data: Option<&'a str>,
        methods: Methods<'a>,
    }
    let transmission_type = key.map(|_| "key");
    let methods = Methods(methods);
    super::to_json(&Body {
        name,
        port,
        transmission_type,
        transmission_data: key,
        methods,
    })
    .into_bytes()
}

/// The code and the message of an answer; `None` when it is not from a center.
pub(crate) fn decode_code(body: &[u8]) -> Option<(i64, String)> {
    #[derive(Deserialize)]
    struct Body {
        code: i64,
        #[serde(default)]
        message: String,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    Some((body.code, body.message))
}

/// The answer to `GET /service/{name}` of either version; `None` when the
/// service was not found or the answer is not from a center.
#[cfg(feature = "client")]
pub(crate) fn decode_found_service(body: &[u8]) -> Option<FoundService> {
    let value = json::parse(&encoding::decode(body)?).ok()?;
    if value.get("code") != Some(&Value::Int("0".to_owned())) {
        return None;
    }
    let is_keyed = value.get("transmissionType").and_then(Value::as_str) == Some("key");
    let key = match is_keyed {
        true => value
            .get("transmissionData")
            .and_then(Value::as_str)
            .map(str::to_owned),
        false => None,
    };
    Some(FoundService {
        host: value.get("host")?.as_str()?.to_owned(),
        port: value.get("port")?.as_port()?,
        key,
        methods: decode_methods(value.get("methods")?)?,
    })
}

#[cfg(all(test, feature = "client", feature = "server"))]
mod tests {
    use super::*;

    fn methods() -> Vec<(String, Method)> {
        let method = |path: &str| Method {
            path: path.to_owned(),
            methods: vec!["GET".to_owned()],
        };
        vec![
            ("z".to_owned(), method("/z/{id}")),
            ("a".to_owned(), method("/a")),
        ]
    }

    #[test]
    fn writes_a_registration() {
        assert_eq!(
            String::from_utf8(encode_online("s", 7, None, &methods())).unwrap(),
            r#"{"name":"s","port":7,"transmissionType":null,"transmissionData":null,"methods":{"z":{"path":"/z/{id}","methods":["GET"]},"a":{"path":"/a","methods":["GET"]}}}"#
        );
        assert_eq!(
            String::from_utf8(encode_online("服", 7, Some("k"), &[])).unwrap(),
            r#"{"name":"服","port":7,"transmissionType":"key","transmissionData":"k","methods":{}}"#
        );
    }

    #[test]
    fn reads_a_code() {
        assert_eq!(
            decode_code(br#"{"code":-1,"message":"Service is online"}"#),
            Some((-1, "Service is online".into()))
        );
        assert_eq!(
            decode_code(br#"{"code":0,"message":"ok","name":"x"}"#),
            Some((0, "ok".into()))
        );
        for body in [
            &b""[..],
            b"{}",
            b"[]",
            b"null",
            b"{\"code\":\"0\"}",
            b"\xff",
            b"<html>",
        ] {
            assert_eq!(decode_code(body), None);
        }
    }

    #[test]
    fn reads_an_instance_of_both_versions() {
        let old = br#"{"code":0,"message":"ok","name":"s","host":"::1","port":30176,"methods":{"z":{"path":"/z/{id}","methods":["GET"]},"a":{"path":"/a","methods":["GET"]}}}"#;
        let found = FoundService {
            host: "::1".into(),
            port: 30176,
            key: None,
            methods: methods(),
        };
        assert_eq!(decode_found_service(old), Some(found));
        let new = br#"{"code":0,"message":"ok","name":"s","host":"h","port":1,"transmissionType":"key","transmissionData":"k","methods":{}}"#;
        let found = FoundService {
            host: "h".into(),
            port: 1,
            key: Some("k".into()),
            methods: vec![],
        };
        assert_eq!(decode_found_service(new), Some(found));
        for body in [
            &br#"{"code":-1,"message":"Service not online","name":"","host":"","port":"","methods":{}}"#[..],
            br#"{"code":0,"host":"h","port":0,"methods":{}}"#,
            br#"{"code":0,"host":"h","port":1,"methods":[]}"#,
            b"[1",
            b"",
        ] {
            assert_eq!(decode_found_service(body), None);
        }
    }
}
