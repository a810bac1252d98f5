//! Tests only: an authority and the certificates that it gives, in a folder as
//! `mfhm tls dev` makes it. Also part of the crate's integration tests.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, date_time_ymd,
};

/// An authority, and the folder with `ca.pem` and, for each name, `NAME.pem` and
/// `NAME.key`.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: tempfile::TempDir,
    /// Of the last certificate in each file.
    numbers: Mutex<HashMap<String, u64>>,
}

impl Authority {
    /// One that has given no certificates yet.
    pub(crate) fn new() -> Self {
        Self::called("tests of mfhm")
    }

    pub(crate) fn called(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self {
            issuer,
            dir,
            numbers: Mutex::default(),
        }
    }

    /// Writes a certificate for these names, and its key, to the files of `file`.
    pub(crate) fn give(&self, file: &str, names: &[&str]) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().unwrap();
        let number = u64::from_be_bytes(key.public_key_raw()[..8].try_into().unwrap()) >> 1;
        params.serial_number = Some(SerialNumber::from(number));
        let mut numbers = self.numbers.lock().unwrap();
        numbers.insert(file.to_owned(), number);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path(file, "pem"), certificate.pem()).unwrap();
        let key_file = self.path(file, "key");
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let owners = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&key_file, owners).unwrap();
        }
    }

    /// Writes the list of what was revoked, the certificates in these files; it says that
    /// it ends with this year.
    #[allow(dead_code)]
    pub(crate) fn revoke(&self, files: &[&str], year: i32) {
        let numbers = self.numbers.lock().unwrap();
        let revoked = files.iter().map(|file| RevokedCertParams {
            serial_number: SerialNumber::from(numbers[*file]),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(year, 12, 31),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer).unwrap().pem().unwrap();
        std::fs::write(self.path("ca", "crl"), list).unwrap();
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.{extension}"))
    }

    /// The certificate of the authority.
    pub(crate) fn ca(&self) -> PathBuf {
        self.path("ca", "pem")
    }

    #[allow(dead_code)]
    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }
}
