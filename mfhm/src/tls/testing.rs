//! Tests only: an authority and the certificates that it gives, in a folder as
//! `mfhm tls dev` makes it. Also part of the crate's integration tests.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// An authority, and the folder with `ca.pem` and, for each name, `NAME.pem` and
/// `NAME.key`.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: tempfile::TempDir,
}

impl Authority {
    /// One that has given no certificates yet.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "tests of mfhm");
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, dir }
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
