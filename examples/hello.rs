//! The contracts of `service01` and `service02`: what the Python README's two
//! services offer, and one call between them.

use serde::{Deserialize, Serialize};

/// What both services answer to a greeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether all is well.
    pub status: bool,
    /// A code, `0000` when all is well.
    pub code: String,
    /// The greeting.
    pub message: String,
}

impl Reply {
    /// A greeting.
    pub fn hello(message: impl Into<String>) -> Self {
        Self {
            status: true,
            code: "0000".to_owned(),
            message: message.into(),
        }
    }
}

/// An item of `service01`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// What can go wrong with items.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, mfhm::ApiError)]
pub enum ItemError {
    /// There is no such item.
    #[error("no item {id}")]
    #[status(404)]
    NotFound {
        /// The number that was asked for.
        id: u64,
    },
}

/// What `service01` offers.
#[mfhm::client(service = "service01")]
pub trait Service01 {
    /// Says hello.
    #[get("/hello")]
    async fn hello(&self) -> Reply;

    /// Finds an item.
    #[get("/items/{id}")]
    async fn item(&self, id: u64) -> Result<Item, ItemError>;
}

/// What `service02` offers.
#[mfhm::client(service = "service02")]
pub trait Service02 {
    /// Says hello.
    #[get("/hello")]
    async fn hello(&self) -> Reply;

    /// Asks `service01` to say hello, and passes it on.
    #[get("/relay")]
    async fn relay(&self) -> Result<Reply, RelayError>;
}

/// What can go wrong with a relay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, mfhm::ApiError)]
pub enum RelayError {
    /// The other service did not answer.
    #[error("service01 did not answer: {why}")]
    #[status(502)]
    NoAnswer {
        /// What happened.
        why: String,
    },
}

/// An implementation of [`Service01`].
#[derive(Debug, Default)]
pub struct Greeter;

#[mfhm::service]
impl Service01 for Greeter {
    async fn hello(&self) -> Reply {
        Reply::hello("hello, my name is service01")
    }

    async fn item(&self, id: u64) -> Result<Item, ItemError> {
        match id {
            1 => Ok(Item {
                id,
                name: "lamp".to_owned(),
            }),
            _ => Err(ItemError::NotFound { id }),
        }
    }
}

/// An implementation of [`Service02`], which calls `service01` wherever it is.
#[derive(Debug, Default)]
pub struct Relay {
    service01: Service01Client,
}

#[mfhm::service]
impl Service02 for Relay {
    async fn hello(&self) -> Reply {
        Reply::hello("hello, my name is service02")
    }

    async fn relay(&self) -> Result<Reply, RelayError> {
        let heard = self
            .service01
            .hello()
            .await
            .map_err(|error| RelayError::NoAnswer {
                why: error.to_string(),
            })?;
        Ok(Reply::hello(format!("service01 says: {}", heard.message)))
    }
}
