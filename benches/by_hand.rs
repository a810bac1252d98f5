//! The same service and the same calls, by hand with axum and reqwest.

use axum::extract::{Path, Query};
use axum::routing::{get, post};
use axum::{Json, Router};
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
