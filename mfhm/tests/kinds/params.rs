//! What comes in: flattened queries, cookies, forms, bodies as they are.

use mfhm::{Bytes, CallError};
use serde::{Deserialize, Serialize};

use crate::support::{addr, raw, raw_bytes, refused, start, url};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Filter {
    page: Option<u32>,
    #[serde(default)]
    size: u8,
    tag: Vec<String>,
    name: String,
    #[serde(flatten)]
    window: Option<Window>,
}

/// What serde holds until it knows whose the names are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window {
    from: i64,
    is_open: bool,
    ids: Vec<u16>,
    label: String,
}

#[derive(Debug, PartialEq, mfhm::ApiError)]
pub(crate) enum Refused {
    #[status(409)]
    Taken { name: String },
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("taken")
    }
}

impl std::error::Error for Refused {}

#[mfhm::client(service = "kinds")]
pub(crate) trait Params {
    #[post("/created")]
    #[status(201)]
    async fn create(&self, name: &str) -> Result<String, Refused>;

    #[post("/accepted")]
    #[status(202)]
    async fn accept(&self);

    #[get("/cookie")]
    async fn cookie(
        &self,
        #[cookie("sid")] session: &str,
        #[cookie] count: Option<u8>,
    ) -> (String, Option<u8>);

    #[get("/search")]
    async fn search(
        &self,
        #[query(flatten)] filter: &Filter,
        verbose: Option<bool>,
    ) -> (Filter, Option<bool>);

    #[post("/form")]
    async fn form(&self, #[form] filter: Filter) -> Filter;

    #[put("/bytes")]
    #[body_limit(1_000)]
    async fn bytes(&self, #[body(bytes)] data: Bytes) -> Vec<u8>;

    #[put("/slice")]
    async fn slice(&self, #[body(bytes)] data: &[u8]) -> usize;

    #[put("/text")]
    async fn text(&self, #[body(bytes)] text: &str) -> String;

    #[put("/string/{id}")]
    async fn string(&self, id: u8, #[body(bytes)] text: String) -> String;

    #[put("/vec")]
    async fn vec(&self, #[body(bytes)] data: Vec<u8>) -> usize;

    #[post("/small")]
    #[body_limit(8)]
    async fn small(&self, list: Vec<u8>) -> usize;
}

struct Echo;

#[mfhm::service]
impl Params for Echo {
    async fn create(&self, name: &str) -> Result<String, Refused> {
        match name {
            "taken" => Err(Refused::Taken {
                name: name.to_owned(),
            }),
            name => Ok(name.to_owned()),
        }
    }

    async fn accept(&self) {}

    async fn cookie(&self, session: &str, count: Option<u8>) -> (String, Option<u8>) {
        (session.to_owned(), count)
    }

    async fn search(&self, filter: &Filter, verbose: Option<bool>) -> (Filter, Option<bool>) {
        (filter.clone(), verbose)
    }

    async fn form(&self, filter: Filter) -> Filter {
        filter
    }

    async fn bytes(&self, data: Bytes) -> Vec<u8> {
        data.to_vec()
    }

    async fn slice(&self, data: &[u8]) -> usize {
        data.len()
    }

    async fn text(&self, text: &str) -> String {
        text.to_uppercase()
    }

    async fn string(&self, id: u8, text: String) -> String {
        format!("{id} {text}")
    }

    async fn vec(&self, data: Vec<u8>) -> usize {
        data.len()
    }

    async fn small(&self, list: Vec<u8>) -> usize {
        list.len()
    }
}

async fn check(client: ParamsClient) {
    assert_eq!(client.create("new").await.unwrap(), "new");
    match client.create("taken").await.unwrap_err() {
        CallError::Api(Refused::Taken { name }) => assert_eq!(name, "taken"),
        other => panic!("{other:?}"),
    }
    client.accept().await.unwrap();

    for (session, count) in [("a=b/c%20", Some(7)), ("", None)] {
        let expected = (session.to_owned(), count);
        assert_eq!(client.cookie(session, count).await.unwrap(), expected);
    }

    for filter in [
        Filter::default(),
        Filter {
            page: Some(2),
            size: 3,
            tag: vec!["a b".to_owned(), String::new(), "ü&=+".to_owned()],
            name: "x y".to_owned(),
            window: Some(Window {
                from: -3,
                is_open: true,
                ids: vec![7],
                label: "7".to_owned(),
            }),
        },
    ] {
        for verbose in [None, Some(true)] {
            let expected = (filter.clone(), verbose);
            assert_eq!(client.search(&filter, verbose).await.unwrap(), expected);
        }
        assert_eq!(client.form(filter.clone()).await.unwrap(), filter);
    }

    for data in [&b""[..], b"\xff\x00\xfe"] {
        let bytes = Bytes::from_static(data);
        assert_eq!(client.bytes(bytes).await.unwrap(), data);
        assert_eq!(client.slice(data).await.unwrap(), data.len());
        assert_eq!(client.vec(data.to_vec()).await.unwrap(), data.len());
    }
    assert_eq!(client.text("grüße").await.unwrap(), "GRÜSSE");
    assert_eq!(client.string(7, "ü".to_owned()).await.unwrap(), "7 ü");
    assert_eq!(client.small(vec![1, 2]).await.unwrap(), 2);
}

#[tokio::test]
async fn all_ways_give_the_same() {
    check(ParamsClient::local(Echo)).await;
    check(ParamsClient::routed(Echo)).await;
    let app = start(Echo).await;
    check(ParamsClient::at(&url(&app)).unwrap()).await;
    app.stop().await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is() {
    let client = ParamsClient::routed(Echo);
    for session in ["a b", "a;b", "a,b", "a\"b", "a\\b", "é", "a\nb"] {
        let error = client.cookie(session, None).await.unwrap_err();
        let fault = error.fault().unwrap();
        assert!(fault.is_invalid_request(), "{session:?}: {fault}");
        assert!(fault.to_string().contains("cookie parameter `sid`"));
    }
    let error = client.small(vec![1, 2, 3, 4, 5]).await.unwrap_err();
    assert_eq!(error.fault().unwrap().status().unwrap().as_u16(), 413);
}

#[tokio::test]
async fn the_status_of_a_success_is_the_declared_one() {
    let app = start(Echo).await;
    let json = "|content-type: application/json";
    let created = raw(addr(&app), &format!("POST /created{json}"), b"\"a\"").await;
    assert_eq!(created.status, 201, "{created:?}");
    let taken = raw(addr(&app), &format!("POST /created{json}"), b"\"taken\"").await;
    assert_eq!(taken.status, 409, "{taken:?}");
    assert_eq!(raw(addr(&app), "POST /accepted", b"").await.status, 202);
    app.stop().await;
}

#[tokio::test]
async fn bad_cookies_are_named() {
    let app = start(Echo).await;
    let addr = addr(&app);
    for head in [
        &b"GET /cookie"[..],
        b"GET /cookie|cookie: Sid=1; x=2",
        b"GET /cookie|cookie: sid=1; sid=2",
        b"GET /cookie|cookie: sid=1|cookie: sid=2",
        b"GET /cookie|cookie: sid=\xff",
    ] {
        refused(&raw_bytes(addr, head, b"").await, 400, "cookie", "sid");
    }
    let wrong = raw(addr, "GET /cookie|cookie: sid=1; count=256", b"").await;
    refused(&wrong, 400, "cookie", "count");
    for head in [
        &b"GET /cookie|cookie: x=1;sid=\"a b\" ;  count=7"[..],
        b"GET /cookie|cookie: sid=a b|cookie: count=7; junk; =; x=\xff",
    ] {
        let good = raw_bytes(addr, head, b"").await;
        assert_eq!(good.status, 200, "{good:?}");
        assert!(good.text.ends_with("[\"a b\",7]"), "{good:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn bad_fields_are_named() {
    let app = start(Echo).await;
    let addr = addr(&app);
    let form = "|content-type: application/x-www-form-urlencoded; charset=utf-8";
    for (fields, name) in [
        ("tag=a", "name"),
        ("name=a&name=b", "name"),
        ("name=a&page=x", "page"),
        ("name=a&size=256", "size"),
        ("name=%ff", "name"),
        ("name=a&tag=%C3", "tag"),
    ] {
        let answer = raw(addr, &format!("GET /search?{fields}"), b"").await;
        refused(&answer, 400, "query", name);
        let answer = raw(addr, &format!("POST /form{form}"), fields.as_bytes()).await;
        refused(&answer, 422, "form", name);
    }
    let answer = raw(addr, &format!("POST /form{form}"), b"name=\xff").await;
    refused(&answer, 422, "form", "name");
    refused(&raw(addr, "POST /form", b"").await, 422, "form", "name");
    let answer = raw(addr, "POST /form|content-type: application/json", b"{}").await;
    refused(&answer, 415, "body", "filter");
    let large = vec![b'a'; 3 << 20];
    let answer = raw(addr, &format!("POST /form{form}"), &large).await;
    refused(&answer, 413, "body", "filter");
    // What is not known is ignored, whatever it is.
    let answer = raw(
        addr,
        "GET /search?other=1&other=2&name=a+b&more=%ff&%ff=1&&",
        b"",
    )
    .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.text.contains("\"a b\""), "{answer:?}");
    app.stop().await;
}

#[tokio::test]
async fn bad_bodies_are_named() {
    let app = start(Echo).await;
    let addr = addr(&app);
    let answer = raw(addr, "PUT /text", b"\xff").await;
    refused(&answer, 400, "body", "text");
    let answer = raw(addr, "PUT /bytes", &[0; 1_001]).await;
    refused(&answer, 413, "body", "data");
    let answer = raw(addr, "PUT /slice", &vec![0; (2 << 20) + 1]).await;
    refused(&answer, 413, "body", "data");
    // Any content type is taken.
    let answer = raw(addr, "PUT /bytes|content-type: image/png", &[1; 1_000]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    app.stop().await;
}
