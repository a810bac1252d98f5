//! A service with every kind of parameter.

use std::collections::BTreeMap;
use std::net::IpAddr;

use mfhm::{App, ByteStream, Bytes, Multipart, MultipartError};
use serde::{Deserialize, Serialize};

/// An enum of names.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    DarkRed,
    Blue,
}

/// A newtype.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Number(pub u64);

/// The fields of a query or of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    pub page: Option<u32>,
    #[serde(default)]
    pub size: u8,
    pub tag: Vec<String>,
    pub name: String,
    pub colour: Option<Colour>,
    pub letter: Option<char>,
}

/// A body, with everything that JSON has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tree {
    pub name: String,
    #[serde(default)]
    pub number: i16,
    #[serde(default)]
    pub children: Vec<Tree>,
    pub colour: Option<Colour>,
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
    pub shape: Option<Shape>,
}

/// An enum whose variants have fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Shape {
    Circle { radius: f32 },
    Other(BTreeMap<String, serde_json::Value>),
}

/// Each operation answers how much it was given.
#[mfhm::client(service = "kinds")]
pub trait Kinds {
    #[get("/path/{small}/{letter}/{float}")]
    async fn path(&self, small: u8, letter: char, float: f64) -> usize;

    #[get("/names/{name}/of/{flag}")]
    async fn names(&self, name: &str, flag: bool) -> usize;

    #[get("/types/{colour}/{number}")]
    async fn types(&self, colour: Colour, number: Number) -> usize;

    #[get("/rest/{number}/{*rest}")]
    async fn rest(&self, number: i64, rest: &str) -> usize;

    #[get("/query")]
    async fn query(
        &self,
        small: u8,
        maybe: Option<i32>,
        list: Vec<bool>,
        text: Option<&str>,
        colour: Option<Colour>,
        wide: Option<u128>,
        float: Option<f32>,
        letter: Option<char>,
        address: Option<IpAddr>,
    ) -> usize;

    #[get("/flat")]
    async fn flat(&self, #[query(flatten)] filter: &Filter, more: Option<u8>) -> usize;

    #[get("/headers")]
    async fn headers(
        &self,
        #[header("x-one")] one: u16,
        #[header("x-maybe")] maybe: Option<&str>,
        #[header("x-list")] list: Vec<u8>,
    ) -> usize;

    #[get("/cookies")]
    async fn cookies(&self, #[cookie("sid")] sid: &str, #[cookie] count: Option<u8>) -> usize;

    #[post("/json")]
    async fn json(&self, tree: &Tree) -> usize;

    #[post("/maybe")]
    async fn maybe(&self, tree: Option<Tree>) -> usize;

    #[post("/form")]
    async fn form(&self, #[form] filter: Filter) -> usize;

    #[put("/bytes")]
    #[body_limit(200)]
    async fn bytes(&self, #[body(bytes)] data: Bytes) -> usize;

    #[put("/text")]
    async fn text(&self, #[body(bytes)] text: String) -> usize;

    #[put("/stream")]
    async fn stream(&self, #[body(stream)] data: ByteStream) -> usize;

    #[put("/short-stream")]
    #[body_limit(64)]
    async fn short_stream(&self, #[body(stream)] data: ByteStream) -> usize;

    #[post("/upload")]
    async fn upload(&self, #[multipart] form: Multipart) -> Result<usize, MultipartError>;

    #[post("/short-upload")]
    #[body_limit(128)]
    async fn short_upload(&self, #[multipart] form: Multipart) -> Result<usize, MultipartError>;

    #[post("/all/{id}/{*rest}")]
    async fn all(
        &self,
        id: Number,
        rest: &str,
        #[query] page: Option<u8>,
        #[query(flatten)] filter: Filter,
        #[header("x-one")] one: u16,
        #[cookie("sid")] sid: Option<&str>,
        #[body] tree: Tree,
    ) -> usize;
}

/// One operation: its method, its path, and the names that a refusal of it may
/// tell.
pub struct Declared {
    pub method: &'static str,
    pub path: &'static str,
    pub names: &'static [&'static str],
}

const FIELDS: [&str; 7] = ["filter", "page", "size", "tag", "name", "colour", "letter"];

/// The operations of [`Kinds`].
pub const OPERATIONS: [Declared; 18] = [
    declared("GET", "/path/{}/{}/{}", &["small", "letter", "float"]),
    declared("GET", "/names/{}/of/{}", &["name", "flag"]),
    declared("GET", "/types/{}/{}", &["colour", "number"]),
    declared("GET", "/rest/{}/{}", &["number", "rest"]),
    declared(
        "GET",
        "/query",
        &[
            "small", "maybe", "list", "text", "colour", "wide", "float", "letter", "address",
        ],
    ),
    declared(
        "GET",
        "/flat",
        &[
            FIELDS[0], FIELDS[1], FIELDS[2], FIELDS[3], FIELDS[4], FIELDS[5], FIELDS[6], "more",
        ],
    ),
    declared("GET", "/headers", &["x-one", "x-maybe", "x-list"]),
    declared("GET", "/cookies", &["sid", "count"]),
    declared("POST", "/json", &["tree"]),
    declared("POST", "/maybe", &["tree"]),
    declared("POST", "/form", &FIELDS),
    declared("PUT", "/bytes", &["data"]),
    declared("PUT", "/text", &["text"]),
    declared("PUT", "/stream", &["data"]),
    declared("PUT", "/short-stream", &["data"]),
    declared("POST", "/upload", &["form"]),
    declared("POST", "/short-upload", &["form"]),
    declared(
        "POST",
        "/all/{}/{}",
        &[
            FIELDS[0], FIELDS[1], FIELDS[2], FIELDS[3], FIELDS[4], FIELDS[5], FIELDS[6], "id",
            "rest", "x-one", "sid", "tree",
        ],
    ),
];

const fn declared(
    method: &'static str,
    path: &'static str,
    names: &'static [&'static str],
) -> Declared {
    Declared {
        method,
        path,
        names,
    }
}

/// The router of the service, without a socket.
pub fn router() -> axum::Router {
    thread_local! {
        static ROUTER: axum::Router = App::new()
            .service(Sizes)
            .into_router()
            .expect("the service is sound");
    }
    ROUTER.with(Clone::clone)
}

struct Sizes;

#[mfhm::service]
impl Kinds for Sizes {
    async fn path(&self, small: u8, letter: char, float: f64) -> usize {
        usize::from(small) + letter.len_utf8() + usize::from(float.is_nan())
    }

    async fn names(&self, name: &str, flag: bool) -> usize {
        name.len() + usize::from(flag)
    }

    async fn types(&self, colour: Colour, number: Number) -> usize {
        usize::from(colour == Colour::Blue) + usize::from(number.0 > 7)
    }

    async fn rest(&self, number: i64, rest: &str) -> usize {
        rest.len() + usize::from(number > 7)
    }

    async fn query(
        &self,
        small: u8,
        maybe: Option<i32>,
        list: Vec<bool>,
        text: Option<&str>,
        colour: Option<Colour>,
        wide: Option<u128>,
        float: Option<f32>,
        letter: Option<char>,
        address: Option<IpAddr>,
    ) -> usize {
        let given = [
            maybe.is_some(),
            colour.is_some(),
            wide.is_some(),
            float.is_some(),
            letter.is_some(),
            address.is_some(),
        ];
        usize::from(small)
            + list.len()
            + text.map_or(0, str::len)
            + given.iter().filter(|given| **given).count()
    }

    async fn flat(&self, filter: &Filter, more: Option<u8>) -> usize {
        filter.name.len() + usize::from(more.is_some())
    }

    async fn headers(&self, one: u16, maybe: Option<&str>, list: Vec<u8>) -> usize {
        usize::from(one) + maybe.map_or(0, str::len) + list.len()
    }

    async fn cookies(&self, sid: &str, count: Option<u8>) -> usize {
        sid.len() + usize::from(count.is_some())
    }

    async fn json(&self, tree: &Tree) -> usize {
        tree.name.len() + tree.children.len()
    }

    async fn maybe(&self, tree: Option<Tree>) -> usize {
        tree.map_or(0, |tree| tree.weights.len())
    }

    async fn form(&self, filter: Filter) -> usize {
        filter.tag.len()
    }

    async fn bytes(&self, data: Bytes) -> usize {
        data.len()
    }

    async fn text(&self, text: String) -> usize {
        text.len()
    }

    async fn stream(&self, data: ByteStream) -> usize {
        length(data).await
    }

    async fn short_stream(&self, data: ByteStream) -> usize {
        length(data).await
    }

    async fn upload(&self, form: Multipart) -> Result<usize, MultipartError> {
        parts(form).await
    }

    async fn short_upload(&self, form: Multipart) -> Result<usize, MultipartError> {
        parts(form).await
    }

    async fn all(
        &self,
        id: Number,
        rest: &str,
        page: Option<u8>,
        filter: Filter,
        one: u16,
        sid: Option<&str>,
        tree: Tree,
    ) -> usize {
        rest.len()
            + filter.tag.len()
            + usize::from(one)
            + sid.map_or(0, str::len)
            + tree.children.len()
            + usize::from(page.is_some())
            + usize::from(id.0 > 7)
    }
}

/// How much came before it ended or broke off.
async fn length(mut data: ByteStream) -> usize {
    let mut length = 0;
    while let Some(Ok(chunk)) = data.next().await {
        length += chunk.len();
    }
    length
}

/// Reads the parts in every way, by what their names begin with; others are skipped.
async fn parts(mut form: Multipart) -> Result<usize, MultipartError> {
    let mut length = 0;
    while let Some(mut part) = form.next().await? {
        length += part.file_name().map_or(0, str::len) + part.content_type().map_or(0, str::len);
        length += match part.name().bytes().next() {
            Some(b't') => part.text().await?.len(),
            Some(b'b') => part.bytes_up_to(64).await?.len(),
            Some(b'c') => {
                let mut length = 0;
                while let Some(chunk) = part.chunk().await? {
                    length += chunk.len();
                }
                length
            }
            _ => 0,
        };
    }
    Ok(length)
}
