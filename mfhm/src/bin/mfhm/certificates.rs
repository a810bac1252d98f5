//! Which files TLS is spoken with.

use std::path::PathBuf;

use clap::Args;
use mfhm::Tls;

/// Of a command that connects to others.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Own {
    /// File with the certificates of the authority that centers and services are checked with
    #[arg(long, value_name = "FILE", env = "MFHM_TLS_CA")]
    tls_ca: Option<PathBuf>,
    /// File with the lists of what that authority has revoked
    #[arg(long, value_name = "FILE", env = "MFHM_TLS_CRL", requires = "tls_ca")]
    tls_crl: Option<PathBuf>,
    /// File with the certificate that is shown to them
    #[arg(long, value_name = "FILE", env = "MFHM_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// File with its private key
    #[arg(long, value_name = "FILE", env = "MFHM_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

/// Of the center.
#[derive(Debug, Args)]
pub(crate) struct Served {
    /// Speak HTTPS with the certificate in this file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// File with its private key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// File with the certificates of the authority that services are checked with; who connects
    /// with one of its certificates needs no token to register the names in it
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_ca: Option<PathBuf>,
    /// File with the lists of what that authority has revoked (CRLs)
    #[arg(long, value_name = "FILE", requires = "tls_ca")]
    tls_crl: Option<PathBuf>,
    /// Let nobody in without a certificate of that authority
    #[arg(long, requires = "tls_ca")]
    tls_require_client_cert: bool,
}

impl Own {
    /// Absent: nothing was said.
    pub(crate) fn files(self) -> Option<Tls> {
        tls(self.tls_cert, self.tls_key, self.tls_ca, self.tls_crl)
    }
}

impl Served {
    /// Absent: nothing was said.
    pub(crate) fn files(self) -> Option<Tls> {
        let is_required = self.tls_require_client_cert;
        let tls = tls(self.tls_cert, self.tls_key, self.tls_ca, self.tls_crl)?;
        Some(tls.require_client_certificate(is_required))
    }
}

fn tls(
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    ca: Option<PathBuf>,
    crl: Option<PathBuf>,
) -> Option<Tls> {
    if cert.is_none() && ca.is_none() {
        return None;
    }
    let tls = cert
        .zip(key)
        .map_or_else(Tls::new, |(cert, key)| Tls::new().certificate(cert, key));
    let tls = match ca {
        Some(ca) => tls.ca(ca),
        None => tls,
    };
    Some(match crl {
        Some(crl) => tls.crl(crl),
        None => tls,
    })
}
