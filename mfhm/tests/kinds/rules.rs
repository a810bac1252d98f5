//! Types with rules: what breaks them is refused at the edge, all of it at
//! once, and in a local call as over the wire.

use garde::Validate;
use mfhm::{CallError, Fault};
use serde::{Deserialize, Serialize};

use crate::params::Refused;
use crate::support::{addr, raw, start, url};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct Order {
    #[garde(email)]
    email: String,
    #[garde(dive)]
    address: Address,
    #[garde(length(min = 1, max = 3), dive)]
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct Address {
    #[garde(length(min = 5, max = 5))]
    zip: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct Item {
    #[garde(length(min = 1))]
    name: String,
    #[garde(range(min = 1, max = 99))]
    count: u32,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct Page {
    #[garde(range(max = 100))]
    size: Option<u32>,
}

/// Has no rules, and needs none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    text: String,
}

#[mfhm::client(service = "orders")]
pub(crate) trait Orders {
    #[post("/orders")]
    async fn order(
        &self,
        order: &Order,
        #[query(flatten)] page: &Page,
        #[header("x-count")] count: u8,
    ) -> Result<usize, Refused>;

    #[post("/items")]
    async fn items(&self, items: &[Item]) -> Result<usize, Refused>;

    #[post("/maybe")]
    async fn maybe(&self, item: Option<&Item>) -> Result<bool, Refused>;

    #[post("/form")]
    async fn form(&self, #[form] item: Item) -> Result<u32, Refused>;

    #[post("/note")]
    async fn note(&self, note: Note) -> Result<usize, Refused>;
}

struct Shop;

#[mfhm::service]
impl Orders for Shop {
    async fn order(&self, order: &Order, _page: &Page, _count: u8) -> Result<usize, Refused> {
        Ok(order.items.len())
    }

    async fn items(&self, items: &[Item]) -> Result<usize, Refused> {
        Ok(items.len())
    }

    async fn maybe(&self, item: Option<&Item>) -> Result<bool, Refused> {
        Ok(item.is_some())
    }

    async fn form(&self, item: Item) -> Result<u32, Refused> {
        Ok(item.count)
    }

    async fn note(&self, note: Note) -> Result<usize, Refused> {
        Ok(note.text.len())
    }
}

fn item(name: &str, count: u32) -> Item {
    Item {
        name: name.to_owned(),
        count,
    }
}

fn order(email: &str, zip: &str, items: Vec<Item>) -> Order {
    Order {
        email: email.to_owned(),
        address: Address {
            zip: zip.to_owned(),
        },
        items,
    }
}

#[track_caller]
fn broken<T: std::fmt::Debug>(result: Result<T, CallError<Refused>>) -> Fault {
    match result.unwrap_err() {
        CallError::Fault(fault) => fault,
        api => panic!("{api:?}"),
    }
}

/// Status, text, and where what is wrong.
fn told(fault: &Fault) -> (u16, String, Vec<(String, String, String)>) {
    let problem = fault.problem().unwrap();
    assert_eq!(problem.code, "mfhm.invalid_parameter");
    let errors = problem.errors.iter();
    let errors = errors.map(|e| (e.location.clone(), e.name.clone(), e.detail.clone()));
    let status = fault.status().unwrap().as_u16();
    (status, fault.to_string(), errors.collect())
}

fn names(fault: &Fault) -> Vec<String> {
    let errors = told(fault).2.into_iter();
    errors
        .map(|(location, name, _)| format!("{location} {name}"))
        .collect()
}

type Told = Vec<(u16, String, Vec<(String, String, String)>)>;

async fn check(client: OrdersClient) -> Told {
    let good = order("a@b.example", "12345", vec![item("a", 1)]);
    let page = Page::default();
    assert_eq!(client.order(&good, &page, 1).await.unwrap(), 1);
    assert_eq!(
        client.items(&[item("a", 1), item("b", 99)]).await.unwrap(),
        2
    );
    assert!(!client.maybe(None).await.unwrap());
    assert_eq!(client.form(item("a", 7)).await.unwrap(), 7);
    let text = String::new();
    assert_eq!(client.note(Note { text }).await.unwrap(), 0);

    let bad = order("nobody", "1", vec![item("a", 1), item("b", 1), item("", 0)]);
    let page = Page { size: Some(101) };
    let first = broken(client.order(&bad, &page, 1).await);
    let expected = [
        "body email",
        "body address.zip",
        "body items[2].name",
        "body items[2].count",
        "query size",
    ];
    let mut found = names(&first);
    found.sort();
    let mut expected = expected.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(found, expected);
    let list = broken(client.items(&[item("a", 1), item("", 1)]).await);
    assert_eq!(names(&list), ["body items[1].name"]);
    let maybe = broken(client.maybe(Some(&item("a", 100))).await);
    assert_eq!(names(&maybe), ["body count"]);
    let form = broken(client.form(item("", 7)).await);
    assert_eq!(names(&form), ["form name"]);
    [first, list, maybe, form].iter().map(told).collect()
}

#[tokio::test]
async fn all_ways_give_the_same() {
    let local = check(OrdersClient::local(Shop)).await;
    let routed = check(OrdersClient::routed(Shop)).await;
    assert_eq!(local, routed);
    assert_eq!(local[3].0, 422);
    let says = "call to orders.form: the service answered 422 Unprocessable Entity: \
                the form parameter `name` breaks a rule: length is lower than 1";
    assert_eq!(local[3].1, says);
    let app = start(Shop).await;
    let socket = check(OrdersClient::at(&url(&app)).unwrap()).await;
    assert_eq!(local, socket);
    app.stop().await;
}

#[tokio::test]
async fn rules_and_other_refusals_are_told_together() {
    let app = start(Shop).await;
    let body = br#"{"email":"x","address":{"zip":"12345"},"items":[]}"#;
    let head = "POST /orders?size=x|x-count: y|content-type: application/json";
    let answer = raw(addr(&app), head, body).await;
    for (location, name) in [
        ("body", "email"),
        ("body", "items"),
        ("query", "size"),
        ("header", "x-count"),
    ] {
        crate::support::refused(&answer, 422, location, name);
    }
    app.stop().await;
}

/// Handlers that are in no contract hold the rules as well.
struct Handlers;

#[mfhm::service(name = "handlers")]
impl Handlers {
    #[post("/items")]
    async fn items(&self, items: Vec<Item>) -> usize {
        items.len()
    }
}

#[tokio::test]
async fn handlers_hold_the_rules_as_well() {
    let app = start(Handlers).await;
    let json = "POST /items|content-type: application/json";
    let answer = raw(addr(&app), json, br#"[{"name":"a","count":0}]"#).await;
    crate::support::refused(&answer, 422, "body", "items[0].count");
    app.stop().await;
}

#[cfg(feature = "openapi")]
#[test]
fn the_document_shows_the_rules() {
    let document = mfhm::App::new().service(Shop).openapi("orders").unwrap();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Address"]["properties"]["zip"]["minLength"], 5);
    assert_eq!(schemas["Address"]["properties"]["zip"]["maxLength"], 5);
    assert_eq!(schemas["Item"]["properties"]["count"]["maximum"], 99);
    assert_eq!(schemas["Item"]["properties"]["count"]["minimum"], 1);
    assert_eq!(schemas["Order"]["properties"]["items"]["maxItems"], 3);
    assert_eq!(schemas["Order"]["properties"]["email"]["format"], "email");
}
