//! Names that can stand in a certificate: services, and hosts.

use std::net::IpAddr;

/// The longest name that DNS knows, and its longest part.
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// What else a certificate says that its bearer is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Host {
    Name(String),
    Address(IpAddr),
}

impl Host {
    /// Reads what follows `--host`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse() {
            return Ok(Self::Address(address));
        }
        match check_dns(text) {
            Ok(()) => Ok(Self::Name(text.to_owned())),
            Err(why) => Err(format!(
                "{text:?} is no host: {why}; write a name such as center.example.org, or an address \
                 such as 10.0.0.1"
            )),
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

/// Checks a name that files and a certificate shall have.
pub(super) fn check_service(name: &str) -> Result<(), String> {
    name.parse::<mfhm::ServiceName>()
        .map_err(|error| format!("{name:?} is no name of a service: {error}"))?;
    if name.eq_ignore_ascii_case("ca") {
        return Err(format!(
            "{name:?} is what the files of the authority are called: choose another name"
        ));
    }
    check_dns(name).map_err(|why| {
        format!(
            "the service {name:?} can't be named in a certificate, where names are as in DNS: {why}"
        )
    })
}

/// What a client that checks certificates takes for a name.
fn check_dns(name: &str) -> Result<(), String> {
    if name.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} characters"));
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err("there is nothing before, between or after a dot".to_owned());
        }
        if label.len() > LONGEST_LABEL {
            return Err(format!(
                "{label:?} is longer than {LONGEST_LABEL} characters"
            ));
        }
        let is_known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if let Some(other) = label.chars().find(|c| !is_known(*c)) {
            return Err(format!("it may not have {other:?} in it"));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(format!("{label:?} begins or ends with a hyphen"));
        }
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("it ends with a number, as addresses do".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services_can_be_files_and_stand_in_certificates() {
        for name in ["users", "users-v2", "Users_2", "users.internal", "x"] {
            assert_eq!(check_service(name), Ok(()), "{name}");
        }
        for (name, says) in [
            ("../users", "no name of a service"),
            ("a/b", "no name of a service"),
            ("a\\b", "no name of a service"),
            ("", "no name of a service"),
            ("*", "no name of a service"),
            ("..", "nothing before, between or after a dot"),
            (".", "nothing before, between or after a dot"),
            ("a..b", "nothing before"),
            (".users", "nothing before"),
            ("-users", "hyphen"),
            ("10.0.0.1", "ends with a number"),
            ("ca", "files of the authority"),
            ("CA", "files of the authority"),
            (&"a".repeat(64), "longer than 63"),
        ] {
            let why = check_service(name).unwrap_err();
            assert!(why.contains(says), "{name}: {why}");
        }
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        for (text, shown) in [
            ("10.0.0.1", "10.0.0.1"),
            ("[::1]", "::1"),
            ("fe80::1", "fe80::1"),
            ("center.example.org", "center.example.org"),
        ] {
            assert_eq!(Host::parse(text).unwrap().to_string(), shown);
        }
        assert_eq!(
            Host::parse("::1").unwrap(),
            Host::Address("::1".parse().unwrap())
        );
        for text in [
            "",
            "a b",
            "*.example.org",
            "10.0.0.300",
            "http://x",
            "x:443",
        ] {
            let why = Host::parse(text).unwrap_err();
            assert!(why.contains("no host"), "{why}");
        }
    }
}
