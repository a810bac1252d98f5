//! The crate written with poem-openapi. It makes no client: that is the one on
//! reqwest.

/// The service of one group.
pub(crate) const SERVICE: &str = r#"
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};

use crate::support::Problem;
use crate::types_G_::*;

pub struct Service_G_;

//[resource
#[derive(ApiResponse)]
pub(crate) enum Added_N_ {
    #[oai(status = 201)]
    Added(Json<Item_N_>),
}

#[derive(ApiResponse)]
pub(crate) enum Removed_N_ {
    #[oai(status = 204)]
    Removed,
}

#[derive(ApiResponse)]
pub(crate) enum Failed_N_ {
    #[oai(status = 404)]
    NotFound(Json<Problem>),
    #[oai(status = 409)]
    Taken(Json<Problem>),
}

impl From<Item_N_Error> for Failed_N_ {
    fn from(error: Item_N_Error) -> Self {
        match error {
            Item_N_Error::NotFound { .. } => Self::NotFound(Problem::of(404, &error)),
            Item_N_Error::Taken { .. } => Self::Taken(Problem::of(409, &error)),
        }
    }
}
//]

#[OpenApi]
impl Service_G_ {
//[resource
    /// Lists items.
    #[oai(path = "/items_N_", method = "get")]
    async fn list_N_(&self, page: Query<Option<u32>>, tag: Query<Option<String>>) -> Json<Vec<Item_N_>> {
        Json(vec![sample_N_(page.0.unwrap_or(0).into(), tag.0.as_deref().unwrap_or("none"))])
    }
    /// Finds one item.
    #[oai(path = "/items_N_/:id", method = "get")]
    async fn item_N_(&self, id: Path<u64>) -> Result<Json<Item_N_>, Failed_N_> {
        let offset = 0; // changes
        let id = id.0;
        if id == 0 { return Err(Item_N_Error::NotFound { id }.into()); }
        Ok(Json(sample_N_(id + offset, "some")))
    }
    /// Adds an item.
    #[oai(path = "/items_N_", method = "post")]
    async fn add_N_(&self, new: Json<NewItem_N_>, #[oai(name = "x-tenant")] tenant: Header<String>) -> Result<Added_N_, Failed_N_> {
        let new = new.0;
        if new.name == tenant.0 { return Err(Item_N_Error::Taken { name: new.name }.into()); }
        Ok(Added_N_::Added(Json(sample_N_(1, &new.name))))
    }
    /// Changes an item.
    #[oai(path = "/items_N_/:id", method = "put")]
    async fn change_N_(&self, id: Path<u64>, new: Json<NewItem_N_>) -> Result<Json<Item_N_>, Failed_N_> {
        let id = id.0;
        if id == 0 { return Err(Item_N_Error::NotFound { id }.into()); }
        Ok(Json(sample_N_(id, &new.0.name)))
    }
    /// Removes an item.
    #[oai(path = "/items_N_/:id", method = "delete")]
    async fn remove_N_(&self, id: Path<u64>) -> Result<Removed_N_, Failed_N_> {
        let id = id.0;
        if id == 0 { return Err(Item_N_Error::NotFound { id }.into()); }
        Ok(Removed_N_::Removed)
    }
//]
}
"#;

/// What the operations share.
pub(crate) const SUPPORT: &str = r#"
/// A problem document.
#[derive(poem_openapi::Object)]
pub struct Problem {
    status: u16,
    detail: String,
    code: String,
    data: serde_json::Value,
}

impl Problem {
    pub fn of<E: serde::Serialize + std::fmt::Display>(status: u16, error: &E) -> poem_openapi::payload::Json<Self> {
        let mut value = serde_json::to_value(error).unwrap_or_default();
        poem_openapi::payload::Json(Self {
            status,
            detail: error.to_string(),
            code: value["code"].as_str().unwrap_or_default().to_owned(),
            data: value["data"].take(),
        })
    }
}
"#;

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
    let services = (
//[group
        service_G_::Service_G_,
//]
    );
    let service = poem_openapi::OpenApiService::new(services, "items", "1.0");
    let document = service.spec_endpoint();
    let app = poem::Route::new().nest("/", service).at("/openapi.json", document);
    let stop = async { let _ = tokio::signal::ctrl_c().await; };
    poem::Server::new(poem::listener::TcpListener::bind("127.0.0.1:30176"))
        .run_with_graceful_shutdown(app, stop, None)
        .await?;
    Ok(())
}
"#;
