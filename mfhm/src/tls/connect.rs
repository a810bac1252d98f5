//! The side that connects: whom it expects, and what it says when somebody else is
//! there.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::{DnsName, ServerName};
use rustls::{AlertDescription, CertificateError, InvalidMessage};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::kept::{Secured, with_nothing_said};
use crate::error::Error;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(2);

/// Who is expected at the other end.
#[derive(Clone, Debug)]
pub(crate) enum Whom {
    /// An instance of this service, wherever it is.
    Service(Arc<str>),
    /// Nobody in particular, so there is no way to tell.
    Nobody,
    /// A center, which is checked for its host.
    Center,
    /// Whatever somebody wrote the address of.
    Outside,
}

/// Why there is no connection: one of the two does not take the other for who it
/// should be, or they do not speak the same. Nothing was run.
#[derive(Debug)]
pub(crate) struct Refused {
    why: String,
    /// Somebody else is there than was expected.
    pub is_stranger: bool,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Refused {}

impl Refused {
    fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_stranger: false,
        }
    }

    /// Whether that is why an exchange failed.
    pub(crate) fn is_in(error: &(dyn std::error::Error + 'static)) -> bool {
        Self::find(error).is_some()
    }

    /// This, if that is why an exchange failed.
    pub(crate) fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            let inner = error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref);
            if let Some(refused) = inner.and_then(|inner| inner.downcast_ref()) {
                return Some(refused);
            }
            cause = error.source();
        }
        None
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        Self::new(io::ErrorKind::InvalidData, refused)
    }
}

impl Secured {
    /// Speaks TLS over a stream to this host, and makes sure of who is there.
    ///
    /// # Errors
    ///
    /// Somebody else is there, or there is no way to tell ([`Refused`]); or the
    /// connection broke.
    pub(crate) async fn connect<S>(
        &self,
        stream: S,
        whom: &Whom,
        host: &str,
    ) -> io::Result<Spoken<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.shake(stream, whom, host, &[]).await
    }

    /// The same, and lets the other end choose HTTP/2.
    #[cfg(feature = "h2")]
    pub(crate) async fn connect_offering_http2<S>(
        &self,
        stream: S,
        whom: &Whom,
        host: &str,
    ) -> io::Result<Spoken<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let offered = [super::HTTP2, super::HTTP1];
        self.shake(stream, whom, host, &offered).await
    }

    async fn shake<S>(
        &self,
        stream: S,
        whom: &Whom,
        host: &str,
        offered: &[&[u8]],
    ) -> io::Result<Spoken<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let (mut config, name) = self.expect(whom, host).map_err(io::Error::from)?;
        if !offered.is_empty() {
            // What is remembered of earlier connections is shared.
            let mut offering = (*config).clone();
            offering.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
            config = Arc::new(offering);
        }
        let shaking = TlsConnector::from(config).connect(name, stream);
        match tokio::time::timeout(HANDSHAKE, shaking).await {
            Ok(Ok(stream)) => Ok(Spoken(stream, Told::default())),
            Ok(Err(error)) => Err(self.explain(error, whom, host)),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "no TLS handshake within two seconds",
            )),
        }
    }

    fn expect(
        &self,
        whom: &Whom,
        host: &str,
    ) -> Result<(Arc<rustls::ClientConfig>, ServerName<'static>), Refused> {
        let current = self.0.as_ref().map(|kept| kept.current());
        let of_host = || {
            ServerName::try_from(host.to_owned()).map_err(|_| {
                Refused::new(format!("{host:?} is no name that a certificate can be for"))
            })
        };
        let failed = |error: Error| Refused::new(format!("{error:?}"));
        match whom {
            Whom::Nobody => Err(Refused::new(
                "TLS is spoken there, and this process has no authority to check it with: set \
                 MFHM_TLS_CA",
            )),
            Whom::Service(service) => {
                let trusting = current.and_then(|current| current.trusting.clone());
                let config = trusting.ok_or_else(|| {
                    Refused::new(format!(
                        "the service {service:?} speaks TLS there, and this process has no \
                         authority to check it with: set MFHM_TLS_CA"
                    ))
                })?;
                // As a name only: a service called 10.0.0.1 is no address.
                let name = DnsName::try_from(service.to_string()).map_err(|_| {
                    Refused::new(format!(
                        "{service:?} is no name that a certificate can be for"
                    ))
                })?;
                Ok((config, ServerName::DnsName(name)))
            }
            Whom::Center => {
                let config = match current {
                    Some(current) => current.to_centers(),
                    None => with_nothing_said(),
                };
                Ok((config.map_err(failed)?, of_host()?))
            }
            Whom::Outside => {
                let config = match current {
                    Some(current) => current.to_outside(),
                    None => with_nothing_said(),
                };
                Ok((config.map_err(failed)?, of_host()?))
            }
        }
    }

    /// What went wrong in a handshake, and what to do.
    fn explain(&self, error: io::Error, whom: &Whom, host: &str) -> io::Error {
        let Some(cause) = cause(&error) else {
            return error;
        };
        let shown = match whom {
            Whom::Service(service) => format!("an instance of the service {service:?}"),
            Whom::Center => format!("the center {host:?}"),
            Whom::Outside | Whom::Nobody => format!("{host:?}"),
        };
        let mut is_stranger = false;
        let why = match cause {
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
                "what answers there speaks no TLS: if it is plain HTTP, write http://".to_owned()
            }
            rustls::Error::InvalidCertificate(
                wrong @ (CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. }),
            ) => {
                is_stranger = true;
                format!("who answers there is not {shown}: {wrong}")
            }
            // The latter is by an authority of the same name.
            rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => {
                let ca = self.0.as_ref().and_then(|kept| kept.tls().ca.as_ref());
                let trusted = match ca {
                    Some(file) => format!("the authority in {}", file.display()),
                    None => "an authority that this system trusts (MFHM_TLS_CA names another)"
                        .to_owned(),
                };
                format!("the certificate of {shown} is not by {trusted}")
            }
            rustls::Error::InvalidCertificate(CertificateError::Revoked) => {
                format!("the certificate of {shown} was revoked by its authority")
            }
            rustls::Error::InvalidCertificate(CertificateError::UnknownRevocationStatus) => {
                format!(
                    "it is not known whether the certificate of {shown} was revoked: there has to be \
                 a list of each authority in its chain among those of MFHM_TLS_CRL"
                )
            }
            rustls::Error::InvalidCertRevocationList(wrong) => format!(
                "whether the certificate of {shown} was revoked says a list of MFHM_TLS_CRL that \
                 cannot be trusted: {wrong:?}"
            ),
            rustls::Error::InvalidCertificate(wrong) => {
                format!("the certificate of {shown} cannot be trusted: {wrong}")
            }
            other => return told(other).map_or(error, io::Error::from),
        };
        Refused { why, is_stranger }.into()
    }
}

/// What the other side said of this one, if it said something.
fn told(error: &rustls::Error) -> Option<Refused> {
    let rustls::Error::AlertReceived(alert) = error else {
        return None;
    };
    let why = match alert {
        AlertDescription::CertificateRequired => {
            "who answers there wants a certificate of who connects: set MFHM_TLS_CERT and \
             MFHM_TLS_KEY"
                .to_owned()
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::DecryptError
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked => format!(
            "who answers there does not accept the certificate of this process ({alert:?}): it \
             has to be by an authority that is trusted there, in force, not revoked, and for clients \
             too (MFHM_TLS_CERT)"
        ),
        _ => return None,
    };
    Some(Refused::new(why))
}

fn cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What the other side has said of this process lately. In TLS 1.3 a client's certificate
/// is in its last message, so for the client the handshake is over before it can be
/// refused. When it hears of that before its first request, the pool passes over the
/// connection and what it ended with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<Mutex<Option<(Instant, String)>>>);

/// For so long it may be why a connection ended.
const LATELY: Duration = Duration::from_secs(2);

impl Told {
    fn note(&self, refused: &Refused) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *told = Some((Instant::now(), refused.why.clone()));
    }

    /// Why connections end, if the other side has just said so.
    pub(crate) fn lately(&self) -> Option<Refused> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (when, why) = told.as_ref()?;
        (when.elapsed() < LATELY).then(|| Refused::new(why))
    }
}

/// A stream over TLS. That the other side does not take this one for somebody shows
/// when it is first read: it is told as what it is.
#[derive(Debug)]
pub(crate) struct Spoken<S>(TlsStream<S>, Told);

impl<S> Spoken<S> {
    /// The same, which notes there what the other side says of this one.
    pub(crate) fn noting(self, told: Told) -> Self {
        Self(self.0, told)
    }

    /// Whether the other end chose HTTP/2.
    #[cfg(feature = "h2")]
    pub(crate) fn is_http2(&self) -> bool {
        self.0.get_ref().1.alpn_protocol() == Some(super::HTTP2)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Spoken<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(context, buffer);
        match read {
            Poll::Ready(Err(error)) => {
                let refused = cause(&error).and_then(told);
                if let Some(refused) = &refused {
                    self.1.note(refused);
                }
                Poll::Ready(Err(refused.map_or(error, io::Error::from)))
            }
            other => other,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Spoken<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
