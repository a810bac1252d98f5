//! What comes out beside JSON: headers, and bytes as they are.

use mfhm::http::{HeaderValue, header::ETAG};
use mfhm::{CallError, Headed, Raw};

use crate::params::Refused;
use crate::support::{addr, raw, start, url};

#[mfhm::client(service = "answers")]
pub(crate) trait Answers {
    #[get("/headed/{name}")]
    async fn headed(&self, name: &str) -> Result<Headed<String>, Refused>;

    #[post("/nothing")]
    #[status(202)]
    async fn nothing(&self) -> Headed<()>;

    #[get("/raw")]
    async fn raw(&self, content_type: &str) -> Raw;

    #[get("/both")]
    async fn both(&self) -> Headed<Raw>;
}

struct Echo;

const TAG: HeaderValue = HeaderValue::from_static("\"v1\"");

#[mfhm::service]
impl Answers for Echo {
    async fn headed(&self, name: &str) -> Result<Headed<String>, Refused> {
        match name {
            "taken" => Err(Refused::Taken {
                name: name.to_owned(),
            }),
            name => Ok(Headed::new(name.to_owned())
                .header(ETAG, TAG)
                .header(ETAG, TAG)),
        }
    }

    async fn nothing(&self) -> Headed<()> {
        Headed::new(()).header(ETAG, TAG)
    }

    async fn raw(&self, content_type: &str) -> Raw {
        Raw::new(content_type, &b"\xff\x00"[..])
    }

    async fn both(&self) -> Headed<Raw> {
        Headed::new(Raw::new("text/plain", "hello")).header(ETAG, TAG)
    }
}

async fn check(client: AnswersClient) {
    let headed = Headed::new("a".to_owned())
        .header(ETAG, TAG)
        .header(ETAG, TAG);
    assert_eq!(client.headed("a").await.unwrap(), headed);
    match client.headed("taken").await.unwrap_err() {
        CallError::Api(Refused::Taken { name }) => assert_eq!(name, "taken"),
        other => panic!("{other:?}"),
    }
    let nothing = client.nothing().await.unwrap();
    assert_eq!(nothing, Headed::new(()).header(ETAG, TAG));
    for content_type in ["", "image/png"] {
        let expected = Raw::new(content_type, &b"\xff\x00"[..]);
        assert_eq!(client.raw(content_type).await.unwrap(), expected);
    }
    let both = Headed::new(Raw::new("text/plain", "hello")).header(ETAG, TAG);
    assert_eq!(client.both().await.unwrap(), both);
}

#[tokio::test]
async fn all_ways_give_the_same() {
    check(AnswersClient::local(Echo)).await;
    check(AnswersClient::routed(Echo)).await;
    let app = start(Echo).await;
    check(AnswersClient::at(&url(&app)).unwrap()).await;
    app.stop().await;
}

#[tokio::test]
async fn on_the_wire_it_is_plain_http() {
    let app = start(Echo).await;
    let addr = addr(&app);
    let nothing = raw(addr, "POST /nothing", b"").await;
    assert_eq!(nothing.status, 202, "{nothing:?}");
    assert!(nothing.text.ends_with("\r\n\r\n"), "{nothing:?}");
    let page = raw(addr, "GET /raw?content_type=text/html", b"").await;
    assert!(page.text.contains("content-type: text/html"), "{page:?}");
    let wrong = raw(addr, "GET /raw?content_type=a%0Ab", b"").await;
    assert_eq!(wrong.status, 500, "{wrong:?}");
    app.stop().await;
}

/// Handlers that are in no contract answer with the same types.
struct Handlers;

#[mfhm::service(name = "handlers")]
impl Handlers {
    #[get("/headed")]
    async fn headed(&self) -> Headed<u8> {
        Headed::new(7).header(ETAG, TAG)
    }

    #[get("/raw")]
    #[status(203)]
    async fn raw(&self) -> Result<Raw, Refused> {
        Ok(Raw::new("text/plain", "hello"))
    }
}

#[tokio::test]
async fn handlers_answer_with_the_same_types() {
    let app = start(Handlers).await;
    let headed = raw(addr(&app), "GET /headed", b"").await;
    assert!(headed.text.contains("etag: \"v1\""), "{headed:?}");
    assert!(headed.text.ends_with("\r\n7"), "{headed:?}");
    let page = raw(addr(&app), "GET /raw", b"").await;
    assert!(
        page.status == 203 && page.text.ends_with("\r\nhello"),
        "{page:?}"
    );
    app.stop().await;
}
