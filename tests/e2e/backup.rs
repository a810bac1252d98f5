//! `mfhm center export` and `mfhm center import`.

use std::path::Path;

use serde_json::json;
use support::cli::mfhm;
use support::process::Program;
use support::{http, port};

fn center(command: &str, data: &Path) -> Program {
    mfhm()
        .arg("center")
        .arg(command)
        .option("--data-dir", data.display())
}

/// A center ran here, and this instance registered with it.
async fn data_with(id: &str, port: u16, key: Option<&str>) -> tempfile::TempDir {
    let data = tempfile::tempdir().expect("a folder");
    let own = port::free();
    let mut center = mfhm()
        .arg("center")
        .option("--port", own)
        .option("--data-dir", data.path().display())
        .start();
    center.answers(own, "/health", 200).await;
    let body = json!({"service": "users", "id": id, "address": {"port": port}, "key": key});
    let answer = http::request(own, "POST", "/v1/instances", &[], &body.to_string()).await;
    assert_eq!(answer.expect("an answer").status, 200);

    let (status, _, stderr) = self::center("export", data.path()).run().await;
    assert!(!status.success(), "a center runs here");
    assert!(
        stderr.contains("in use by another center: stop that one"),
        "{stderr}"
    );
    center.terminate();
    center.ended().await;
    data
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_center_is_a_center() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.jsonl");
    let data = data_with("a1", 4001, Some("a-canary-key")).await;
    let (status, stdout, stderr) = center("export", data.path()).arg(&copy).run().await;
    assert!(status.success(), "{stderr}");
    assert!(stderr.contains("exported 1 instances"), "{stderr}");
    assert!(!stdout.contains("a-canary-key") && !stderr.contains("a-canary-key"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&copy)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "it holds a key");
    }

    // To the standard output it is the same.
    let (_, stdout, _) = center("export", data.path()).run().await;
    assert_eq!(stdout, std::fs::read_to_string(&copy).expect("a file"));
    assert!(stdout.contains("a-canary-key"), "{stdout}");

    let other = folder.path().join("new/data");
    let (status, stdout, stderr) = center("import", &other).arg(&copy).run().await;
    assert!(status.success(), "{stderr}");
    assert!(stdout.contains("imported 1 instances"), "{stdout}");
    let own = port::free();
    let mut moved = mfhm()
        .arg("center")
        .option("--port", own)
        .option("--data-dir", other.display())
        .start();
    moved.answers(own, "/v1/services/users", 200).await;
    let view = http::get(own, "/v1/services/users")
        .await
        .expect("an answer");
    assert_eq!(view.json()["instances"][0]["id"], "a1");
    let trail = http::get(own, "/v1/audit").await.expect("an answer").json();
    assert_eq!(trail["entries"][0]["action"], "imported");
    assert!(!trail.to_string().contains("a-canary-key"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_center_is_copied() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy.jsonl"));
    let token_file = folder.path().join("token");
    let token = mfhm().arg("token").arg("new").option("--scope", "operate");
    let (_, token, _) = token.option("--data-dir", data.display()).run().await;
    std::fs::write(&token_file, &token).expect("it is written");
    let own = port::free();
    let mut center = mfhm()
        .arg("center")
        .option("--port", own)
        .option("--data-dir", data.display())
        .start();
    center.answers(own, "/health", 200).await;
    let body =
        json!({"service": "users", "id": "a1", "address": {"port": 4001}, "key": "a-canary-key"});
    let bearer = format!("Bearer {}", token.trim());
    let headers = [("authorization", bearer.as_str())];
    let answer = http::request(own, "POST", "/v1/instances", &headers, &body.to_string()).await;
    assert_eq!(answer.expect("an answer").status, 200);

    let url = format!("http://127.0.0.1:{own}");
    let export = || mfhm().arg("center").arg("export").option("--center", &url);
    let (status, _, stderr) = export().arg(&copy).run().await;
    assert!(!status.success());
    assert!(stderr.contains("this center wants a token"), "{stderr}");
    assert!(!copy.exists());
    let allowed = || export().option("--token-file", token_file.display());
    let (status, stdout, stderr) = allowed().arg(&copy).run().await;
    assert!(status.success(), "{stderr}");
    assert!(stderr.contains("exported 1 instances"), "{stderr}");
    assert!(!stdout.contains("a-canary-key") && !stderr.contains("a-canary-key"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = std::fs::metadata(&copy).expect("a file");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
    let (_, stdout, _) = allowed().run().await;
    let text = std::fs::read_to_string(&copy).expect("a file");
    assert_eq!(stdout, text);

    center.terminate();
    center.ended().await;
    let (_, stdout, _) = self::center("export", &data).run().await;
    assert_eq!(stdout, text, "a stopped one says the same");
    let (status, _, stderr) = allowed().arg(&copy).run().await;
    assert!(!status.success());
    assert!(stderr.contains("no answer from the center at"), "{stderr}");
    let again = std::fs::read_to_string(&copy).expect("a file");
    assert_eq!(again, text, "the copy from before is there");

    let other = folder.path().join("other");
    let (status, _, stderr) = self::center("import", &other).arg(&copy).run().await;
    assert!(status.success(), "{stderr}");
    // It had tokens, which no copy has.
    let moved = mfhm().arg("center").option("--port", own);
    let moved = moved.option("--data-dir", other.display());
    let (status, _, stderr) = moved.run().await;
    assert!(!status.success());
    assert!(stderr.contains("--forget-tokens"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_what_it_would_overwrite_and_which_lines_are_bad() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.jsonl");
    let (one, other) = (
        data_with("a1", 4001, None).await,
        data_with("b1", 4001, None).await,
    );
    center("export", one.path()).arg(&copy).run().await;
    let (status, _, stderr) = center("import", other.path()).arg(&copy).run().await;
    assert!(!status.success());
    assert!(
        stderr.contains("127.0.0.1:4001 (id b1)") && stderr.contains("--replace"),
        "{stderr}"
    );
    let replacing = center("import", other.path()).arg("--replace").arg(&copy);
    let (status, stdout, stderr) = replacing.run().await;
    assert!(status.success(), "{stderr}");
    assert!(stdout.contains("1 were replaced"), "{stdout}");

    let text = std::fs::read_to_string(&copy).expect("a file");
    std::fs::write(&copy, text.replace("\"port\":4001", "\"port\":0")).expect("it is written");
    let (status, _, stderr) = center("import", other.path()).arg(&copy).run().await;
    assert!(!status.success());
    assert!(
        stderr.contains("line 2") && stderr.contains("port"),
        "{stderr}"
    );

    let nothing = folder.path().join("nothing");
    let (status, _, stderr) = center("export", &nothing).run().await;
    assert!(!status.success());
    assert!(stderr.contains("there is no center's data in"), "{stderr}");
    assert!(!nothing.exists());
}
