//! A contract crate: what the service `users` offers, for the service and for
//! everyone who calls it. It holds the types that travel and the trait, and no
//! behaviour.

use serde::{Deserialize, Serialize};

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Made by the service.
    pub id: u64,
    /// As given.
    pub name: String,
    /// Unique among all users.
    pub email: String,
}

/// What a new user is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewUser {
    /// Any text.
    pub name: String,
    /// No other user may have it.
    pub email: String,
}

/// Why the service says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, mfhm::ApiError)]
pub enum UserError {
    /// Nobody has this number.
    #[error("no user {id}")]
    #[status(404)]
    NotFound {
        /// The number that was asked for.
        id: u64,
    },
    /// Somebody else has the address.
    #[error("the email {email} is taken")]
    #[status(409)]
    EmailTaken {
        /// The address.
        email: String,
    },
}

/// The service `users`.
#[mfhm::client(service = "users", path = "/v1/users")]
pub trait Users {
    /// Finds one user.
    #[get("/{id}")]
    async fn user(&self, id: u64) -> Result<User, UserError>;

    /// Lists users by number, those whose name holds `name` if it is given.
    #[get("")]
    async fn list(&self, name: Option<&str>) -> Result<Vec<User>, UserError>;

    /// Adds a user.
    #[post("")]
    async fn create(&self, new: &NewUser) -> Result<User, UserError>;

    /// Removes a user.
    #[delete("/{id}")]
    async fn remove(&self, id: u64) -> Result<(), UserError>;
}
