//! The document of a service that has one of everything.

use http_body_util::BodyExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower::ServiceExt as _;

use crate as mfhm;
use crate::server::definition::Service as _;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Book {
    id: u64,
    /// What is on its cover.
    title: String,
    #[serde(default)]
    tags: Vec<String>,
    next: Option<Box<Book>>,
}

#[derive(Serialize, Deserialize, Debug)]
struct Plain {
    n: u8,
}

#[derive(Debug)]
struct Never;

impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("never")
    }
}

impl std::error::Error for Never {}

/// Written by hand: inside this crate the derive has no `::mfhm`.
impl mfhm::ApiError for Never {
    const VARIANTS: &'static [mfhm::ErrorVariant] = &[
        mfhm::ErrorVariant::new("no_book", 404, " No such book."),
        mfhm::ErrorVariant::new("no_shelf", 404, ""),
        mfhm::ErrorVariant::new("odd", 400, ""),
    ];

    fn status(&self) -> http::StatusCode {
        http::StatusCode::NOT_FOUND
    }

    fn code(&self) -> &str {
        "no_book"
    }

    fn data(&self) -> mfhm::Data {
        mfhm::Data::new()
    }

    fn from_data(_code: &str, _data: &mut mfhm::Data) -> Option<Self> {
        None
    }
}

struct Library;

#[mfhm::service(name = "library", crate = crate)]
impl Library {
    /// Finds a book
    /// by its number.
    ///
    /// Slowly.
    #[get("/books/{id}")]
    async fn book(
        &self,
        id: u64,
        page: Option<u32>,
        tag: Vec<String>,
        #[header("x-tenant")] tenant: Option<Vec<String>>,
    ) -> Result<Book, Never> {
        let _ = (id, page, tag, tenant);
        Err(Never)
    }

    #[put("/books/{number}")]
    #[deprecated]
    #[timeout("5s")]
    async fn replace(&self, number: u64, book: &Book) {
        let _ = (number, book);
    }

    #[post("/plain")]
    async fn plain(&self, plain: Plain) -> Plain {
        plain
    }

    #[get("/files/{*rest}")]
    async fn file(&self, rest: String) -> axum::response::Response {
        axum::response::IntoResponse::into_response(rest)
    }

    #[mfhm::route(PURGE, "/plain")]
    async fn purge(&self) -> impl Serialize {
        let Self = self;
        1
    }
}

fn document(has_key: bool) -> Value {
    let definition = std::sync::Arc::new(Library).__mfhm_definition();
    super::document("library", definition.about, &definition.routes, has_key)
}

/// What stands at `pointer`; `/` in a path is written `~1`.
#[track_caller]
fn at<'a>(document: &'a Value, pointer: &str) -> &'a Value {
    document
        .pointer(pointer)
        .unwrap_or_else(|| panic!("no {pointer} in {document:#}"))
}

#[test]
fn operations_are_described() {
    let document = document(false);
    let book = at(&document, "/paths/~1books~1{id}/get");
    assert_eq!(book["operationId"], "book");
    assert_eq!(book["summary"], "Finds a book by its number.");
    assert_eq!(book["description"], "Slowly.");
    assert_eq!(book["x-mfhm-idempotent"], true);
    assert_eq!(book["x-mfhm-fingerprint"].as_str().map(str::len), Some(16));

    let parameters: Vec<_> = book["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            format!(
                "{} {} {} {}",
                p["in"], p["name"], p["required"], p["schema"]["type"]
            )
        })
        .collect();
    assert_eq!(
        parameters,
        [
            r#""path" "id" true "integer""#,
            r#""query" "page" false "integer""#,
            r#""query" "tag" false "array""#,
            r#""header" "x-tenant" false "string""#,
        ]
    );
    assert_eq!(
        at(&document, "/paths/~1books~1{id}/put/deprecated"),
        &Value::Bool(true)
    );
    assert!(document["paths"]["/files/{rest}"]["get"].is_object());
    assert!(document["paths"]["/plain"]["x-mfhm-methods"]["PURGE"].is_object());
}

#[test]
fn one_path_has_one_name_for_each_placeholder() {
    let document = document(false);
    let put = at(&document, "/paths/~1books~1{id}/put");
    assert_eq!(put["parameters"][0]["name"], "id");
    assert_eq!(document["paths"].as_object().map(|p| p.len()), Some(3));
}

#[test]
fn every_answer_is_declared() {
    let document = document(false);
    let answers = |pointer: &str| -> Vec<&str> {
        let responses = at(&document, pointer)["responses"].as_object().unwrap();
        let mut statuses: Vec<&str> = responses.keys().map(String::as_str).collect();
        statuses.sort_unstable();
        statuses
    };
    let book = "/paths/~1books~1{id}/get";
    assert_eq!(answers(book), ["200", "400", "404", "default"]);
    assert_eq!(
        answers("/paths/~1books~1{id}/put"),
        ["204", "400", "413", "415", "422", "504", "default"]
    );
    assert_eq!(answers("/paths/~1files~1{rest}/get")[0], "2XX");

    let problem = |status: &str| {
        let pointer =
            format!("{book}/responses/{status}/content/application~1problem+json/schema/oneOf");
        at(&document, &pointer).as_array().unwrap().clone()
    };
    let codes: Vec<_> = problem("404")
        .iter()
        .map(|schema| schema["properties"]["code"]["const"].clone())
        .collect();
    assert_eq!(codes, ["no_book", "no_shelf"]);
    assert_eq!(problem("400").len(), 2);
    // The error was written by hand: nobody said what its fields are.
    let data = &problem("404")[0]["properties"]["data"];
    assert_eq!(data["x-mfhm-untyped"], "Never");
    assert_eq!(problem("404")[0]["description"], "No such book.");
}

#[test]
fn types_are_described_as_they_travel() {
    let document = document(false);
    let schemas = &document["components"]["schemas"];
    // `tags` need not be sent, and is always answered.
    assert_eq!(
        schemas["Book"]["required"].to_string(),
        r#"["id","title","tags","next"]"#
    );
    assert_eq!(
        schemas["BookInput"]["required"].to_string(),
        r#"["id","title"]"#
    );
    assert_eq!(
        schemas["BookInput"]["properties"]["title"]["description"],
        "What is on its cover."
    );
    let next = &schemas["BookInput"]["properties"]["next"];
    assert!(
        next.to_string().contains("#/components/schemas/BookInput"),
        "{next}"
    );
    let body = "/paths/~1plain/post/requestBody/content/application~1json/schema";
    assert_eq!(at(&document, body)["x-mfhm-untyped"], "Plain");
}

#[test]
fn a_document_is_the_same_each_time() {
    assert_eq!(document(false).to_string(), document(false).to_string());
    let with_key = document(true);
    assert!(with_key["components"]["securitySchemes"]["key"].is_object());
    let forbidden = "/paths/~1plain/post/responses/403/content/text~1plain";
    assert!(at(&with_key, forbidden).is_object());
}

#[tokio::test]
async fn the_document_and_the_page_are_served() {
    let definition = std::sync::Arc::new(Library).__mfhm_definition();
    let document = super::document("library", definition.about, &definition.routes, false);
    let router = super::router(&document);
    for (path, content_type, text) in [
        ("/openapi.json", "application/json", r#""openapi":"3.1.0""#),
        ("/docs", "text/html; charset=utf-8", "<!doctype html>"),
    ] {
        let request = http::Request::builder()
            .uri(path)
            .body(axum::body::Body::empty());
        let response = router.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], content_type);
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains(text));
    }
}

#[test]
fn a_route_at_the_place_of_the_document_is_refused() {
    static OPERATION: mfhm::Operation = mfhm::Operation::new("a", "GET", "/docs");
    let route = crate::server::Route::new(&OPERATION, |_| async {
        crate::server::reply::answer_empty(())
    });
    let problems = crate::server::router::clashes(&[route]);
    assert!(
        problems[0].contains("GET /docs is mfhm's own"),
        "{problems:?}"
    );
}

#[derive(Serialize, Deserialize, JsonSchema, Debug)]
struct Shelf {
    row: Option<u8>,
    tag: Vec<String>,
}

struct Kinds;

#[mfhm::service(name = "kinds", crate = crate)]
impl Kinds {
    #[get("/flat")]
    async fn flat(&self, #[query(flatten)] shelf: Shelf, #[cookie("session")] id: Option<&str>) {
        let _ = (shelf.row, shelf.tag, id);
    }

    #[post("/form")]
    #[status(201)]
    async fn form(&self, #[form] shelf: Shelf) -> u8 {
        shelf.row.unwrap_or_default()
    }

    #[put("/bytes")]
    async fn bytes(&self, #[body(bytes)] body: &[u8]) -> mfhm::Raw {
        mfhm::Raw::new("text/plain", body.to_vec())
    }
}

#[test]
fn every_kind_of_parameter_is_where_it_belongs() {
    let document = mfhm::App::new()
        .service(Kinds)
        .openapi("kinds")
        .expect("it is the app's service");
    let flat = &document["paths"]["/flat"]["get"]["parameters"];
    assert_eq!(flat[0]["in"], "query");
    assert_eq!(
        (&flat[0]["style"], &flat[0]["explode"]),
        (&"form".into(), &true.into())
    );
    assert_eq!(
        (&flat[1]["in"], &flat[1]["name"]),
        (&"cookie".into(), &"session".into())
    );
    assert_eq!(flat[1]["required"], false);

    let form = &document["paths"]["/form"]["post"];
    let content = &form["requestBody"]["content"];
    assert!(content["application/x-www-form-urlencoded"]["schema"].is_object());
    assert!(form["responses"]["201"].is_object() && form["responses"]["200"].is_null());

    let bytes = &document["paths"]["/bytes"]["put"];
    assert!(bytes["requestBody"]["content"]["*/*"].is_object());
    let answer = &bytes["responses"]["200"];
    assert!(answer["content"]["*/*"].is_object());
}

struct Answers;

/// What is answered, and by which types.
#[mfhm::service(name = "answers", crate = crate)]
impl Answers {
    #[get("/headed")]
    async fn headed(&self) -> mfhm::Headed<Book> {
        unreachable!()
    }

    #[get("/nothing")]
    async fn nothing(&self) -> Result<mfhm::Headed<()>, Never> {
        Err(Never)
    }

    #[get("/bytes")]
    async fn bytes(&self) -> mfhm::ByteStream {
        mfhm::Bytes::new().into()
    }

    #[post("/lines")]
    #[status(201)]
    async fn lines(&self) -> mfhm::Lines<Plain> {
        unreachable!()
    }

    #[get("/events")]
    async fn events(&self) -> mfhm::Headed<mfhm::Events<Shelf>> {
        unreachable!()
    }

    #[get("/opaque")]
    async fn opaque(&self) -> axum::http::StatusCode {
        axum::http::StatusCode::OK
    }
}

#[test]
fn an_answer_is_what_its_type_says() {
    let definition = std::sync::Arc::new(Answers).__mfhm_definition();
    let document = super::document("answers", definition.about, &definition.routes, false);
    let answer = |path: &str, status: &str| {
        let operations = document["paths"][path].as_object().unwrap();
        let operation = operations.values().next().unwrap();
        operation["responses"][status].clone()
    };
    let headed = answer("/headed", "200");
    assert_eq!(headed["description"], "The result. With response headers.");
    let schema = &headed["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/Book");

    let nothing = answer("/nothing", "204");
    assert!(nothing.is_object() && nothing["content"].is_null());

    let bytes = answer("/bytes", "200");
    assert_eq!(
        bytes["content"],
        serde_json::json!({ "application/octet-stream": {} })
    );

    let lines = &answer("/lines", "201")["content"]["application/x-ndjson"];
    assert_eq!(lines["schema"]["type"], "string");
    assert_eq!(lines["x-mfhm-item"]["x-mfhm-untyped"], "Plain");

    let events = &answer("/events", "200")["content"]["text/event-stream"];
    assert_eq!(events["x-mfhm-item"]["$ref"], "#/components/schemas/Shelf");
    assert!(document["components"]["schemas"]["Shelf"].is_object());

    let opaque = answer("/opaque", "2XX");
    assert!(opaque.is_object() && opaque["content"].is_null());
}

/// What can go wrong with a shelf.
#[derive(Debug, mfhm::ApiError)]
#[mfhm(crate = crate)]
enum ShelfError {
    /// Nothing fits in.
    #[status(409)]
    Full { shelf: Shelf, by: Plain },
    #[status(409)]
    Gone,
    #[internal]
    Broken(std::io::Error),
}

impl std::fmt::Display for ShelfError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

impl std::error::Error for ShelfError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Broken(error) => Some(error),
            _ => None,
        }
    }
}

struct Shelves;

#[mfhm::service(name = "shelves", version = "1.2.0", crate = crate)]
impl Shelves {
    #[get("/shelves/{id}")]
    async fn shelf(&self, id: u8) -> Result<u8, ShelfError> {
        match id {
            0 => Err(ShelfError::Broken(std::io::Error::other("dust"))),
            1 => Err(ShelfError::Gone),
            2 => Err(ShelfError::Full {
                shelf: Shelf {
                    row: None,
                    tag: Vec::new(),
                },
                by: Plain { n: 1 },
            }),
            id => Ok(id),
        }
    }
}

#[test]
fn the_fields_of_an_error_are_described() {
    let definition = std::sync::Arc::new(Shelves).__mfhm_definition();
    let document = super::document("shelves", definition.about, &definition.routes, false);
    let response = at(&document, "/paths/~1shelves~1{id}/get/responses/409");
    assert_eq!(
        response["description"],
        "`full`: Nothing fits in.\n\n`gone`"
    );
    let problems = &response["content"]["application/problem+json"]["schema"]["oneOf"];
    let full = &problems[0];
    assert_eq!(full["description"], "Nothing fits in.");
    assert_eq!(
        full["required"],
        serde_json::json!(["code", "status", "data"])
    );
    let data = &full["properties"]["data"];
    assert_eq!(data["required"], serde_json::json!(["shelf", "by"]));
    let shelf = &data["properties"]["shelf"]["$ref"];
    assert_eq!(shelf, "#/components/schemas/Shelf");
    assert_eq!(data["properties"]["by"]["x-mfhm-untyped"], "Plain");

    let gone = &problems[1];
    assert_eq!(gone["properties"]["code"]["const"], "gone");
    assert!(gone["properties"]["data"].is_null(), "{gone:#}");
    assert!(document["paths"]["/shelves/{id}"]["get"]["responses"]["500"].is_null());
}

#[test]
fn a_document_tells_version_and_description() {
    let answers = mfhm::App::new()
        .service(Answers)
        .openapi("answers")
        .unwrap();
    assert_eq!(answers["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        answers["info"]["summary"],
        "What is answered, and by which types."
    );
    let shelves = mfhm::App::new()
        .service(Shelves)
        .openapi("shelves")
        .unwrap();
    assert_eq!(shelves["info"]["version"], "1.2.0");
    assert!(shelves["info"]["summary"].is_null());
}
