//! Files as answers.

use std::path::PathBuf;
use std::time::SystemTime;

use mfhm::{CallError, File, Multipart, MultipartError};

use crate::params::Refused;
use crate::support::{addr, raw, start, url};

#[mfhm::client(service = "files")]
pub(crate) trait Files {
    #[get("/file/{name}")]
    async fn file(&self, name: &str, save: Option<&str>) -> Result<File, Refused>;

    #[get("/made")]
    #[status(203)]
    async fn made(&self) -> File;

    #[post("/first")]
    async fn first(&self, #[multipart] form: Multipart) -> Result<File, MultipartError>;
}

struct Folder(PathBuf);

#[mfhm::service]
impl Files for Folder {
    async fn file(&self, name: &str, save: Option<&str>) -> Result<File, Refused> {
        let opened = File::open(self.0.join(name)).await;
        let file = opened.map_err(|error| Refused::Taken {
            name: error.kind().to_string(),
        })?;
        Ok(match save {
            Some(save) => file.download_as(save),
            None => file,
        })
    }

    async fn made(&self) -> File {
        File::new("", "made")
    }

    async fn first(&self, mut form: Multipart) -> Result<File, MultipartError> {
        let first = form.next().await?.unwrap();
        let content_type = first.content_type().unwrap_or_default().to_owned();
        let name = first.file_name().unwrap_or_default().to_owned();
        Ok(File::new(content_type, first.into_stream()).download_as(name))
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.html"), "<p>hello").unwrap();
    std::fs::write(folder.path().join("large"), vec![7; 3_000_000]).unwrap();
    std::fs::write(folder.path().join("empty.txt"), "").unwrap();
    folder
}

async fn check(client: FilesClient) {
    let page = client.file("a.html", None).await.unwrap();
    assert_eq!(page.content_type(), "text/html; charset=utf-8");
    assert_eq!((page.file_name(), page.length()), (None, Some(8)));
    let age = SystemTime::now().duration_since(page.last_modified().unwrap());
    assert!(age.unwrap().as_secs() < 3600);
    let etag = page.etag().unwrap().to_owned();
    assert!(etag.starts_with('"') && etag.ends_with("-8\""), "{etag}");
    assert_eq!(page.read_to_end(8).await.unwrap(), "<p>hello");

    let large = client.file("large", Some("Größe \"1\".bin")).await.unwrap();
    assert_eq!(large.file_name(), Some("Größe \"1\".bin"));
    assert_eq!(large.content_type(), "application/octet-stream");
    assert_eq!(large.length(), Some(3_000_000));
    let bytes = large.read_to_end(3_000_000).await.unwrap();
    assert!(bytes.len() == 3_000_000 && bytes.iter().all(|byte| *byte == 7));

    let mut empty = client.file("empty.txt", Some("e")).await.unwrap();
    assert_eq!((empty.file_name(), empty.length()), (Some("e"), Some(0)));
    assert!(empty.next().await.is_none());

    let error = client.file("missing", None).await.unwrap_err();
    assert!(matches!(error, CallError::Api(_)), "{error:?}");

    let made = client.made().await.unwrap();
    assert_eq!((made.content_type(), made.length()), ("", Some(4)));
    assert_eq!((made.etag(), made.last_modified()), (None, None));
    assert_eq!(made.read_to_end(4).await.unwrap(), "made");

    // A file that came from one service goes to another, or back.
    let page = client.file("a.html", Some("a.html")).await.unwrap();
    let same = client
        .first(Multipart::new().part("page", page))
        .await
        .unwrap();
    assert_eq!(same.content_type(), "text/html; charset=utf-8");
    assert_eq!(same.file_name(), Some("a.html"));
    assert_eq!(same.read_to_end(8).await.unwrap(), "<p>hello");
}

#[tokio::test]
async fn all_ways_give_the_same() {
    let folder = folder();
    let files = || Folder(folder.path().to_owned());
    check(FilesClient::local(files())).await;
    check(FilesClient::routed(files())).await;
    let app = start(files()).await;
    check(FilesClient::at(&url(&app)).unwrap()).await;
    app.stop().await;
}

#[tokio::test]
async fn on_the_wire_it_is_plain_http() {
    let folder = folder();
    let app = start(Folder(folder.path().to_owned())).await;
    let addr = addr(&app);
    for method in ["GET", "HEAD"] {
        let answer = raw(
            addr,
            &format!("{method} /file/a.html?save=%C3%BC.html"),
            b"",
        )
        .await;
        for header in [
            "content-type: text/html; charset=utf-8\r\n",
            "content-length: 8\r\n",
            "content-disposition: attachment; filename=\"_.html\"; filename*=UTF-8''%C3%BC.html\r\n",
            "last-modified: ",
            "etag: \"",
            "x-content-type-options: nosniff\r\n",
        ] {
            assert!(answer.text.contains(header), "{answer:?} lacks {header}");
        }
        assert!(!answer.text.contains("transfer-encoding"), "{answer:?}");
    }
    let made = raw(addr, "GET /made", b"").await;
    assert_eq!(made.status, 203, "{made:?}");
    assert!(!made.text.contains("\ncontent-type"), "{made:?}");
    let missing = raw(addr, "GET /file/missing", b"").await;
    assert_eq!(missing.status, 409, "{missing:?}");
    let folder = raw(addr, "GET /file/%2e", b"").await;
    assert_eq!(folder.status, 409, "{folder:?}");
    app.stop().await;
}
