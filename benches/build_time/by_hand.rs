//! The crate written by hand on axum and reqwest. What can be shared between
//! operations is.

/// What the operations of the client share.
macro_rules! client_support {
    () => {
        r#"
/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError<E: std::error::Error> {
    #[error(transparent)]
    Api(E),
    #[error("the call failed")]
    Http(#[from] reqwest::Error),
    #[error("answered {0}")]
    Status(reqwest::StatusCode),
}

/// The error of an operation that declares none.
#[derive(Debug, thiserror::Error, serde::Deserialize)]
pub(crate) enum Never {}

async fn open<E>(request: reqwest::RequestBuilder) -> Result<reqwest::Response, CallError<E>>
where
    E: std::error::Error + serde::de::DeserializeOwned,
{
    let answer = request.send().await?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = answer.bytes().await?;
    match serde_json::from_slice(&body) {
        Ok(error) => Err(CallError::Api(error)),
        Err(_) => Err(CallError::Status(status)),
    }
}

/// Sends a request whose answer is JSON.
pub async fn send<T, E>(request: reqwest::RequestBuilder) -> Result<T, CallError<E>>
where
    T: serde::de::DeserializeOwned,
    E: std::error::Error + serde::de::DeserializeOwned,
{
    Ok(open(request).await?.json().await?)
}

/// Sends a request whose answer is empty.
pub async fn send_empty<E>(request: reqwest::RequestBuilder) -> Result<(), CallError<E>>
where
    E: std::error::Error + serde::de::DeserializeOwned,
{
    open(request).await.map(drop)
}
"#
    };
}

/// The service of one group.
pub(crate) const SERVICE: &str = r#"
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;

use crate::support::tenant;
use crate::types_G_::*;

pub struct Service_G_;

pub fn router() -> Router {
    Router::new()
//[resource
        .route("/items_N_", get(list_N_).post(add_N_))
        .route("/items_N_/{id}", get(item_N_).put(change_N_).delete(remove_N_))
//]
        .with_state(Arc::new(Service_G_))
}

//[resource
#[derive(serde::Deserialize)]
struct ListQuery_N_ {
    page: Option<u32>,
    tag: Option<String>,
}

/// Lists items.
async fn list_N_(State(_service): State<Arc<Service_G_>>, Query(query): Query<ListQuery_N_>) -> Json<Vec<Item_N_>> {
    Json(vec![sample_N_(query.page.unwrap_or(0).into(), query.tag.as_deref().unwrap_or("none"))])
}

/// Finds one item.
async fn item_N_(State(_service): State<Arc<Service_G_>>, Path(id): Path<u64>) -> Result<Json<Item_N_>, Item_N_Error> {
        let offset = 0; // changes
    if id == 0 { return Err(Item_N_Error::NotFound { id }); }
    Ok(Json(sample_N_(id + offset, "some")))
}

/// Adds an item.
async fn add_N_(
    State(_service): State<Arc<Service_G_>>,
    headers: HeaderMap,
    Json(new): Json<NewItem_N_>,
) -> Result<(StatusCode, Json<Item_N_>), axum::response::Response> {
    use axum::response::IntoResponse as _;
    let tenant = tenant(&headers)?;
    if new.name == tenant { return Err(Item_N_Error::Taken { name: new.name }.into_response()); }
    Ok((StatusCode::CREATED, Json(sample_N_(1, &new.name))))
}

/// Changes an item.
async fn change_N_(
    State(_service): State<Arc<Service_G_>>,
    Path(id): Path<u64>,
    Json(new): Json<NewItem_N_>,
) -> Result<Json<Item_N_>, Item_N_Error> {
    if id == 0 { return Err(Item_N_Error::NotFound { id }); }
    Ok(Json(sample_N_(id, &new.name)))
}

/// Removes an item.
async fn remove_N_(State(_service): State<Arc<Service_G_>>, Path(id): Path<u64>) -> Result<StatusCode, Item_N_Error> {
    if id == 0 { return Err(Item_N_Error::NotFound { id }); }
    Ok(StatusCode::NO_CONTENT)
}
//]
"#;

/// The client of one group.
pub(crate) const CLIENT: &str = r#"
use crate::support::{CallError, Never, send, send_empty};
use crate::types_G_::*;

pub struct Group_G_Client {
    http: reqwest::Client,
    base: String,
}

impl Group_G_Client {
    pub fn new(base: &str) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(15)).build()?;
        Ok(Self { http, base: base.to_owned() })
    }
//[resource
    /// Lists items.
    pub async fn list_N_(&self, page: Option<u32>, tag: Option<&str>) -> Result<Vec<Item_N_>, CallError<Never>> {
        let mut request = self.http.get(format!("{}/items_N_", self.base));
        if let Some(page) = page { request = request.query(&[("page", page)]); }
        if let Some(tag) = tag { request = request.query(&[("tag", tag)]); }
        send(request).await
    }
    /// Finds one item.
    pub async fn item_N_(&self, id: u64) -> Result<Item_N_, CallError<Item_N_Error>> {
        send(self.http.get(format!("{}/items_N_/{id}", self.base))).await
    }
    /// Adds an item.
    pub async fn add_N_(&self, new: &NewItem_N_, tenant: &str) -> Result<Item_N_, CallError<Item_N_Error>> {
        send(self.http.post(format!("{}/items_N_", self.base)).header("x-tenant", tenant).json(new)).await
    }
    /// Changes an item.
    pub async fn change_N_(&self, id: u64, new: &NewItem_N_) -> Result<Item_N_, CallError<Item_N_Error>> {
        send(self.http.put(format!("{}/items_N_/{id}", self.base)).json(new)).await
    }
    /// Removes an item.
    pub async fn remove_N_(&self, id: u64) -> Result<(), CallError<Item_N_Error>> {
        send_empty(self.http.delete(format!("{}/items_N_/{id}", self.base))).await
    }
//]
}

/// Calls everything.
pub async fn exercise(base: &str) -> Result<(), Box<dyn std::error::Error>> {
    let client = Group_G_Client::new(base)?;
//[resource
    let new = NewItem_N_ { name: "a".to_owned(), tags: Vec::new(), price: None };
    println!("{:?}", client.list_N_(Some(1), Some("a")).await?);
    println!("{:?}", client.item_N_(1).await?);
    println!("{:?}", client.add_N_(&new, "a").await?);
    println!("{:?}", client.change_N_(1, &new).await?);
    client.remove_N_(1).await?;
//]
    Ok(())
}
"#;

/// What the operations share.
pub(crate) const SUPPORT: &str = concat!(
    r#"
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::Json;

/// A problem document with the error in it.
pub fn problem<E: serde::Serialize + std::fmt::Display>(status: StatusCode, error: &E) -> Response {
    #[derive(serde::Serialize)]
    struct Problem<'a, E> {
        status: u16,
        detail: String,
        #[serde(flatten)]
        error: &'a E,
    }
    let problem = Problem { status: status.as_u16(), detail: error.to_string(), error };
    let mut response = (status, Json(problem)).into_response();
    let problem = axum::http::HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert("content-type", problem);
    response
}

/// The tenant that a request is about.
pub fn tenant(headers: &HeaderMap) -> Result<&str, Response> {
    let tenant = headers.get("x-tenant").and_then(|value| value.to_str().ok());
    tenant.ok_or_else(|| (StatusCode::BAD_REQUEST, "the header x-tenant is missing").into_response())
}
"#,
    client_support!()
);

/// What the operations of the client share.
pub(crate) const CLIENT_SUPPORT: &str = client_support!();

/// The program.
pub(crate) const MAIN: &str = r#"
mod support;
//[group
mod client_G_;
mod service_G_;
mod types_G_;
//]

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    if let Some(base) = std::env::args().nth(1) {
//[group
        client_G_::exercise(&base).await?;
//]
        return Ok(());
    }
    let mut app = axum::Router::new();
//[group
    app = app.merge(service_G_::router());
//]
    let listener = tokio::net::TcpListener::bind("127.0.0.1:30176").await?;
    let stop = async { let _ = tokio::signal::ctrl_c().await; };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    Ok(())
}
"#;
