//! The file `centerCache.json` of a Python center.

use std::collections::HashSet;

use super::text::strip;
use super::validate::is_header_value;
use super::value::{Value, decode_methods};
use super::{Method, encoding, json};

/// An instance from a Python center's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CachedInstance {
    /// Trimmed.
    pub name: String,
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
    /// The key, for an instance whose transmission type is `key`.
    pub key: Option<String>,
    pub methods: Vec<(String, Method)>,
}

/// Reads a cache file of either version: the instances, and a sentence for
/// each entry that was skipped. Old ping values say nothing and are ignored.
///
/// # Errors
///
/// A sentence that says why nothing can be read: the file was cut short, or
/// holds something else.
pub(crate) fn decode_cache(bytes: &[u8]) -> Result<(Vec<CachedInstance>, Vec<String>), String> {
    let text = encoding::decode(bytes).ok_or("it is not text in UTF-8")?;
    let value = json::parse(&text).map_err(|failure| match failure {
        json::Failure::Syntax { message, at } => format!("it is not JSON: {message} (char {at})"),
        json::Failure::Excessive => "it is nested too deeply, or has too long a number".to_owned(),
    })?;
    let Value::Dict(services) = value else {
        return Err("it does not hold an object of services".to_owned());
    };
    let mut instances = Vec::new();
    let mut skipped = Vec::new();
    let mut known = HashSet::new();
    for (name, entries) in services {
        let name_shown = name.shown().to_owned();
        let Some(name) = name.as_str().map(strip) else {
            skipped.push(format!(
                "service {name_shown:?}: its name has a lone surrogate"
            ));
            continue;
        };
        let Value::List(entries) = entries else {
            skipped.push(format!(
                "service {name:?}: its entry is not a list of instances"
            ));
            continue;
        };
        for (index, entry) in entries.iter().enumerate() {
            let decoded = decode_instance(name, entry).and_then(|instance| {
                let address = (instance.name.clone(), instance.host.clone(), instance.port);
                if known.insert(address) {
                    Ok(instance)
                } else {
                    Err("it is there twice")
                }
            });
            match decoded {
                Ok(instance) => instances.push(instance),
                Err(reason) => {
                    skipped.push(format!("service {name:?}, instance {index}: {reason}"))
                }
            }
        }
    }
    Ok((instances, skipped))
}

fn decode_instance(name: &str, entry: &Value) -> Result<CachedInstance, &'static str> {
    let host = entry
        .get("host")
        .and_then(Value::as_str)
        .filter(|host| is_host(host));
    let port = entry.get("port").and_then(Value::as_port);
    let methods = entry.get("methods").and_then(decode_methods);
    let key = match entry.get("transmissionType") {
        None | Some(Value::Null) => None,
        Some(kind) if kind.as_str() == Some("key") => {
            let data = entry.get("transmissionData").and_then(Value::as_str);
            Some(
                data.filter(|data| is_header_value(data))
                    .ok_or("its key cannot be sent in a header")?,
            )
        }
        Some(_) => return Err("its transmission type is unknown"),
    };
    Ok(CachedInstance {
        name: name.to_owned(),
        host: host
            .ok_or("its host is not an address or a name")?
            .to_owned(),
        port: port.ok_or("its port is not a number from 1 to 65535")?,
        key: key.map(str::to_owned),
        methods: methods.ok_or("its methods are not an object of paths and HTTP methods")?,
    })
}

/// Whether `host` can stand in a URL: Python took it from `X-Forwarded-For`,
/// where any text may be.
fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 255
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"service01": [{"host": "127.0.0.1", "port": 30176, "ping": 0.003041, "methods": {"ping": {"path": "/ping", "methods": ["GET"]}, "hello": {"path": "/hello", "methods": ["GET", "HEAD"]}}}, {"host": "192.0.2.7", "port": 30176, "ping": -1, "methods": {}}], "service02": [], "\u670d\u52a1\u4e00": [{"host": "::1", "port": 30180, "ping": NaN, "methods": {}}]}"#;
    const NEW: &str = r#"{"keyed01": [{"host": "127.0.0.1", "port": 30177, "ping": 0.00946, "transmissionType": "key", "transmissionData": "0123456789abcdef", "methods": {}}], "plain": [{"host": "h", "port": 1, "ping": -1, "transmissionType": null, "transmissionData": null, "methods": {}}]}"#;

    #[test]
    fn reads_both_versions() {
        let (instances, skipped) = decode_cache(OLD.as_bytes()).unwrap();
        assert_eq!(skipped, Vec::<String>::new());
        let places: Vec<_> = instances
            .iter()
            .map(|one| (one.name.as_str(), one.host.as_str(), one.port))
            .collect();
        assert_eq!(
            places,
            [
                ("service01", "127.0.0.1", 30176),
                ("service01", "192.0.2.7", 30176),
                ("服务一", "::1", 30180)
            ]
        );
        let names: Vec<_> = instances[0]
            .methods
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["ping", "hello"]);
        assert_eq!(instances[0].methods[1].1.methods, ["GET", "HEAD"]);

        let (instances, skipped) = decode_cache(NEW.as_bytes()).unwrap();
        assert_eq!(skipped, Vec::<String>::new());
        assert_eq!(instances[0].key.as_deref(), Some("0123456789abcdef"));
        assert_eq!(instances[1].key, None);
    }

    #[test]
    fn skips_what_is_wrong_and_says_why() {
        let text = r#"{"a": 5, "b": [7, {"host": "h", "port": 0, "methods": {}},
            {"host": "evil host/..", "port": 1, "methods": {}}, {"host": "h", "port": 1, "methods": {"x": {}}},
            {"host": "h", "port": 1, "transmissionType": "key", "transmissionData": null, "methods": {}},
            {"host": "h", "port": 1, "methods": {}}, {"host": "h", "port": 1, "methods": {}}], "\ud800": []}"#;
        let (instances, skipped) = decode_cache(text.as_bytes()).unwrap();
        assert_eq!(instances.len(), 1);
        assert_eq!(
            skipped,
            [
                "service \"a\": its entry is not a list of instances",
                "service \"b\", instance 0: its host is not an address or a name",
                "service \"b\", instance 1: its port is not a number from 1 to 65535",
                "service \"b\", instance 2: its host is not an address or a name",
                "service \"b\", instance 3: its methods are not an object of paths and HTTP methods",
                "service \"b\", instance 4: its key cannot be sent in a header",
                "service \"b\", instance 6: it is there twice",
                "service \"\u{fffd}\": its name has a lone surrogate",
            ]
        );
    }

    #[test]
    fn says_why_a_file_is_no_cache() {
        assert_eq!(decode_cache(b"{}"), Ok((vec![], vec![])));
        for length in 0..OLD.len() {
            assert!(
                decode_cache(&OLD.as_bytes()[..length]).is_err(),
                "cut at {length}"
            );
        }
        let message = |bytes: &[u8]| decode_cache(bytes).unwrap_err();
        assert_eq!(message(b"[]"), "it does not hold an object of services");
        assert_eq!(
            message(b"{\"a\": [{"),
            "it is not JSON: Expecting property name enclosed in double quotes (char 8)"
        );
        assert_eq!(message(b"\xff"), "it is not text in UTF-8");
    }
}
