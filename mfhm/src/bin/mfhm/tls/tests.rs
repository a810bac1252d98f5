//! Runs of `mfhm tls dev` in a folder.

use std::path::Path;
use std::process::Command;

use super::*;

fn dev(dir: &Path, names: &[&str]) -> Dev {
    Dev {
        name: names.iter().map(ToString::to_string).collect(),
        dir: dir.to_owned(),
        host: Vec::new(),
        days: 30,
        ca_days: 365,
        renew: false,
    }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("tls");
    (folder, dir)
}

/// What became of each name.
fn lines(report: &Report) -> Vec<(&str, &str)> {
    let lines = report.certificates.iter();
    lines.map(|line| (line.name.as_str(), line.was)).collect()
}

fn made(dev: &Dev, now: SystemTime) -> Report {
    dev.make(now)
        .unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn refused(dev: &Dev, now: SystemTime) -> String {
    dev.make(now).err().expect("it is refused").join("\n")
}

/// The files and what is in them, but for the lock.
fn contents(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn read(dir: &Path, name: &str) -> Certificate {
    Certificate::read(std::fs::read_to_string(dir.join(name)).unwrap()).unwrap()
}

#[test]
fn a_second_run_changes_nothing_and_a_new_name_adds_to_it() {
    let (_folder, dir) = folder();
    let now = SystemTime::now();
    let first = made(&dev(&dir, &["users"]), now);
    assert_eq!(first.authority.was, "new");
    assert_eq!(lines(&first), [("center", "new"), ("users", "new")]);
    let before = contents(&dir);
    let names: Vec<_> = before.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        ".gitignore",
        ".lock",
        "ca.key",
        "ca.pem",
        "center.key",
        "center.pem",
        "users.key",
        "users.pem",
    ];
    assert_eq!(names, expected);
    assert_eq!(before[0].1, "*\n");

    let second = made(&dev(&dir, &["users"]), now + DAY);
    assert_eq!(second.authority.was, "as it was");
    let kept = [("center", "as it was"), ("users", "as it was")];
    assert_eq!(lines(&second), kept);
    assert_eq!(contents(&dir), before);

    let third = made(&dev(&dir, &["orders"]), now + DAY);
    let expected = [
        ("center", "as it was"),
        ("orders", "new"),
        ("users", "as it was"),
    ];
    assert_eq!(lines(&third), expected);
    let after = contents(&dir);
    assert!(before.iter().all(|file| after.contains(file)));
}

#[cfg(unix)]
#[test]
fn keys_and_the_folder_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, dir) = folder();
    made(&dev(&dir, &["users"]), SystemTime::now());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for key in ["ca.key", "center.key", "users.key"] {
        assert_eq!(mode(&dir.join(key)), 0o600, "{key}");
    }
}

#[test]
fn a_certificate_names_its_service_and_says_when_it_ends() {
    let (_folder, dir) = folder();
    let now = SystemTime::now();
    let report = made(&dev(&dir, &["users"]), now);
    let center = read(&dir, "center.pem");
    let shown: Vec<_> = center.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["center", "localhost", "127.0.0.1", "::1"]);
    let users = read(&dir, "users.pem");
    assert_eq!(users.hosts, [Host::Name("users".to_owned())].into());
    let lasts = users.ends.duration_since(now).unwrap();
    assert!(lasts <= 30 * DAY && lasts > 30 * DAY - Duration::from_secs(2));
    assert!(users.begins < now);
    let told = dev(&dir, &["users"]).tell(&report);
    let file = |name: &str| dir.join(name).display().to_string();
    let line = format!(
        "{}: users; good until {} (new)",
        file("users.pem"),
        date(users.ends)
    );
    assert!(told.contains(&line), "{told}");
    let (pem, key, ca) = (file("center.pem"), file("center.key"), file("ca.pem"));
    let command = format!("mfhm center --tls-cert {pem} --tls-key {key} --tls-ca {ca}");
    assert!(told.contains(&command), "{told}");
    assert!(!told.contains("No certificate is good"), "{told}");
}

#[test]
fn what_ends_soon_is_renewed_with_its_key() {
    let (_folder, dir) = folder();
    let now = SystemTime::now();
    made(&dev(&dir, &["users"]), now);
    let before = contents(&dir);
    let early = made(&dev(&dir, &[]), now + 19 * DAY);
    assert_eq!(lines(&early)[1], ("users", "as it was"));
    let later = now + 21 * DAY;
    let renewed = made(&dev(&dir, &[]), later);
    let expected = "renewed, for it would have ended soon";
    assert_eq!(lines(&renewed), [("center", expected), ("users", expected)]);
    let after = contents(&dir);
    let changed: Vec<_> = before
        .iter()
        .filter(|file| !after.contains(file))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(changed, ["center.pem", "users.pem"]);
    let lasts = read(&dir, "users.pem").ends.duration_since(later).unwrap();
    assert!(lasts > 29 * DAY, "{lasts:?}");
    let ended = made(&dev(&dir, &[]), now + 60 * DAY);
    assert_eq!(lines(&ended)[1], ("users", "renewed, for it had ended"));
}

#[test]
fn only_what_was_named_is_renewed_and_gets_more_hosts() {
    let (_folder, dir) = folder();
    let now = SystemTime::now();
    made(&dev(&dir, &["users", "orders"]), now);
    let renew = Dev {
        renew: true,
        ..dev(&dir, &["users"])
    };
    let report = made(&renew, now);
    let expected = [
        ("center", "as it was"),
        ("users", "renewed"),
        ("orders", "as it was"),
    ];
    assert_eq!(lines(&report), expected);
    let more = Dev {
        host: vec![Host::parse("10.0.0.7").unwrap()],
        ..dev(&dir, &[])
    };
    let report = made(&more, now);
    assert_eq!(lines(&report)[0], ("center", "renewed, for more hosts"));
    assert_eq!(lines(&made(&more, now))[0], ("center", "as it was"));
    let hosts = read(&dir, "center.pem").hosts;
    assert_eq!(hosts.len(), 5, "those from before stay: {hosts:?}");
    let report = made(&dev(&dir, &[]), now);
    assert_eq!(lines(&report)[0], ("center", "as it was"));
}

#[test]
fn nothing_is_good_for_longer_than_the_authority() {
    let (_folder, dir) = folder();
    let now = SystemTime::now();
    let short = Dev {
        ca_days: 10,
        ..dev(&dir, &["users"])
    };
    let report = made(&short, now);
    assert_eq!(read(&dir, "users.pem").ends, read(&dir, "ca.pem").ends);
    let told = short.tell(&report);
    assert!(told.contains("No certificate is good for longer"), "{told}");
    let says = refused(&dev(&dir, &["users"]), now + 11 * DAY);
    assert!(says.contains("begin anew in another folder"), "{says}");
}

#[test]
fn half_of_a_pair_is_no_ground_to_make_the_other_half() {
    for (gone, says) in [
        ("ca.key", "begin anew in another folder"),
        ("ca.pem", "begin anew in another folder"),
        ("users.key", "to have both made anew"),
        ("users.pem", "to have both made anew"),
    ] {
        let (_folder, dir) = folder();
        let now = SystemTime::now();
        made(&dev(&dir, &["users"]), now);
        std::fs::remove_file(dir.join(gone)).unwrap();
        let before = contents(&dir);
        let said = refused(&dev(&dir, &["users", "orders"]), now);
        assert!(said.contains(gone) && said.contains(says), "{gone}: {said}");
        assert_eq!(contents(&dir), before, "{gone}");
    }
}

#[test]
fn what_does_not_belong_together_is_told_apart() {
    let (_folder, dir) = folder();
    let (_other_folder, other) = folder();
    let now = SystemTime::now();
    made(&dev(&dir, &["users"]), now);
    made(&dev(&other, &["users"]), now);
    let copy = |name: &str| std::fs::copy(other.join(name), dir.join(name)).unwrap();
    copy("users.key");
    let said = refused(&dev(&dir, &["users"]), now);
    assert!(said.contains("users.key is not the key of"), "{said}");
    copy("users.pem");
    let said = refused(&dev(&dir, &["users"]), now);
    assert!(said.contains("users.pem is not by the authority"), "{said}");
    // Nobody asked for it, and there are other files in the world.
    made(&dev(&dir, &[]), now);
    std::fs::write(dir.join("users.pem"), "garbage").unwrap();
    let said = refused(&dev(&dir, &["users"]), now);
    assert!(said.contains("no certificate in PEM"), "{said}");
    copy("ca.key");
    let said = refused(&dev(&dir, &[]), now);
    assert!(said.contains("its key is another one's"), "{said}");
    std::fs::copy(dir.join("center.pem"), dir.join("ca.pem")).unwrap();
    std::fs::copy(dir.join("center.key"), dir.join("ca.key")).unwrap();
    let said = refused(&dev(&dir, &[]), now);
    assert!(said.contains("that of no authority"), "{said}");
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let (_folder, dir) = folder();
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("Cargo.toml"), "").unwrap();
    let said = refused(&dev(&dir, &[]), SystemTime::now());
    assert!(said.contains("holds other files"), "{said}");
    assert_eq!(contents(&dir).len(), 1);
    std::fs::remove_file(dir.join("Cargo.toml")).unwrap();
    made(&dev(&dir, &[]), SystemTime::now());
}

#[test]
fn a_bad_name_is_refused_before_anything_is_made() {
    let (_folder, dir) = folder();
    let said = refused(&dev(&dir, &["users", "../users", "ca"]), SystemTime::now());
    assert!(
        said.contains("\"../users\"") && said.contains("\"ca\""),
        "{said}"
    );
    assert!(!dir.exists());
}

/// Somebody else's reading of what is made.
#[test]
fn openssl_takes_the_certificates_for_both_sides() {
    if Command::new("openssl").arg("version").output().is_err() {
        let is_required = std::env::var_os("MFHM_REQUIRE_OPENSSL").is_some();
        assert!(!is_required, "there is no openssl");
        eprintln!("skipped: there is no openssl");
        return;
    }
    let (_folder, dir) = folder();
    let now = SystemTime::now();
    made(&dev(&dir, &["users"]), now);
    let renew = Dev {
        renew: true,
        ..dev(&dir, &[])
    };
    made(&renew, now);
    let verify = |more: &[&str], name: &str| {
        let mut command = Command::new("openssl");
        command
            .arg("verify")
            .args(["-x509_strict", "-CAfile", "ca.pem"]);
        let output = command
            .args(more)
            .arg(name)
            .current_dir(&dir)
            .output()
            .unwrap();
        (output.status.success(), format!("{output:?}"))
    };
    for (more, name, is_good) in [
        (
            &["-purpose", "sslserver", "-verify_hostname", "users"][..],
            "users.pem",
            true,
        ),
        (&["-purpose", "sslclient"], "users.pem", true),
        (
            &["-purpose", "sslserver", "-verify_ip", "::1"],
            "center.pem",
            true,
        ),
        (
            &["-purpose", "sslserver", "-verify_ip", "127.0.0.1"],
            "center.pem",
            true,
        ),
        (&["-verify_hostname", "orders"], "users.pem", false),
        (&["-verify_ip", "127.0.0.1"], "users.pem", false),
    ] {
        let (verified, output) = verify(more, name);
        assert_eq!(verified, is_good, "{more:?} {name}: {output}");
    }
}
