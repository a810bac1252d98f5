//! One service in three versions: the second adds an operation, the third breaks
//! one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of the service in all versions.
pub const NAME: &str = "catalog";

/// The first version.
#[mfhm::client(service = "catalog", path = "/v1/items")]
pub trait Catalog {
    /// One item.
    #[get("/{id}")]
    async fn item(&self, id: u64) -> Item;
}

/// The second version.
#[mfhm::client(service = "catalog", path = "/v1/items")]
pub trait CatalogWithCreate {
    /// One item.
    #[get("/{key}")]
    async fn item(&self, key: u64) -> Item;

    /// Makes an item.
    #[post("")]
    async fn create(&self, name: String) -> Item;
}

/// The third version.
#[mfhm::client(service = "catalog", path = "/v1/items")]
pub trait BrokenCatalog {
    /// The number of one item.
    #[get("/{id}")]
    async fn item(&self, id: u64) -> u64;
}

/// An item, and the process that tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// What it is called.
    pub name: String,
    /// The process that answered.
    pub pid: u32,
}

impl Item {
    fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            pid: std::process::id(),
        }
    }
}

/// Serves [`Catalog`].
#[derive(Debug)]
pub struct Old;

#[mfhm::service]
impl Catalog for Old {
    async fn item(&self, id: u64) -> Item {
        Item::new(id.to_string())
    }
}

/// Serves [`CatalogWithCreate`].
#[derive(Debug)]
pub struct New;

#[mfhm::service]
impl CatalogWithCreate for New {
    async fn item(&self, key: u64) -> Item {
        Item::new(key.to_string())
    }

    async fn create(&self, name: String) -> Item {
        Item::new(name)
    }
}

/// Serves [`BrokenCatalog`].
#[derive(Debug)]
pub struct Broken;

#[mfhm::service]
impl BrokenCatalog for Broken {
    async fn item(&self, id: u64) -> u64 {
        id
    }
}
