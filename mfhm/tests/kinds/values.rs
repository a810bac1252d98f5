//! Paths, queries and headers of every type that serde carries, owned and
//! borrowed; JSON both ways; and handlers that answer for themselves.

#![allow(
    clippy::too_many_arguments,
    reason = "one operation has a parameter of each type"
)]

use std::net::Ipv4Addr;

use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use mfhm::CallError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::params::Refused;
use crate::support::{addr, raw, refused, start, url};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Id(u64);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Colour {
    DarkRed,
    Blue,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Address {
    street: String,
    lines: Vec<Option<u8>>,
}

#[mfhm::client(service = "values", path = "/v1")]
pub(crate) trait Values {
    #[get("/path/{first}/then/{second}/{*rest}")]
    async fn path(&self, first: u32, second: &str, rest: &str) -> (u32, String, String);

    #[get("/query")]
    async fn query(
        &self,
        flag: bool,
        #[query("n")] number: Option<i64>,
        text: Option<&str>,
        tags: &[String],
        list: Vec<u8>,
    ) -> (bool, Option<i64>, Option<String>, Vec<String>, Vec<u8>);

    #[get("/headers")]
    async fn headers(
        &self,
        #[header("X-Tenant")] tenant: &str,
        #[header] x_maybe: Option<&str>,
        #[header("x-number")] number: Option<u32>,
        #[header("x-tag")] tags: &[String],
        #[header("x-id")] ids: Vec<Id>,
        #[header("x-some")] some: Option<Vec<Colour>>,
    ) -> Headers;

    #[get("/rich/{id}/{uuid}/{colour}/{at}/{host}")]
    async fn rich(
        &self,
        id: Id,
        uuid: Uuid,
        colour: &Colour,
        at: DateTime<Utc>,
        host: Ipv4Addr,
        other: Option<&Uuid>,
        days: &[NaiveDate],
        #[header("x-at")] header: Option<DateTime<Utc>>,
        #[cookie] favourite: Colour,
    ) -> Rich;

    #[post("/json")]
    async fn json(&self, address: &Address) -> Result<Address, Refused>;

    #[put("/list")]
    async fn list(&self, ids: &[Id]) -> Option<Id>;

    #[patch("/maybe")]
    async fn maybe(&self, #[body] address: Option<&Address>) -> Result<Option<String>, Refused>;

    #[delete("/nothing/{id}")]
    async fn nothing(&self, id: &Id) -> Result<(), Refused>;
}

pub(crate) type Headers = (
    String,
    Option<String>,
    Option<u32>,
    Vec<String>,
    Vec<Id>,
    Option<Vec<Colour>>,
);

pub(crate) type Rich = (
    Id,
    Uuid,
    Colour,
    DateTime<Utc>,
    Ipv4Addr,
    Option<Uuid>,
    Vec<NaiveDate>,
    Option<DateTime<Utc>>,
    Colour,
);

struct Echo;

#[mfhm::service]
impl Values for Echo {
    async fn path(&self, first: u32, second: &str, rest: &str) -> (u32, String, String) {
        (first, second.to_owned(), rest.to_owned())
    }

    async fn query(
        &self,
        flag: bool,
        number: Option<i64>,
        text: Option<&str>,
        tags: &[String],
        list: Vec<u8>,
    ) -> (bool, Option<i64>, Option<String>, Vec<String>, Vec<u8>) {
        (flag, number, text.map(str::to_owned), tags.to_vec(), list)
    }

    async fn headers(
        &self,
        tenant: &str,
        x_maybe: Option<&str>,
        number: Option<u32>,
        tags: &[String],
        ids: Vec<Id>,
        some: Option<Vec<Colour>>,
    ) -> Headers {
        let maybe = x_maybe.map(str::to_owned);
        (tenant.to_owned(), maybe, number, tags.to_vec(), ids, some)
    }

    async fn rich(
        &self,
        id: Id,
        uuid: Uuid,
        colour: &Colour,
        at: DateTime<Utc>,
        host: Ipv4Addr,
        other: Option<&Uuid>,
        days: &[NaiveDate],
        header: Option<DateTime<Utc>>,
        favourite: Colour,
    ) -> Rich {
        let (other, days) = (other.copied(), days.to_vec());
        (id, uuid, *colour, at, host, other, days, header, favourite)
    }

    async fn json(&self, address: &Address) -> Result<Address, Refused> {
        if address.street.is_empty() {
            let name = "street".to_owned();
            return Err(Refused::Taken { name });
        }
        Ok(address.clone())
    }

    async fn list(&self, ids: &[Id]) -> Option<Id> {
        ids.last().copied()
    }

    async fn maybe(&self, address: Option<&Address>) -> Result<Option<String>, Refused> {
        Ok(address.map(|address| address.street.clone()))
    }

    async fn nothing(&self, id: &Id) -> Result<(), Refused> {
        match id {
            Id(0) => Err(Refused::Taken {
                name: "0".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

async fn check(client: ValuesClient) {
    for (second, rest) in [("a b/c?%2f", "x/y"), ("ü+&", "ü/a?b"), ("...", "1")] {
        let expected = (7, second.to_owned(), rest.to_owned());
        assert_eq!(client.path(7, second, rest).await.unwrap(), expected);
    }

    let some = texts(&["a b", "", "ü&=+,"]);
    let all = client.query(true, Some(-1), Some(""), &some, vec![1, 2]);
    let expected = (
        true,
        Some(-1),
        Some(String::new()),
        some.clone(),
        vec![1, 2],
    );
    assert_eq!(all.await.unwrap(), expected);
    let none = client.query(false, None, None, &[], vec![]);
    assert_eq!(none.await.unwrap(), (false, None, None, vec![], vec![]));

    let some = texts(&["a b", "c, d", "ü"]);
    let tags = some.clone();
    let colours = Some(vec![Colour::Blue, Colour::DarkRed]);
    let all = client.headers(
        "acme",
        Some("x"),
        Some(7),
        &tags,
        vec![Id(1)],
        colours.clone(),
    );
    let maybe = Some("x".to_owned());
    let expected = (
        "acme".to_owned(),
        maybe,
        Some(7),
        some,
        vec![Id(1)],
        colours,
    );
    assert_eq!(all.await.unwrap(), expected);
    let none = client.headers("", None, None, &[], vec![], None);
    let expected = (String::new(), None, None, vec![], vec![], None);
    assert_eq!(none.await.unwrap(), expected);

    let uuid = Uuid::from_u128(0x1234_5678_9abc_def0);
    let at = DateTime::from_timestamp(1_700_000_000, 5_000_000).unwrap();
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let host = Ipv4Addr::LOCALHOST;
    for (other, days, header) in [(None, vec![], None), (Some(uuid), vec![day, day], Some(at))] {
        let (red, blue) = (Colour::DarkRed, Colour::Blue);
        let rich = client.rich(
            Id(7),
            uuid,
            &red,
            at,
            host,
            other.as_ref(),
            &days,
            header,
            blue,
        );
        let expected = (
            Id(7),
            uuid,
            red,
            at,
            host,
            other,
            days.clone(),
            header,
            blue,
        );
        assert_eq!(rich.await.unwrap(), expected);
    }

    let address = Address {
        street: "ü \"\n".to_owned(),
        lines: vec![None, Some(1)],
    };
    assert_eq!(client.json(&address).await.unwrap(), address);
    let street = String::new();
    match client
        .json(&Address {
            street,
            lines: vec![],
        })
        .await
        .unwrap_err()
    {
        CallError::Api(Refused::Taken { name }) => assert_eq!(name, "street"),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.list(&[Id(1), Id(2)]).await.unwrap(), Some(Id(2)));
    assert_eq!(client.list(&[]).await.unwrap(), None);
    let street = client.maybe(Some(&address)).await.unwrap();
    assert_eq!(street.as_ref(), Some(&address.street));
    assert_eq!(client.maybe(None).await.unwrap(), None);
    client.nothing(&Id(1)).await.unwrap();
    match client.nothing(&Id(0)).await.unwrap_err() {
        CallError::Api(Refused::Taken { name }) => assert_eq!(name, "0"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn all_ways_give_the_same() {
    check(ValuesClient::local(Echo)).await;
    check(ValuesClient::routed(Echo)).await;
    let app = start(Echo).await;
    check(ValuesClient::at(&url(&app)).unwrap()).await;
    app.stop().await;
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    let app = start(Echo).await;
    let addr = addr(&app);
    let answer = raw(
        addr,
        "GET /v1/rich/x/not-a-uuid/green/yesterday/1.2.3?other=1&days=2023-02-29|x-at: 7|cookie: favourite=Blue",
        b"",
    )
    .await;
    for (location, name) in [
        ("path", "id"),
        ("path", "uuid"),
        ("path", "colour"),
        ("path", "at"),
        ("path", "host"),
        ("query", "other"),
        ("query", "days"),
        ("header", "x-at"),
        ("cookie", "favourite"),
    ] {
        refused(&answer, 400, location, name);
    }
    let twice = raw(
        addr,
        "GET /v1/headers|x-tenant: a|x-tenant: b|x-number: 1|x-number: 2",
        b"",
    );
    let twice = twice.await;
    refused(&twice, 400, "header", "x-tenant");
    refused(&twice, 400, "header", "x-number");
    app.stop().await;
}

/// In no contract, so an answer may be whatever axum can answer.
struct Handlers;

#[mfhm::service(name = "handlers")]
impl Handlers {
    #[get("/response/{id}")]
    async fn response(&self, id: Id) -> Result<Response, Refused> {
        if id == Id(0) {
            return Err(Refused::Taken {
                name: String::new(),
            });
        }
        let mut response = Response::new("teapot".into());
        *response.status_mut() = mfhm::http::StatusCode::IM_A_TEAPOT;
        Ok(response)
    }
}

#[tokio::test]
async fn a_handler_may_answer_for_itself() {
    let app = start(Handlers).await;
    let answer = raw(addr(&app), "GET /response/7", b"").await;
    assert_eq!(answer.status, 418, "{answer:?}");
    assert!(answer.text.ends_with("\r\n\r\nteapot"), "{answer:?}");
    assert_eq!(raw(addr(&app), "GET /response/0", b"").await.status, 409);
    app.stop().await;
}

/// In a local call as in one over a connection.
#[tokio::test]
async fn what_cannot_stand_in_a_path_is_refused() {
    for client in [ValuesClient::local(Echo), ValuesClient::routed(Echo)] {
        for (second, rest, name) in [
            ("", "a", "second"),
            ("..", "a", "second"),
            ("a", "", "rest"),
            ("a", "a//b", "rest"),
            ("a", "/a", "rest"),
            ("a", "a/", "rest"),
            ("a", "../x", "rest"),
        ] {
            let error = client.path(1, second, rest).await.unwrap_err();
            let fault = error.fault().unwrap();
            assert!(fault.is_invalid_request(), "{second:?} {rest:?}: {fault}");
            let says = format!("path parameter `{name}`");
            assert!(fault.to_string().contains(&says), "{fault}");
        }
        assert!(client.path(1, "a/b", "a/b.c").await.is_ok());
    }
}
