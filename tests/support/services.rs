//! The services that the tests run: `service01`, whose operations the Python
//! services in `tests/python` have as well, and `service02`, which calls it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What `service01` offers, in Rust and in Python.
#[mfhm::client(service = "service01")]
pub trait Service01 {
    /// Says its name.
    #[get("/hello")]
    async fn hello(&self) -> Hello;

    /// One item. There is none with the number 404.
    #[get("/item/{item_id}")]
    async fn item(&self, item_id: u64, note: Option<String>) -> Result<Item, ItemError>;

    /// Gives back what it was given.
    #[post("/echo")]
    async fn echo(&self, body: &BTreeMap<String, Value>) -> Received;

    /// Takes its time, in milliseconds, and says so when it begins.
    #[get("/slow")]
    async fn slow(&self, ms: u64) -> Item;
}

/// What `service02` offers.
#[mfhm::client(service = "service02")]
pub trait Service02 {
    /// What `service01` says to it.
    #[get("/relay")]
    async fn relay(&self) -> Result<Hello, RelayError>;
}

/// What `service03` offers: at the same place as `service01`, and something else.
#[mfhm::client(service = "service03")]
pub trait Service03 {
    /// Says its name, and that it ran.
    #[get("/hello")]
    async fn hello(&self) -> Hello;
}

/// Answer of `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Always true.
    pub status: bool,
    /// Always `0000`.
    pub code: String,
    /// Says who answers.
    pub message: String,
}

impl Hello {
    /// What a service of this name says.
    pub fn from(name: &str) -> Self {
        Self {
            status: true,
            code: "0000".into(),
            message: format!("hello, my name is {name}"),
        }
    }
}

/// Answer of `item`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// As asked for.
    pub item_id: u64,
    /// As asked for.
    pub note: Option<String>,
    /// The process that answered.
    pub pid: u32,
}

/// Answer of `echo`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// The body of the request.
    pub received: BTreeMap<String, Value>,
}

/// Why there is no item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, mfhm::ApiError)]
pub enum ItemError {
    /// No item has this number.
    #[error("no item {item_id}")]
    #[status(404)]
    NotFound {
        /// The number asked for.
        item_id: u64,
    },
}

/// Why `service02` has nothing to relay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, mfhm::ApiError)]
pub enum RelayError {
    /// `service01` could not be called.
    #[error("service01 failed: {why}")]
    #[status(502)]
    Failed {
        /// What the call said.
        why: String,
    },
}

/// Serves [`Service01`].
#[derive(Debug, Default)]
pub struct Service01Server;

#[mfhm::service]
impl Service01 for Service01Server {
    async fn hello(&self) -> Hello {
        Hello::from("service01")
    }

    async fn item(&self, item_id: u64, note: Option<String>) -> Result<Item, ItemError> {
        if item_id == 404 {
            return Err(ItemError::NotFound { item_id });
        }
        Ok(Item {
            item_id,
            note,
            pid: std::process::id(),
        })
    }

    async fn echo(&self, body: &BTreeMap<String, Value>) -> Received {
        Received {
            received: body.clone(),
        }
    }

    async fn slow(&self, ms: u64) -> Item {
        println!("slow begins");
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Item {
            item_id: ms,
            note: None,
            pid: std::process::id(),
        }
    }
}

/// Serves [`Service03`].
#[derive(Debug)]
pub struct Service03Server;

#[mfhm::service]
impl Service03 for Service03Server {
    async fn hello(&self) -> Hello {
        println!("service03 ran");
        Hello::from("service03")
    }
}

/// Serves [`Service02`].
#[derive(Debug)]
pub struct Service02Server {
    /// How it calls `service01`.
    pub service01: Service01Client,
}

#[mfhm::service]
impl Service02 for Service02Server {
    async fn relay(&self) -> Result<Hello, RelayError> {
        self.service01
            .hello()
            .await
            .map_err(|error| RelayError::Failed {
                why: error.to_string(),
            })
    }
}
