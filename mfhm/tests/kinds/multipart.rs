//! Forms with files.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use mfhm::{ByteStream, Bytes, CallError, CallOptions, Multipart, MultipartError, Part};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};

use crate::support::{addr, raw, refused, start, url};

/// What arrived of a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    text: String,
}

#[mfhm::client(service = "uploads")]
pub(crate) trait Uploads {
    #[post("/parts/{album}")]
    async fn parts(
        &self,
        album: &str,
        #[multipart] form: Multipart,
        #[header("x-tenant")] tenant: Option<&str>,
    ) -> Result<Vec<Seen>, MultipartError>;

    #[put("/limited")]
    #[body_limit(1_000)]
    async fn limited(&self, #[multipart] form: Multipart) -> Result<usize, MultipartError>;

    #[post("/first")]
    async fn first(&self, #[multipart] form: Multipart) -> Result<ByteStream, MultipartError>;

    #[post("/ignored")]
    async fn ignored(&self, #[multipart] form: Multipart);
}

struct Album;

#[mfhm::service]
impl Uploads for Album {
    async fn parts(
        &self,
        album: &str,
        mut form: Multipart,
        tenant: Option<&str>,
    ) -> Result<Vec<Seen>, MultipartError> {
        let mut seen = Vec::new();
        while let Some(mut part) = form.next().await? {
            // What is skipped is skipped whole.
            let text = match part.name() {
                "skipped" => format!("{album} {tenant:?}"),
                "short" => String::from_utf8(part.bytes_up_to(2).await?.to_vec()).unwrap(),
                _ => part.text().await?,
            };
            seen.push(Seen {
                name: part.name().to_owned(),
                file_name: part.file_name().map(str::to_owned),
                content_type: part.content_type().map(str::to_owned),
                text,
            });
        }
        Ok(seen)
    }

    async fn limited(&self, mut form: Multipart) -> Result<usize, MultipartError> {
        let mut size = 0;
        while let Some(mut part) = form.next().await? {
            size += part.bytes().await?.len();
        }
        Ok(size)
    }

    async fn first(&self, mut form: Multipart) -> Result<ByteStream, MultipartError> {
        let first = form.next().await?.unwrap();
        // The form goes out of reach: what was lent stays readable.
        Ok(first.into_stream())
    }

    async fn ignored(&self, _form: Multipart) {}
}

fn seen(name: &str, text: &str) -> Seen {
    Seen {
        name: name.to_owned(),
        file_name: None,
        content_type: None,
        text: text.to_owned(),
    }
}

async fn check(client: UploadsClient) {
    let chunks = ["\r\n--x", "", "ü"].map(Bytes::from);
    let photo = Part::new(&b"\x00\r\n"[..])
        .with_file_name("a \"b\".png")
        .with_content_type("image/png");
    let long = ByteStream::new(stream::iter(vec![Bytes::from(vec![7; 64 * 1024]); 50]));
    let form = Multipart::new()
        .text("title", "The cat\r\nü")
        .part("photo", photo)
        .part("skipped", long)
        .text("title", "")
        .part("stream", ByteStream::new(stream::iter(chunks)));
    let parts = client.parts("a/b", form, Some("acme")).await.unwrap();
    let photo = Seen {
        file_name: Some("a \"b\".png".to_owned()),
        content_type: Some("image/png".to_owned()),
        ..seen("photo", "\x00\r\n")
    };
    let expected = [
        seen("title", "The cat\r\nü"),
        photo,
        seen("skipped", "a/b Some(\"acme\")"),
        seen("title", ""),
        seen("stream", "\r\n--xü"),
    ];
    assert_eq!(parts, expected);
    assert_eq!(client.parts("a", Multipart::new(), None).await.unwrap(), []);
    client
        .ignored(Multipart::new().text("a", "b"))
        .await
        .unwrap();

    let form = Multipart::new().text("first", "1").text("second", "2");
    let first = client.first(form).await.unwrap();
    assert_eq!(first.read_to_end(10).await.unwrap(), "1");

    // What a part is refused for is its name's error, and typed.
    for (name, bytes, is_too_large, says) in [
        (
            "short",
            "abc",
            true,
            "the part `short` is longer than 2 bytes",
        ),
        (
            "long",
            &"x".repeat((2 << 20) + 1),
            true,
            "the part `long` is longer than 2097152 bytes",
        ),
    ] {
        let form = Multipart::new().text("a", "b").text(name, bytes);
        match client.parts("a", form, None).await.unwrap_err() {
            CallError::Api(error) => {
                assert_eq!(error.to_string(), says);
                assert_eq!(
                    (error.part(), error.is_too_large()),
                    (Some(name), is_too_large)
                );
            }
            other => panic!("{other:?}"),
        }
    }
    let form = Multipart::new().part("bytes", &b"\xff"[..]);
    match client.parts("a", form, None).await.unwrap_err() {
        CallError::Api(error) => assert_eq!(error.to_string(), "the part `bytes` is not UTF-8"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn all_ways_give_the_same() {
    check(UploadsClient::local(Album)).await;
    check(UploadsClient::routed(Album)).await;
    let app = start(Album).await;
    check(UploadsClient::at(&url(&app)).unwrap()).await;
    app.stop().await;
}

#[tokio::test]
async fn the_whole_has_the_declared_limit() {
    let app = start(Album).await;
    for client in [
        UploadsClient::routed(Album),
        UploadsClient::at(&url(&app)).unwrap(),
    ] {
        let form = Multipart::new().text("a", "b".repeat(500));
        assert_eq!(client.limited(form).await.unwrap(), 500);
        let form = Multipart::new()
            .text("a", "b".repeat(400))
            .text("c", "d".repeat(600));
        let error = client.limited(form).await.unwrap_err();
        // It says how long it is, so the handler need not run.
        let status = error.fault().and_then(mfhm::Fault::status);
        assert_eq!(status.map(|status| status.as_u16()), Some(413), "{error:?}");
        let unknown = ByteStream::new(stream::iter([Bytes::from("d".repeat(600))]));
        let form = Multipart::new()
            .text("a", "b".repeat(400))
            .part("c", Part::new(unknown));
        let error = client.limited(form).await.unwrap_err();
        assert!(
            error.api().is_some_and(MultipartError::is_too_large),
            "{error:?}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_caller_whose_stream_fails_sends_no_whole() {
    let app = start(Album).await;
    for client in [
        UploadsClient::local(Album),
        UploadsClient::routed(Album),
        UploadsClient::at(&url(&app)).unwrap(),
    ] {
        let broken = stream::iter([Ok(Bytes::from_static(b"a")), Err("gone")]);
        let form = Multipart::new().part("skipped", ByteStream::try_new(broken));
        client.parts("a", form, None).await.unwrap_err();
    }
    let form = Multipart::new().text("a\\", "b");
    let error = UploadsClient::routed(Album)
        .parts("a", form, None)
        .await
        .unwrap_err();
    let fault = error.fault().unwrap();
    assert!(fault.is_invalid_request(), "{fault}");
    assert!(
        fault
            .to_string()
            .contains("the multipart parameter `form` has a part whose name")
    );
    app.stop().await;
}

#[tokio::test]
async fn bad_forms_are_named() {
    let app = start(Album).await;
    let addr = addr(&app);
    for content_type in [
        "",
        "|content-type: application/json",
        "|content-type: multipart/mixed; boundary=b",
        "|content-type: \u{fffd}",
    ] {
        let answer = raw(addr, &format!("POST /parts/a{content_type}"), b"--b--").await;
        refused(&answer, 415, "body", "form");
    }
    let long = format!("; boundary={}", "b".repeat(71));
    for parameters in ["", "; boundary=", "; boundary", "; charset=utf-8", &long] {
        let head = format!("POST /parts/a|content-type: multipart/form-data{parameters}");
        refused(&raw(addr, &head, b"--b--").await, 400, "body", "form");
    }
    let head = "POST /parts/a|Content-Type: Multipart/Form-Data; Boundary=\"b\"";
    let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    let whole = raw(addr, head, format!("{part}--b--").as_bytes()).await;
    assert_eq!(whole.status, 200, "{whole:?}");
    for body in [
        "",
        "--b",
        part,
        &part[..part.len() - 5],
        "--b\r\n\r\n\r\n--b--",
    ] {
        let answer = raw(addr, head, body.as_bytes()).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.text.contains("mfhm.invalid_multipart"), "{answer:?}");
    }
    // Cut off below its own length: the connection is closed, nothing hangs.
    let cut = raw(
        addr,
        &format!("{head}|content-length: 9999"),
        part.as_bytes(),
    )
    .await;
    assert!(cut.status == 400 || cut.status == 0, "{cut:?}");
    app.stop().await;
}

#[cfg(feature = "openapi")]
#[test]
fn the_document_says_what_it_is() {
    let document = mfhm::App::new().service(Album).openapi("uploads").unwrap();
    let operation = &document["paths"]["/parts/{album}"]["post"];
    let content = serde_json::json!({ "multipart/form-data": { "schema": { "type": "object" } } });
    assert_eq!(operation["requestBody"]["content"], content);
    assert_eq!(operation["requestBody"]["required"], true);
    assert!(operation["responses"]["415"].is_object(), "{operation}");
    assert!(operation["responses"]["413"].is_object(), "{operation}");
}

#[mfhm::client(service = "large")]
pub(crate) trait Large {
    #[post("/films")]
    async fn upload(&self, #[multipart] form: Multipart) -> Result<usize, MultipartError>;
}

/// Reads a chunk for each permit, and reports its size.
#[derive(Clone)]
struct Gauge {
    permits: Arc<Semaphore>,
    report: mpsc::UnboundedSender<usize>,
}

#[mfhm::service]
impl Large for Gauge {
    async fn upload(&self, mut form: Multipart) -> Result<usize, MultipartError> {
        let mut size = 0;
        while let Some(mut part) = form.next().await? {
            while let Some(chunk) = part.chunk().await? {
                // Where the part ends there may be an empty one.
                if chunk.is_empty() {
                    continue;
                }
                size += chunk.len();
                self.report.send(chunk.len()).unwrap();
                self.permits.acquire().await.unwrap().forget();
            }
        }
        Ok(size)
    }
}

/// 256 MiB, of which at no time much is on its way: more is asked of the sender
/// as the reader goes on, and not before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_is_never_in_memory() {
    const CHUNK: usize = 64 * 1024;
    const FILE: usize = 256 << 20;
    /// The kernel's buffers of a loopback connection are on the way, too.
    const AHEAD: usize = 16 << 20;

    let permits = Arc::new(Semaphore::new(0));
    let (report, mut reports) = mpsc::unbounded_channel();
    let gauge = Gauge {
        permits: permits.clone(),
        report,
    };
    let app = start(gauge.clone()).await;
    for client in [
        LargeClient::local(gauge.clone()),
        LargeClient::routed(gauge),
        LargeClient::at(&url(&app)).unwrap(),
    ] {
        let client = client.with(CallOptions::new().timeout(Duration::from_secs(600)));
        let made = Arc::new(AtomicUsize::new(0));
        let counter = made.clone();
        let chunk = Bytes::from(vec![7; CHUNK]);
        let chunks = stream::iter(0..FILE / CHUNK).map(move |_| {
            counter.fetch_add(CHUNK, Ordering::Relaxed);
            chunk.clone()
        });
        let form = Multipart::new().part("film", ByteStream::new(chunks));
        let mut call = tokio::spawn(async move { client.upload(form).await });
        let mut read = 0;
        while read < FILE {
            read += tokio::select! {
                size = reports.recv() => size.unwrap(),
                early = &mut call => panic!("{early:?} after {read}"),
            };
            let ahead = made.load(Ordering::Relaxed).saturating_sub(read);
            assert!(
                ahead <= AHEAD,
                "{ahead} bytes are on their way after {read}"
            );
            permits.add_permits(1);
        }
        assert_eq!(call.await.unwrap().unwrap(), FILE);
    }
    app.stop().await;
}
