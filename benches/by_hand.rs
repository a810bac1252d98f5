//! The same service and the same calls, by hand with axum, and with reqwest or the
//! pooled client of hyper-util.

use axum::extract::{Path, Query};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use serde::Deserialize;

use crate::contract::{NewUser, User};

#[derive(Deserialize)]
struct UserQuery {
    verbose: Option<bool>,
}

async fn user(Path(id): Path<u64>, Query(query): Query<UserQuery>) -> Json<User> {
    let name = if query.verbose == Some(true) {
        "Ada Lovelace"
    } else {
        "Ada"
    };
    Json(User {
        id,
        name: name.to_owned(),
    })
}

async fn create(Json(new): Json<NewUser>) -> Json<User> {
    Json(User {
        id: 1,
        name: new.name,
    })
}

/// The router.
pub fn router() -> Router {
    Router::new()
        .route("/users/{id}", get(user))
        .route("/users", post(create))
}

/// Calls [`user`](crate::contract::Bench::user) as one would by hand.
pub async fn call_user(
    client: &reqwest::Client,
    base: &str,
    id: u64,
    verbose: Option<bool>,
) -> Result<User, reqwest::Error> {
    let mut url = format!("{base}/users/{id}");
    if let Some(verbose) = verbose {
        url.push_str(if verbose {
            "?verbose=true"
        } else {
            "?verbose=false"
        });
    }
    client
        .get(url)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await
}

/// Calls [`create`](crate::contract::Bench::create) as one would by hand.
pub async fn call_create(
    client: &reqwest::Client,
    base: &str,
    new: &NewUser,
) -> Result<User, reqwest::Error> {
    let url = format!("{base}/users");
    client
        .post(url)
        .json(new)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await
}

/// The client that reqwest is built on.
pub type HyperClient = Client<HttpConnector, Full<Bytes>>;

/// What a call by hand fails with.
pub type CallError = Box<dyn std::error::Error + Send + Sync>;

/// [`call_user`] without reqwest.
pub async fn call_user_by_hyper(
    client: &HyperClient,
    base: &str,
    id: u64,
    verbose: Option<bool>,
) -> Result<User, CallError> {
    let mut uri = format!("{base}/users/{id}");
    if let Some(verbose) = verbose {
        uri.push_str(if verbose {
            "?verbose=true"
        } else {
            "?verbose=false"
        });
    }
    let request = Request::builder().uri(uri).body(Full::new(Bytes::new()))?;
    read(client, request).await
}

/// [`call_create`] without reqwest.
pub async fn call_create_by_hyper(
    client: &HyperClient,
    base: &str,
    new: &NewUser,
) -> Result<User, CallError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{base}/users"))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(serde_json::to_vec(new)?.into()))?;
    read(client, request).await
}

async fn read(client: &HyperClient, request: Request<Full<Bytes>>) -> Result<User, CallError> {
    let answer = client.request(request).await?;
    if !answer.status().is_success() {
        return Err(format!("the answer is {}", answer.status()).into());
    }
    let body = answer.into_body().collect().await?.to_bytes();
    Ok(serde_json::from_slice(&body)?)
}
