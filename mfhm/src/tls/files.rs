//! What is in the files, and what is made of it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use webpki::BorrowedCertRevocationList;

use super::{Tls, names, provider};
use crate::error::{Error, Result};

/// The files as they are, to see whether they have changed.
#[derive(PartialEq, Eq)]
pub(super) struct Contents {
    identity: Option<(Vec<u8>, Vec<u8>)>,
    ca: Option<Vec<u8>>,
    crl: Option<Vec<u8>>,
}

/// A key is among it.
impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contents")
    }
}

/// What they say.
pub(super) struct Material {
    pub identity: Option<Arc<CertifiedKey>>,
    /// The services that the certificate is for.
    pub names: Arc<[Arc<str>]>,
    pub roots: Option<Arc<RootCertStore>>,
    /// What their authorities have revoked. None: that is not asked.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
}

impl Contents {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// One is missing, or cannot be read.
    pub(super) fn read(tls: &Tls) -> Result<Self> {
        let identity = match (&tls.certificate, &tls.key) {
            (Some(certificate), Some(key)) => {
                Some((read("certificate", certificate)?, read("private key", key)?))
            }
            (Some(file), None) => {
                return Err(Error::new(format!(
                    "the certificate {} has no private key beside it: set MFHM_TLS_KEY \
                     (--tls-key)",
                    file.display()
                )));
            }
            (None, Some(file)) => {
                return Err(Error::new(format!(
                    "the private key {} has no certificate beside it: set MFHM_TLS_CERT \
                     (--tls-cert)",
                    file.display()
                )));
            }
            (None, None) => None,
        };
        let ca = match &tls.ca {
            Some(file) => Some(read("authority", file)?),
            None if tls.is_required => {
                return Err(Error::new(
                    "certificates are required of others, and no authority is named to check \
                     them with: set MFHM_TLS_CA (--tls-ca)",
                ));
            }
            None => None,
        };
        let crl = match (&tls.crl, &tls.ca) {
            (Some(file), Some(_)) => Some(read("list of revoked certificates", file)?),
            (Some(file), None) => {
                return Err(Error::new(format!(
                    "the list of revoked certificates {} is of no authority that is named: set \
                     MFHM_TLS_CA (--tls-ca)",
                    file.display()
                )));
            }
            (None, _) => None,
        };
        Ok(Self { identity, ca, crl })
    }

    /// What the files of `tls` say; the certificate has to be for these services.
    ///
    /// # Errors
    ///
    /// It cannot be used; the text says which file, and why.
    pub(super) fn parse(&self, tls: &Tls, services: &[String]) -> Result<Material> {
        let roots = match (&self.ca, &tls.ca) {
            (Some(text), Some(file)) => Some(Arc::new(roots(text, file)?)),
            _ => None,
        };
        let crls = match (&self.crl, &tls.crl) {
            (Some(text), Some(file)) => lists(text, file)?,
            _ => Vec::new(),
        };
        let (Some((certificate, key)), Some(certificate_file), Some(key_file)) =
            (&self.identity, &tls.certificate, &tls.key)
        else {
            return Ok(Material {
                identity: None,
                names: Arc::default(),
                roots,
                crls,
            });
        };
        let chain = certificates(certificate, certificate_file)?;
        let names = names::of(&chain[0]).map_err(|error| {
            unusable(
                certificate_file,
                "is no certificate that can be read",
                error,
            )
        })?;
        let is_for = |service: &&String| !names.iter().any(|name| **name == ***service);
        if let Some(service) = services.iter().find(is_for) {
            return Err(Error::new(format!(
                "the certificate {} is not for the service {service:?}: it is for {}. Make one \
                 with {service:?} among its DNS names (subjectAltName)",
                certificate_file.display(),
                listed(&names),
            )));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
            unusable(
                key_file,
                "has no private key in PEM (BEGIN PRIVATE KEY)",
                error,
            )
        })?;
        let identity = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| {
            let why = format!(
                "cannot be used with the certificate {}",
                certificate_file.display()
            );
            unusable(key_file, &why, error)
        })?;
        warn_if_others_read(key_file);
        Ok(Material {
            identity: Some(Arc::new(identity)),
            names,
            roots,
            crls,
        })
    }
}

fn read(what: &str, file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(|error| {
        let context = format!("the {what} {} cannot be read", file.display());
        Error::with_source(context, error)
    })
}

fn unusable(
    file: &Path,
    why: &str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::with_source(format!("{} {why}", file.display()), error)
}

/// At least one.
fn certificates(text: &[u8], file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(Error::new(format!(
            "{} has no certificate in PEM (BEGIN CERTIFICATE)",
            file.display()
        ))),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable(file, "is no PEM", error)),
    }
}

fn roots(text: &[u8], file: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(text, file)? {
        roots
            .add(certificate)
            .map_err(|error| unusable(file, "has a certificate that is no authority's", error))?;
    }
    Ok(roots)
}

/// At least one.
fn lists(text: &[u8], file: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>> {
    let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(text).collect();
    let lists = lists.map_err(|error| unusable(file, "is no PEM", error))?;
    if lists.is_empty() {
        return Err(Error::new(format!(
            "{} has no list of revoked certificates in PEM (BEGIN X509 CRL)",
            file.display()
        )));
    }
    for list in &lists {
        BorrowedCertRevocationList::from_der(list).map_err(|error| {
            let why = "has a list of revoked certificates that can't be used";
            unusable(file, why, error)
        })?;
    }
    Ok(lists)
}

/// Names as a message has them.
pub(super) fn listed(names: &[Arc<str>]) -> String {
    match names {
        [] => "no service".to_owned(),
        names => names.join(", "),
    }
}

/// Secrets are mounted in many ways, some of which can not do better: it is no error.
fn warn_if_others_read(key: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(key).map(|file| file.permissions().mode());
        if let Some(mode) = mode.ok().filter(|mode| mode & 0o077 != 0) {
            tracing::warn!(
                key = %key.display(),
                mode = format!("{:o}", mode & 0o777),
                "others can read this private key; `chmod 600` it"
            );
        }
    }
    #[cfg(not(unix))]
    let _ = key;
}
