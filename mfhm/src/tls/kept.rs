//! [`Secured`]: what is made of the files, for as long as they say so.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::client::{ServerCertVerifierBuilder, WebPkiServerVerifier};
use rustls::pki_types::CertificateRevocationListDer;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::task::JoinHandle;

use super::files::{Contents, Material};
use super::{Tls, provider};
use crate::error::{Error, Result};

/// Between two looks at the files.
const PERIOD: Duration = Duration::from_secs(2);

/// What a process shows and trusts; the default is nothing. A clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secured(pub(super) Option<Arc<Kept>>);

/// Follows the files until it is dropped.
#[derive(Debug)]
pub(crate) struct Kept {
    shared: Arc<Shared>,
    /// With the runtime that it lives on.
    task: Mutex<Option<JoinHandle<()>>>,
    /// Of all listeners that show the certificate.
    #[cfg(any(feature = "server", feature = "center"))]
    pub(super) turns: Arc<crate::turns::Turns>,
}

#[derive(Debug)]
struct Shared {
    tls: Tls,
    /// What the certificate has to be for.
    services: Vec<String>,
    current: ArcSwap<Current>,
    /// The files when they were last looked at; the text is what was wrong.
    seen: Mutex<std::result::Result<Contents, String>>,
}

/// The set-up of connections that are made now.
#[derive(Debug)]
pub(super) struct Current {
    /// Absent: there is no certificate to show.
    pub server: Option<Arc<ServerConfig>>,
    /// Towards instances, and centers; absent: nobody is trusted.
    pub trusting: Option<Arc<ClientConfig>>,
    identity: Option<Arc<rustls::sign::CertifiedKey>>,
    roots: Option<Arc<RootCertStore>>,
    crls: Vec<CertificateRevocationListDer<'static>>,
    /// Towards centers where no authority was named.
    with_system: OnceLock<Arc<ClientConfig>>,
    /// Towards whatever somebody wrote the address of.
    outside: OnceLock<Arc<ClientConfig>>,
}

impl Secured {
    /// Reads the files. With `services`, the certificate has to be for these.
    ///
    /// # Errors
    ///
    /// What they say cannot be used.
    pub(crate) fn new(tls: Option<Tls>, services: Vec<String>) -> Result<Self> {
        let Some(tls) = tls else {
            return Ok(Self(None));
        };
        let contents = Contents::read(&tls)?;
        let current = Current::new(&tls, contents.parse(&tls, &services)?)?;
        Ok(Self(Some(Arc::new(Kept {
            shared: Arc::new(Shared {
                tls,
                services,
                current: ArcSwap::from_pointee(current),
                seen: Mutex::new(Ok(contents)),
            }),
            task: Mutex::new(None),
            #[cfg(any(feature = "server", feature = "center"))]
            turns: Arc::new(super::accept::turns()),
        }))))
    }

    /// Whether anything was said.
    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Whether instances can be recognised.
    pub(crate) fn trusts_somebody(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|kept| kept.current().trusting.is_some())
    }

    /// Whether who shows it speaks HTTPS.
    pub(crate) fn has_certificate(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|kept| kept.shared.tls.has_certificate())
    }
}

impl Kept {
    /// What new connections use. Called where connections are made, so that there is a
    /// runtime to follow the files on.
    pub(super) fn current(&self) -> Arc<Current> {
        self.ensure_task();
        self.shared.current.load_full()
    }

    /// Starts the task, or again when the runtime that it lived on is gone.
    fn ensure_task(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(runtime.spawn(follow(self.shared.clone())));
        }
    }

    /// Looks at the files now.
    #[cfg(test)]
    pub(super) fn look(&self) {
        self.shared.look();
    }

    pub(super) fn tls(&self) -> &Tls {
        &self.shared.tls
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

async fn follow(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(PERIOD).await;
        let looking = shared.clone();
        // A disk may be slow.
        let _ = tokio::task::spawn_blocking(move || looking.look()).await;
    }
}

impl Shared {
    /// Uses what is new, if it can be used.
    fn look(&self) {
        let found = Contents::read(&self.tls).map_err(|error| format!("{error:?}"));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == found {
            return;
        }
        let renewed = match &found {
            Ok(contents) => contents
                .parse(&self.tls, &self.services)
                .and_then(|material| {
                    let names = super::files::listed(&material.names);
                    Ok((Current::new(&self.tls, material)?, names))
                })
                .map_err(|error| format!("{error:?}")),
            Err(why) => Err(why.clone()),
        };
        match renewed {
            Ok((current, names)) => {
                self.current.store(Arc::new(current));
                tracing::info!(
                    names,
                    "the certificates have changed; new connections use the new ones"
                );
            }
            Err(why) => {
                tracing::error!(
                    why,
                    "the certificates have changed and cannot be used; those from before go on"
                );
            }
        }
        *seen = found;
    }
}

impl Current {
    fn new(tls: &Tls, material: Material) -> Result<Self> {
        let Material {
            identity,
            roots,
            crls,
            names: _,
        } = material;
        let server = match &identity {
            Some(identity) => {
                let server = server(identity.clone(), roots.as_ref(), &crls, tls)?;
                Some(Arc::new(server))
            }
            None => None,
        };
        let trusting = match &roots {
            Some(roots) => {
                let verifier = verifier(roots.clone()).with_crls(crls.iter().cloned());
                Some(Arc::new(client(verifier, identity.as_ref())?))
            }
            None => None,
        };
        Ok(Self {
            server,
            trusting,
            identity,
            roots,
            crls,
            with_system: OnceLock::new(),
            outside: OnceLock::new(),
        })
    }

    /// Towards centers.
    pub(super) fn to_centers(&self) -> Result<Arc<ClientConfig>> {
        match &self.trusting {
            Some(config) => Ok(config.clone()),
            None => made_once(&self.with_system, || {
                client(verifier(Arc::new(of_system()?)), self.identity.as_ref())
            }),
        }
    }

    /// Towards whatever somebody wrote the address of: it is trusted if the system does,
    /// or the authority, and it is shown no certificate.
    pub(super) fn to_outside(&self) -> Result<Arc<ClientConfig>> {
        made_once(&self.outside, || {
            let mut roots = of_system()?;
            if let Some(own) = &self.roots {
                roots.extend(own.roots.iter().cloned());
            }
            // What other authorities have revoked is not known here.
            let verifier = verifier(Arc::new(roots))
                .with_crls(self.crls.iter().cloned())
                .allow_unknown_revocation_status();
            client(verifier, None)
        })
    }
}

/// Towards anybody, where nothing was said.
pub(super) fn with_nothing_said() -> Result<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    made_once(&CONFIG, || client(verifier(Arc::new(of_system()?)), None))
}

fn made_once(
    cell: &OnceLock<Arc<ClientConfig>>,
    make: impl FnOnce() -> Result<ClientConfig>,
) -> Result<Arc<ClientConfig>> {
    if let Some(config) = cell.get() {
        return Ok(config.clone());
    }
    let made = Arc::new(make()?);
    // Another thread may have been faster.
    Ok(cell.get_or_init(|| made).clone())
}

/// Whom the system trusts.
fn of_system() -> Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (known, _) = roots.add_parsable_certificates(found.certs);
    if known == 0 {
        let why = found.errors.first().map(ToString::to_string);
        return Err(Error::new(format!(
            "this system has no certificate authorities ({}): install them (ca-certificates), or \
             name one in MFHM_TLS_CA",
            why.as_deref().unwrap_or("none was found")
        )));
    }
    Ok(roots)
}

fn server(
    identity: Arc<rustls::sign::CertifiedKey>,
    roots: Option<&Arc<RootCertStore>>,
    crls: &[CertificateRevocationListDer<'static>],
    tls: &Tls,
) -> Result<ServerConfig> {
    // Older versions tell everybody the certificates of both sides.
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(unusual)?;
    let builder = match roots {
        Some(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider())
                .with_crls(crls.iter().cloned());
            let verifier = if tls.is_required {
                verifier
            } else {
                verifier.allow_unauthenticated()
            };
            builder.with_client_cert_verifier(verifier.build().map_err(unusable)?)
        }
        None => builder.with_no_client_auth(),
    };
    let resolver = Arc::new(SingleCertAndKey::from((*identity).clone()));
    #[cfg_attr(not(feature = "h2"), allow(unused_mut))]
    let mut config = builder.with_cert_resolver(resolver);
    #[cfg(feature = "h2")]
    {
        config.alpn_protocols = vec![super::HTTP2.to_vec(), super::HTTP1.to_vec()];
    }
    Ok(config)
}

/// Checks those who are connected to.
fn verifier(roots: Arc<RootCertStore>) -> ServerCertVerifierBuilder {
    WebPkiServerVerifier::builder_with_provider(roots, provider())
}

fn client(
    verifier: ServerCertVerifierBuilder,
    identity: Option<&Arc<rustls::sign::CertifiedKey>>,
) -> Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(unusual)?
        .with_webpki_verifier(verifier.build().map_err(unusable)?);
    Ok(match identity {
        Some(identity) => builder
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from((**identity).clone()))),
        None => builder.with_no_client_auth(),
    })
}

fn unusable(error: VerifierBuilderError) -> Error {
    Error::with_source("the authority cannot be used to check others", error)
}

fn unusual(error: rustls::Error) -> Error {
    Error::with_source("TLS cannot be set up", error)
}
