//! The center's answers, one for the clients of both versions.

use serde::Serialize;

use super::{Method, Methods, to_json};

const NOT_ONLINE: &str = "Service not online";

/// An instance that a lookup found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    /// The trimmed name.
    pub name: &'a str,
    pub host: &'a str,
    pub port: u16,
    /// `None` when there is none, or the asker may not have it.
    pub key: Option<&'a str>,
    pub methods: &'a [(String, Method)],
}

/// 200: done.
pub(crate) fn ok() -> String {
    code(0, "ok")
}

/// 200 to a registration: the name, host and port are taken by a living instance.
pub(crate) fn service_is_online() -> String {
    code(-1, "Service is online")
}

/// 200 to a sign-off: no such instance on the asker's host.
pub(crate) fn service_not_online() -> String {
    code(-1, NOT_ONLINE)
}

/// 404: no such path.
pub(crate) fn not_found() -> String {
    r#"{"detail":"Not Found"}"#.to_owned()
}

/// 405.
pub(crate) fn method_not_allowed() -> String {
    r#"{"detail":"Method Not Allowed"}"#.to_owned()
}

/// 200 to `GET /service/{name}`. Version 0.0.2 has no `transmission…` fields
/// and its clients ignore them.
pub(crate) fn found_service(found: &Found<'_>) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        code: i64,
        message: &'a str,
        name: &'a str,
        host: &'a str,
        port: u16,
        transmission_type: Option<&'a str>,
        transmission_data: Option<&'a str>,
        methods: Methods<'a>,
    }
    to_json(&Body {
        code: 0,
        message: "ok",
        name: found.name,
        host: found.host,
        port: found.port,
        transmission_type: found.key.map(|_| "key"),
        transmission_data: found.key,
        methods: Methods(found.methods),
    })
}

/// 404 to `GET /service/{name}`. The port is an empty text in 0.0.2.
pub(crate) fn missing_service() -> String {
    #[derive(Serialize)]
    struct Body<'a> {
        code: i64,
        message: &'a str,
        name: &'a str,
        host: &'a str,
        port: &'a str,
        methods: Methods<'a>,
    }
    to_json(&Body {
        code: -1,
        message: NOT_ONLINE,
        name: "",
        host: "",
        port: "",
        methods: Methods(&[]),
    })
}

/// 200 to `GET /api/{name}/{apiName}`.
pub(crate) fn found_api(url: &str, methods: &[String]) -> String {
    api(0, "ok", url, methods)
}

/// 404 to `GET /api/{name}/{apiName}`: the service is there, its API is not.
/// The sentence is that of 0.1.1, the empty fields are those of 0.0.2.
pub(crate) fn missing_api(service: &str, name: &str) -> String {
    let message = format!(r#"API "{name}" does not exist for the service "{service}""#);
    api(-1, &message, "", &[])
}

/// 404 to `GET /api/{name}/{apiName}`: the service is not there.
pub(crate) fn missing_service_for_api() -> String {
    api(-1, NOT_ONLINE, "", &[])
}

fn api(code: i64, message: &str, url: &str, methods: &[String]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        code: i64,
        message: &'a str,
        api_url: &'a str,
        api_methods: &'a [String],
    }
    to_json(&Body {
        code,
        message,
        api_url: url,
        api_methods: methods,
    })
}

fn code(code: i64, message: &str) -> String {
    #[derive(Serialize)]
    struct Body<'a> {
        code: i64,
        message: &'a str,
    }
    to_json(&Body { code, message })
}
