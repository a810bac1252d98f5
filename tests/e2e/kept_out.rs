//! Who is kept out, seen from outside: programs that are started as an operator would,
//! and what they write.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use support::cli::mfhm;
use support::process::Process;
use support::{http, port, wait};
use tempfile::{TempDir, tempdir};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::programs::service_program;

/// What `mfhm token new` prints.
async fn token(data: &Path, arguments: &[&str]) -> String {
    let program = mfhm().arg("token").arg("new");
    let program = program.option("--data-dir", data.display());
    let program = arguments
        .iter()
        .fold(program, |program, argument| program.arg(argument));
    let (status, stdout, stderr) = program.run().await;
    assert!(status.success(), "{stderr}");
    assert!(!stderr.contains(stdout.trim()), "{stderr}");
    stdout.trim().to_owned()
}

/// A center with this data directory and all that it can log.
fn center(data: &Path, port: u16) -> Process {
    mfhm()
        .arg("center")
        .option("--port", port)
        .option("--data-dir", data.display())
        .option("--ping-interval", "500ms")
        .option("--ping-timeout", "250ms")
        .env("MFHM_LOG", "trace")
        // Nobody is there: what goes over a proxy goes nowhere.
        .env("http_proxy", "http://127.0.0.1:9")
        .start()
}

async fn read_with(port: u16, path: &str, token: &str) -> http::Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let answer = http::request(port, "GET", path, &headers, "").await;
    answer.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_center_needs_a_token_and_then_asks_everybody() {
    let folder = tempdir().expect("a folder");
    let data = folder.path().join("data");
    let port = port::free();
    let open = || {
        mfhm()
            .arg("center")
            .option("--host", "0.0.0.0")
            .option("--port", port)
            .option("--data-dir", data.display())
    };
    let (status, _, stderr) = open().run().await;
    assert!(!status.success());
    let command = format!("mfhm token new --name NAME --data-dir {}", data.display());
    assert!(stderr.contains(&command), "{stderr}");

    let read = token(&data, &["--scope", "read"]).await;
    let mut center = open().start();
    center.answers(port, "/health", 200).await;
    center.answers(port, "/v1/services", 401).await;
    assert_eq!(read_with(port, "/v1/services", &read).await.status, 200);

    // While it runs: a new one works at once, a revoked one soon no more.
    let other = token(&data, &["--scope", "operate"]).await;
    assert_eq!(read_with(port, "/v1/services", &other).await.status, 200);
    let place = |program: support::process::Program| program.option("--data-dir", data.display());
    let (status, listed, stderr) = place(mfhm().arg("token").arg("list")).run().await;
    assert!(status.success(), "{stderr}");
    assert!(
        listed.contains("read") && listed.contains("operate"),
        "{listed}"
    );
    for line in listed.lines() {
        let id = line.split(' ').next().expect("an id");
        let revoke = mfhm().arg("token").arg("revoke").arg(id);
        let (status, _, stderr) = place(revoke).run().await;
        assert!(status.success(), "{stderr}");
    }
    wait::until("the end of the tokens", async || {
        let is_out = read_with(port, "/v1/services", &other).await.status == 401;
        is_out.then_some(())
    })
    .await;
    let answer = http::get(port, "/v1/services").await.expect("an answer");
    assert_eq!(answer.status, 401, "and it stays shut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_refused_says_what_to_do_and_comes_in_when_it_was_done() {
    let folder = tempdir().expect("a folder");
    let data = folder.path().join("data");
    let read = token(&data, &["--scope", "read"]).await;
    let port = port::free();
    let mut center = center(&data, port);
    center.answers(port, "/health", 200).await;
    let url = format!("http://127.0.0.1:{port}");
    let service_port = port::free();
    let mut without = service_program(&["service01"], &url)
        .env("MFHM_PORT", service_port)
        .start();
    let said = without.line("the center refuses the registration").await;
    assert!(said.contains("mfhm token new --name NAME"), "{said}");
    assert!(said.contains("MFHM_TOKEN_FILE"), "{said}");
    let logged = center.line("refused").await;
    let command = format!("mfhm token new --name NAME --data-dir {}", data.display());
    assert!(logged.contains(&command), "{logged}");
    // It serves all the same.
    without.answers(service_port, "/hello", 200).await;
    assert!(!without.has_ended());

    let other = token(&data, &["--name", "other"]).await;
    let mut wrong = service_program(&["service01"], &url)
        .env("MFHM_PORT", port::free())
        .env("MFHM_TOKEN", &other)
        .start();
    let said = wrong.line("the center refuses the registration").await;
    assert!(said.contains("mfhm token new --name service01"), "{said}");

    let right = token(&data, &["--name", "service01"]).await;
    let _right = service_program(&["service01"], &url)
        .env("MFHM_PORT", 0)
        .env("MFHM_TOKEN", &right)
        .start();
    wait::until("the registration", async || {
        let answer = read_with(port, "/v1/services/service01", &read).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

/// Passes everything on to a center, and keeps what is sent to it.
async fn recorder(center: u16) -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let recorded = Arc::<Mutex<Vec<u8>>>::default();
    let kept = recorded.clone();
    tokio::spawn(async move {
        while let Ok((inside, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move {
                let outside = TcpStream::connect(("127.0.0.1", center)).await?;
                let (mut from, mut back) = inside.into_split();
                let (mut answers, mut to) = outside.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
                let mut buffer = [0; 4096];
                loop {
                    let count = from.read(&mut buffer).await?;
                    if count == 0 {
                        return to.shutdown().await;
                    }
                    kept.lock().expect("no panic").extend(&buffer[..count]);
                    to.write_all(&buffer[..count]).await?;
                }
            });
        }
    });
    (port, recorded)
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// What a guarded center, a guarded service and a caller wrote.
struct Written {
    texts: Vec<(String, String)>,
    data: PathBuf,
    _folder: TempDir,
}

impl Written {
    /// Where this text is, and may not be.
    fn places(&self, secret: &str, may_be_in: &[&str]) -> Vec<String> {
        let has = |bytes: &[u8]| has(bytes, secret);
        let texts = self.texts.iter().filter(|(_, text)| has(text.as_bytes()));
        let texts = texts.map(|(name, _)| name.clone());
        let files = files(&self.data).into_iter().filter(|file| {
            let name = file.file_name().expect("a name").to_string_lossy();
            !may_be_in.contains(&&*name) && has(&std::fs::read(file).expect("a file"))
        });
        let files = files.map(|file| file.display().to_string());
        texts.chain(files).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_in_what_the_programs_write() {
    const KEY: &str = "canary-key-5d0c2f7e9a";
    let folder = tempdir().expect("a folder");
    let data = folder.path().join("data");
    let key_file = folder.path().join("service.key");
    std::fs::write(&key_file, KEY).expect("a file");
    let register = token(&data, &["--name", "service01"]).await;
    let read = token(&data, &["--scope", "read"]).await;
    let unknown = "mfhm_canary0123456789";
    let center_port = port::free();
    let mut center = center(&data, center_port);
    center.answers(center_port, "/health", 200).await;

    let (through, sent) = recorder(center_port).await;
    let url = format!("http://127.0.0.1:{through}");
    let mut service = service_program(&["service01"], &url)
        .env("MFHM_PORT", 0)
        .env("MFHM_KEY_FILE", key_file.display())
        .env("MFHM_TOKEN", &register)
        .env("MFHM_LOG", "trace")
        .env("http_proxy", "http://127.0.0.1:9")
        .start();
    wait::until("the service is up", async || {
        let answer = read_with(center_port, "/v1/services/service01", &read).await;
        answer.body.contains(r#""status":"up""#).then_some(())
    })
    .await;
    // A caller that is told the key, and one that is told nothing.
    let call = |token: &str| {
        mfhm()
            .arg("call")
            .option("--center", format!("http://127.0.0.1:{center_port}"))
            .arg("service01")
            .arg("hello")
            .env("MFHM_TOKEN", token)
            .env("MFHM_LOG", "trace")
            .env("http_proxy", "http://127.0.0.1:9")
    };
    let (status, stdout, called) = call(&read).run().await;
    assert!(status.success(), "{stdout}{called}");
    let (status, _, refused) = call(unknown).run().await;
    assert!(!status.success(), "{refused}");

    let lease = {
        let sent = sent.lock().expect("no panic");
        let sent = String::from_utf8_lossy(&sent);
        let (_, after) = sent.split_once(r#""secret":""#).expect("a lease secret");
        after.split('"').next().expect("its end").to_owned()
    };
    assert_eq!(lease.len(), 64, "{lease}");
    let mut texts = vec![
        ("call".to_owned(), called),
        ("refused call".to_owned(), refused),
    ];
    for path in [
        "/health",
        "/v1/services",
        "/v1/services/service01",
        "/v1/services/service01/openapi.json",
        "/v1/services/service01/callers",
        "/v1/services/service01/compatibility",
    ] {
        let answer = read_with(center_port, path, &read).await;
        assert_eq!(answer.status, 200, "{path}");
        texts.push((path.to_owned(), format!("{}{}", answer.head, answer.body)));
    }
    // The center needs the key for its pings. And so the search finds what is there.
    let stored = std::fs::read(data.join("center.redb")).expect("a file");
    assert!(has(&stored, KEY), "the key is in center.redb");
    service.terminate();
    service.ended().await;
    texts.push(("the service's log".to_owned(), service.output()));
    center.terminate();
    center.ended().await;
    texts.push(("the center's log".to_owned(), center.output()));
    assert!(center.output().contains("TRACE") || center.output().contains("DEBUG"));
    let written = Written {
        texts,
        data,
        _folder: folder,
    };

    assert_eq!(written.places(KEY, &["center.redb"]), Vec::<String>::new());
    for secret in [&register, &read, &lease, unknown] {
        assert_eq!(
            written.places(secret, &[]),
            Vec::<String>::new(),
            "{secret}"
        );
    }
    assert!(!written.places("service01", &[]).is_empty());
}
