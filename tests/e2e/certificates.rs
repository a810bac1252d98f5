//! `mfhm tls dev`.

use std::path::Path;
use std::time::SystemTime;

use support::cli::mfhm;
use support::process::Program;

fn dev(dir: &Path) -> Program {
    mfhm().arg("tls").arg("dev").option("--dir", dir.display())
}

/// Name, content and time of change of each file.
fn files(dir: &Path) -> Vec<(String, Vec<u8>, SystemTime)> {
    let entries = std::fs::read_dir(dir).expect("a folder");
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            let changed = path.metadata().and_then(|metadata| metadata.modified());
            let content = std::fs::read(&path).expect("it is read");
            (name.into_owned(), content, changed.expect("a time"))
        })
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_made_once_and_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("tls");
    let (status, stdout, stderr) = dev(&dir).arg("users").run().await;
    assert!(status.success(), "{stderr}");
    let shown = |name: &str| dir.join(name).display().to_string();
    for expected in [
        format!("--tls-cert {}", shown("center.pem")),
        format!("MFHM_TLS_CERT={}", shown("users.pem")),
        "users; good until ".to_owned(),
    ] {
        assert!(stdout.contains(&expected), "no {expected} in {stdout}");
    }
    #[cfg(unix)]
    for (name, expected) in [("", 0o700), ("ca.key", 0o600), ("users.key", 0o600)] {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = dir.join(name).metadata().expect("it is there");
        assert_eq!(metadata.permissions().mode() & 0o777, expected, "{name}");
    }
    let before = files(&dir);
    assert!(before.iter().any(|(name, ..)| name == ".gitignore"));

    let (status, stdout, stderr) = dev(&dir).arg("users").run().await;
    assert!(status.success(), "{stderr}");
    assert!(stdout.contains("(as it was)"), "{stdout}");
    assert_eq!(files(&dir), before);

    let (status, _, stderr) = dev(&dir).arg("../users").run().await;
    assert!(!status.success());
    assert!(stderr.contains("\"../users\" is no name"), "{stderr}");
    std::fs::remove_file(dir.join("ca.key")).expect("it is there");
    let (status, _, stderr) = dev(&dir).arg("orders").run().await;
    assert!(!status.success());
    assert!(stderr.contains("ca.key: put it back"), "{stderr}");
    assert!(!dir.join("orders.pem").exists());
}
