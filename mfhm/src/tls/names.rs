//! Which services a certificate stands for.
//!
//! They are its DNS names, in their order: `orders` is the service `orders`. Nothing
//! else of a certificate is a service's name, neither its subject nor an address.
//! Wildcards are not: who has `*.example` is no service.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, DnsName};

use crate::instance::ServiceName;

/// The names of services in a certificate.
pub(super) fn of(certificate: &CertificateDer<'_>) -> Result<Arc<[Arc<str>]>, webpki::Error> {
    let certificate = webpki::EndEntityCert::try_from(certificate)?;
    let names = certificate.valid_dns_names();
    Ok(names
        .filter(|name| name.parse::<ServiceName>().is_ok())
        .map(Arc::from)
        .collect())
}

/// Whether a service of this name can have a certificate.
pub(crate) fn can_be_shown(service: &str) -> bool {
    DnsName::try_from(service).is_ok()
}
