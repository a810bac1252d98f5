//! [`Directory`]: where it says which instances a service has, as `MFHM_CENTER`
//! names it.

use super::http_url;
use crate::error::{Error, Result};

/// Where services are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Directory {
    /// At service centers, with which services register; without a slash at the end.
    Centers(Vec<String>),
    /// In the DNS, where somebody else publishes them.
    Dns(DnsName),
    /// Nowhere: only what is listed is known.
    Off,
}

impl Directory {
    /// What these addresses name; none of them is empty.
    pub(crate) fn parse(texts: &[impl AsRef<str>]) -> Result<Self> {
        let texts: Vec<&str> = texts.iter().map(|text| text.as_ref().trim()).collect();
        let is_special = |text: &&str| DnsName::is_one(text) || *text == "off";
        match texts.as_slice() {
            ["off"] => Ok(Self::Off),
            [dns] if DnsName::is_one(dns) => DnsName::parse(dns).map(Self::Dns),
            several if several.iter().any(is_special) => Err(Error::new(format!(
                "{:?}: services are found at centers (http://…, several with commas), by one \
                 DNS name (dns://… or dns+srv://…), or nowhere (off), not by both",
                several.join(",")
            ))),
            urls => {
                let urls = urls.iter().map(|url| http_url(url));
                urls.collect::<Result<_>>().map(Self::Centers)
            }
        }
    }

    /// The centers; none, where there are none.
    pub(crate) fn centers(&self) -> &[String] {
        match self {
            Self::Centers(urls) => urls,
            Self::Dns(_) | Self::Off => &[],
        }
    }

    /// The same for the same instances, whatever the order of what was said.
    #[cfg(feature = "client")]
    pub(crate) fn origin(&self) -> String {
        match self {
            Self::Centers(urls) => {
                let mut urls = urls.clone();
                urls.sort_unstable();
                urls.join(" ")
            }
            Self::Dns(name) => name.to_string(),
            Self::Off => "off".to_owned(),
        }
    }
}

/// The name under which the instances of a service are in the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DnsName {
    /// `{service}` in it stands for the service's name.
    template: String,
    records: Records,
    /// Whether HTTPS is spoken there, which no record says.
    is_tls: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Records {
    /// A and AAAA: each address is an instance, at this port.
    Addresses { port: u16 },
    /// SRV: the records tell ports and weights.
    Services,
}

/// How a name begins, whether it is that of SRV records, and whether HTTPS is spoken.
const SCHEMES: [(&str, bool, bool); 4] = [
    ("dns://", false, false),
    ("dns+https://", false, true),
    ("dns+srv://", true, false),
    ("dns+srv+https://", true, true),
];
const SERVICE: &str = "{service}";

impl DnsName {
    /// Whether a text means to be one.
    pub(crate) fn is_one(text: &str) -> bool {
        SCHEMES.iter().any(|(scheme, ..)| text.starts_with(scheme))
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let refused = |why: &str| {
            Err(Error::new(format!(
                "{text:?} names nothing in the DNS: {why}; write one such as \
                 dns://{SERVICE}.default.svc.cluster.local:8080 or \
                 dns+srv://_http._tcp.{SERVICE}.default.svc.cluster.local"
            )))
        };
        let mut said = SCHEMES.iter().filter_map(|&(scheme, is_srv, is_tls)| {
            let rest = text.strip_prefix(scheme)?;
            Some((rest, is_srv, is_tls))
        });
        let (rest, is_srv, is_tls) = said.next().unwrap_or((text, false, false));
        if is_tls && cfg!(all(feature = "client", not(feature = "tls"))) {
            return refused("HTTPS needs the feature `tls` of the crate mfhm");
        }
        let (template, records) = if is_srv {
            if rest.contains(':') {
                return refused("SRV records tell the port, so none can be given");
            }
            if cfg!(all(feature = "client", not(feature = "dns"))) {
                return refused("SRV records need the feature `dns` of the crate mfhm");
            }
            (rest, Records::Services)
        } else {
            let Some((template, port)) = rest.rsplit_once(':') else {
                return refused("addresses need a port");
            };
            match port.parse() {
                Ok(port) if port > 0 => (template, Records::Addresses { port }),
                _ => return refused("its port is no number from 1 to 65535"),
            }
        };
        let is_usual = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let fixed = template.replace(SERVICE, "x");
        if fixed.is_empty() || !fixed.chars().all(is_usual) || fixed.contains("..") {
            return refused("a name has labels of letters, digits, `-` and `_` between dots");
        }
        Ok(Self {
            template: template.to_owned(),
            records,
            is_tls,
        })
    }

    /// The name of this service.
    #[cfg(feature = "client")]
    pub(crate) fn of(&self, service: &str) -> String {
        self.template.replace(SERVICE, service)
    }

    #[cfg(feature = "client")]
    pub(crate) fn records(&self) -> Records {
        self.records
    }

    #[cfg(feature = "client")]
    pub(crate) fn is_tls(&self) -> bool {
        self.is_tls
    }
}

impl std::fmt::Display for DnsName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_srv = self.records == Records::Services;
        let mut schemes = SCHEMES.iter();
        let own = schemes.find(|(_, srv, tls)| (*srv, *tls) == (is_srv, self.is_tls));
        let scheme = own.map_or("dns://", |(scheme, ..)| scheme);
        match self.records {
            Records::Addresses { port } => write!(f, "{scheme}{}:{port}", self.template),
            Records::Services => write!(f, "{scheme}{}", self.template),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Directory> {
        Directory::parse(&text.split(',').collect::<Vec<_>>())
    }

    #[test]
    fn a_directory_is_centers_or_the_dns_or_none() {
        for (text, shown) in [
            (
                "10.0.0.1:1,http://b/",
                "Centers([\"http://10.0.0.1:1\", \"http://b\"])",
            ),
            (" off ", "Off"),
            (
                "dns://{service}.svc:8080",
                "template: \"{service}.svc\", records: Addresses { port: 8080 }",
            ),
            ("dns://all.example.:1", "template: \"all.example.\""),
        ] {
            let shown_as = format!("{:?}", parsed(text).unwrap());
            assert!(shown_as.contains(shown), "{text}: {shown_as}");
        }
        for (text, why) in [
            ("http://a,dns://b:1", "not by both"),
            ("off,http://a", "not by both"),
            ("dns://a:1,dns://b:1", "one DNS name"),
            ("dns://a", "need a port"),
            ("dns://a:0", "65535"),
            ("dns://a:x", "65535"),
            ("dns://:1", "labels"),
            ("dns://a/b:1", "labels"),
            ("dns://{name}.a:1", "labels"),
            ("dns://a..b:1", "labels"),
            ("dns+srv://_http._tcp.a:80", "none can be given"),
            ("off:1,ftp://x", "scheme"),
        ] {
            let error = parsed(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[cfg(feature = "client")]
    #[test]
    fn a_service_has_its_name_in_the_template() {
        let name = DnsName::parse("dns://{service}.default.svc:8080").unwrap();
        assert_eq!(name.of("users"), "users.default.svc");
        assert_eq!(name.to_string(), "dns://{service}.default.svc:8080");
        assert_eq!(
            DnsName::parse("dns://gateway:80").unwrap().of("users"),
            "gateway"
        );
        let secured = DnsName::parse("dns+https://{service}.svc:8443");
        if cfg!(feature = "tls") {
            let secured = secured.unwrap();
            assert!(secured.is_tls() && !name.is_tls());
            assert_eq!(secured.to_string(), "dns+https://{service}.svc:8443");
        } else {
            assert!(secured.unwrap_err().to_string().contains("feature `tls`"));
        }
        let srv = DnsName::parse("dns+srv://_http._tcp.{service}.svc");
        if cfg!(feature = "dns") {
            assert_eq!(srv.unwrap().of("users"), "_http._tcp.users.svc");
        } else {
            assert!(srv.unwrap_err().to_string().contains("feature `dns`"));
        }
    }
}
