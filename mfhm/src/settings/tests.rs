use super::*;

fn from(vars: &[(&str, &str)]) -> Result<Settings> {
    Settings::from_vars(|name| {
        vars.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn nothing_said_is_the_default() {
    let settings = from(&[]).unwrap();
    assert_eq!(settings.directory.centers(), [DEFAULT_CENTER]);
    assert!(settings.port.is_none() && settings.host.is_none() && settings.local_calls.is_none());
    assert_eq!(
        from(&[("MFHM_CENTER", " ")]).unwrap().directory.centers(),
        [DEFAULT_CENTER]
    );
}

#[cfg(feature = "client")]
#[test]
fn headers_that_go_on_are_a_list() {
    let settings = from(&[("MFHM_PROPAGATE", "x-request-id, X-Tenant,")]).unwrap();
    assert_eq!(settings.propagate, ["x-request-id", "x-tenant"]);
}

#[test]
fn several_centers_and_bare_hosts_are_taken() {
    let settings = from(&[("MFHM_CENTER", "10.0.0.1:21428, http://center.internal/ ")]).unwrap();
    assert_eq!(
        settings.directory.centers(),
        ["http://10.0.0.1:21428", "http://center.internal"]
    );
}

#[test]
fn every_mistake_is_told_at_once() {
    let error = from(&[
        ("MFHM_CENTER", "ftp://x"),
        ("MFHM_PORT", "99999"),
        ("MFHM_KEY_FILE", "no/such/file"),
        ("MFHM_LOCAL_CALLS", "maybe"),
        ("MFHM_DRAIN", "-1"),
        ("MFHM_WEIGHT", "4000000000"),
        #[cfg(feature = "client")]
        ("MFHM_ANSWER_MEMORY", "0"),
        ("MFHM_MAX_IN_FLIGHT", "0"),
        ("MFHM_QUEUE", "many"),
        ("MFHM_MAX_CONNECTIONS", "0"),
        ("MFHM_MAX_CONNECTIONS_PER_ADDRESS", "none"),
        #[cfg(feature = "client")]
        ("MFHM_PROPAGATE", "x-tenant, cookie"),
        ("MFHM_CENTER_KEY", "two\nlines"),
        ("MFHM_TOKEN", "two\nlines"),
        ("MFHM_INSTANCES", "users"),
        ("MFHM_DNS_SERVER", "somewhere"),
        ("MFHM_TLS_REQUIRE_CLIENT_CERT", "maybe"),
        #[cfg(feature = "client")]
        ("MFHM_HTTP2", "maybe"),
    ])
    .unwrap_err()
    .to_string();
    for name in [
        "MFHM_CENTER:",
        "MFHM_PORT",
        "MFHM_KEY_FILE",
        "MFHM_LOCAL_CALLS",
        "MFHM_DRAIN",
        "MFHM_WEIGHT",
        #[cfg(feature = "client")]
        "MFHM_ANSWER_MEMORY",
        "MFHM_MAX_IN_FLIGHT",
        "MFHM_QUEUE",
        "MFHM_MAX_CONNECTIONS is",
        "MFHM_MAX_CONNECTIONS_PER_ADDRESS",
        #[cfg(feature = "client")]
        "MFHM_PROPAGATE: `cookie` is not passed on",
        "MFHM_CENTER_KEY:",
        "MFHM_TOKEN:",
        #[cfg(feature = "client")]
        "MFHM_INSTANCES:",
        "MFHM_DNS_SERVER",
        "MFHM_TLS_REQUIRE_CLIENT_CERT",
        #[cfg(feature = "client")]
        "MFHM_HTTP2",
    ] {
        assert!(error.contains(name), "{name} is missing in: {error}");
    }
    assert!(!error.contains("two"), "a key is never told");
}

#[test]
fn a_misspelt_name_is_answered_with_the_right_one() {
    let names = ["MFHM_CENTRE", "MFHM_PORT", "HOME", "MFHM_XYZZY"].map(str::to_owned);
    let warnings = unknown_names(names.into_iter());
    assert_eq!(warnings.len(), 2);
    assert!(
        warnings[0].ends_with("did you mean MFHM_CENTER?"),
        "{}",
        warnings[0]
    );
    assert!(
        warnings[1].contains("it knows MFHM_CENTER,"),
        "{}",
        warnings[1]
    );
}

#[test]
fn an_address_that_cannot_be_called_says_why() {
    assert_eq!(http_url("https://a").is_ok(), cfg!(feature = "tls"));
    for (text, why) in [
        ("http://", "empty host"),
        ("http://a?b", "query"),
        ("unix:///x", "scheme"),
    ] {
        let error = http_url(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}
