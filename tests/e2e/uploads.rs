//! Forms with files between mfhm and others: curl sends one to a service, and
//! Python's standard library reads what a client sends.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use mfhm::{App, Bytes, Multipart, MultipartError, Part, RunningApp, Service};
use serde_json::{Value, json};

#[mfhm::client(service = "album")]
pub(crate) trait Album {
    /// Name, file name, content type and length of each part.
    #[post("/photos")]
    async fn upload(&self, #[multipart] form: Multipart) -> Result<Value, MultipartError>;
}

struct Shelf;

#[mfhm::service]
impl Album for Shelf {
    async fn upload(&self, mut form: Multipart) -> Result<Value, MultipartError> {
        let mut seen = Vec::new();
        while let Some(mut part) = form.next().await? {
            let mut length = 0;
            while let Some(chunk) = part.chunk().await? {
                length += chunk.len();
            }
            seen.push(json!([
                part.name(),
                part.file_name(),
                part.content_type(),
                length
            ]));
        }
        Ok(seen.into())
    }
}

async fn start(service: impl Service) -> RunningApp {
    App::new()
        .service(service)
        .center("http://127.0.0.1:9")
        .port(0)
        .local_calls(false)
        .start()
        .await
        .expect("it starts")
}

/// The program's output, or `None` where there is no such program.
fn run(mut command: Command, input: &[u8]) -> Option<String> {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("SKIPPED: {command:?} cannot be run: {error}");
            return None;
        }
    };
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input).expect("it reads all of it");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{command:?}");
    Some(String::from_utf8(output.stdout).expect("it is UTF-8"))
}

#[tokio::test(flavor = "multi_thread")]
async fn from_curl() {
    let app = start(Shelf).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("film.bin");
    std::fs::write(&file, vec![13; 5_000_000]).expect("it is written");
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-F", "title=The cat", "-F"])
        .arg(format!("film=@{}", file.display()))
        .arg("-F")
        .arg(format!(
            "photo=@{};type=image/png;filename=\"a \\\"b\\\".png\"",
            file.display()
        ))
        .args(["-F", "last=ü"])
        .arg(format!("{}/photos", app.services()[0].url()));
    let Some(answer) = tokio::task::spawn_blocking(move || run(curl, b""))
        .await
        .expect("no panic")
    else {
        return;
    };
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let expected = json!([
        ["title", null, null, 7],
        ["film", "film.bin", "application/octet-stream", 5_000_000],
        ["photo", "a \"b\".png", "image/png", 5_000_000],
        ["last", null, null, 2],
    ]);
    assert_eq!(answer, expected);
    app.stop().await;
}

/// Keeps what is sent to it, undecoded.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<u8>>>);

#[mfhm::service(name = "recorder")]
impl Recorder {
    #[post("/photos")]
    async fn record(&self, #[header] content_type: &str, #[body(bytes)] body: Bytes) -> Value {
        let mut kept = self.0.lock().expect("no panic");
        *kept = format!("Content-Type: {content_type}\r\n\r\n").into_bytes();
        kept.extend_from_slice(&body);
        Value::Null
    }
}

const READ: &str = r#"
import email, json, sys
from email.policy import HTTP
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=HTTP)
assert not message.defects, message.defects
print(json.dumps([
    [part.get_param("name", header="content-disposition"), part.get_filename(),
     part.get_content_type(), part.get_payload(decode=True).hex()]
    for part in message.iter_parts()
]))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn to_python() {
    let recorder = Recorder::default();
    let app = start(recorder.clone()).await;
    let client = AlbumClient::at(&app.services()[0].url()).expect("a client");
    let photo = Part::new(&b"\x00\xff\r\n--"[..])
        .with_file_name("a \"b\".png")
        .with_content_type("image/png");
    let form = Multipart::new().text("title", "x").part("photo", photo);
    client.upload(form).await.expect("it is recorded");
    let sent = recorder.0.lock().expect("no panic").clone();
    let mut python = Command::new("python3");
    python.args(["-c", READ]);
    let Some(read) = tokio::task::spawn_blocking(move || run(python, &sent))
        .await
        .expect("no panic")
    else {
        return;
    };
    let read: Value = serde_json::from_str(&read).expect("JSON");
    let expected = json!([
        ["title", null, "text/plain", "78"],
        ["photo", "a %22b%22.png", "image/png", "00ff0d0a2d2d"],
    ]);
    assert_eq!(read, expected);
    app.stop().await;
}
