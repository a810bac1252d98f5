//! The service, declared with mfhm.

use serde::{Deserialize, Serialize};

/// A small JSON answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// The number asked for.
    pub id: u64,
    /// Some text.
    pub name: String,
}

/// A small JSON body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewUser {
    /// Some text.
    pub name: String,
}

/// The service.
#[mfhm::client(service = "bench")]
pub trait Bench {
    /// A path and a query parameter.
    #[get("/users/{id}")]
    async fn user(&self, id: u64, verbose: Option<bool>) -> User;

    /// A JSON body.
    #[post("/users")]
    async fn create(&self, new: &NewUser) -> User;
}

/// The implementation.
#[derive(Clone, Copy, Debug)]
pub struct Service;

#[mfhm::service]
impl Bench for Service {
    async fn user(&self, id: u64, verbose: Option<bool>) -> User {
        User {
            id,
            name: if verbose == Some(true) {
                "Ada Lovelace"
            } else {
                "Ada"
            }
            .to_owned(),
        }
    }

    async fn create(&self, new: &NewUser) -> User {
        User {
            id: 1,
            name: new.name.clone(),
        }
    }
}
