//! The certificate authority of a folder, and what it makes.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};

use super::certificate::Certificate;
use super::name::Host;

/// What is made is good since then: clocks of other machines may be behind.
const BEFORE: Duration = Duration::from_secs(3600);

/// What the authority is called.
const NAME: &str = "mfhm tls dev";

/// Makes certificates.
pub(super) struct Authority {
    pub certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as text.
pub(super) struct Made {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    /// Makes an authority that is good for so long.
    pub(super) fn make(now: SystemTime, validity: Duration) -> Result<Made, String> {
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = params(NAME, now, now + validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).map_err(failed)?;
        Ok(Made {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// The authority that has this certificate and this key.
    pub(super) fn read(certificate: String, key: &str) -> Result<Self, String> {
        let certificate =
            Certificate::read(certificate).map_err(|why| format!("its certificate: {why}"))?;
        let key = KeyPair::from_pem(key).map_err(|_| "its key is none in PEM".to_owned())?;
        if !certificate.is_of(&key) {
            return Err("its key is another one's".to_owned());
        }
        if !certificate.is_authority() {
            return Err("its certificate is that of no authority".to_owned());
        }
        let issuer = Issuer::from_ca_cert_pem(certificate.text(), key).map_err(failed)?;
        Ok(Self {
            certificate,
            issuer,
        })
    }

    /// A certificate for `name`, with a new key or that of the one before. It does not
    /// outlive the authority.
    pub(super) fn issue(
        &self,
        name: &str,
        hosts: &BTreeSet<Host>,
        key: Option<KeyPair>,
        now: SystemTime,
        validity: Duration,
    ) -> Result<Made, String> {
        let key = match key {
            Some(key) => key,
            None => KeyPair::generate().map_err(failed)?,
        };
        let ends = self.certificate.ends.min(now + validity);
        let mut params = params(name, now, ends)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // Whoever serves calls others too.
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let own = Host::Name(name.to_owned());
        let others = hosts.iter().filter(|host| **host != own);
        params.subject_alt_names = [&own]
            .into_iter()
            .chain(others)
            .map(|host| {
                Ok(match host {
                    Host::Name(name) => SanType::DnsName(name.as_str().try_into().map_err(failed)?),
                    Host::Address(address) => SanType::IpAddress(*address),
                })
            })
            .collect::<Result<_, String>>()?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Made {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

fn params(name: &str, now: SystemTime, ends: SystemTime) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(serial()?);
    params.not_before = (now - BEFORE).into();
    params.not_after = ends.into();
    Ok(params)
}

/// A renewed certificate has the key of the one before, so that its number can't come
/// from the key.
fn serial() -> Result<SerialNumber, String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| format!("there is no randomness: {error}"))?;
    // Positive, and of full length.
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn failed(error: rcgen::Error) -> String {
    format!("the certificate can't be made: {error}")
}
