//! The service `users`: an implementation of the contract, with state.
//!
//! ```sh
//! cargo run --example center       # in another terminal
//! cargo run -p users-server
//! cargo run -p users-caller        # in another terminal
//! ```

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use users_api::{NewUser, User, UserError, Users};

#[derive(Debug, Default)]
struct UserService {
    users: Mutex<BTreeMap<u64, User>>,
}

impl UserService {
    fn users(&self) -> MutexGuard<'_, BTreeMap<u64, User>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[mfhm::service]
impl Users for UserService {
    async fn user(&self, id: u64) -> Result<User, UserError> {
        self.users()
            .get(&id)
            .cloned()
            .ok_or(UserError::NotFound { id })
    }

    async fn list(&self, name: Option<&str>) -> Result<Vec<User>, UserError> {
        let fits = |user: &&User| name.is_none_or(|name| user.name.contains(name));
        Ok(self.users().values().filter(fits).cloned().collect())
    }

    async fn create(&self, new: &NewUser) -> Result<User, UserError> {
        let mut users = self.users();
        if users.values().any(|user| user.email == new.email) {
            return Err(UserError::EmailTaken {
                email: new.email.clone(),
            });
        }
        let id = users.last_key_value().map_or(1, |(last, _)| last + 1);
        let user = User {
            id,
            name: new.name.clone(),
            email: new.email.clone(),
        };
        users.insert(id, user.clone());
        Ok(user)
    }

    async fn remove(&self, id: u64) -> Result<(), UserError> {
        self.users()
            .remove(&id)
            .map(drop)
            .ok_or(UserError::NotFound { id })
    }
}

#[mfhm::main]
async fn main() -> mfhm::Result<()> {
    mfhm::App::new().service(UserService::default()).run().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use users_api::UsersClient;

    /// The same test as a function call and through serialisation and routing:
    /// neither needs a socket.
    #[tokio::test]
    async fn a_taken_email_is_refused() {
        for users in [
            UsersClient::local(UserService::default()),
            UsersClient::routed(UserService::default()),
        ] {
            let new = NewUser {
                name: "Ada".to_owned(),
                email: "ada@example.com".to_owned(),
            };
            let ada = users.create(&new).await.unwrap();
            assert_eq!(users.user(ada.id).await.unwrap(), ada);
            assert_eq!(
                users.list(Some("Ad")).await.unwrap(),
                std::slice::from_ref(&ada)
            );
            let refused = users.create(&new).await.unwrap_err();
            assert_eq!(
                refused.api(),
                Some(&UserError::EmailTaken { email: new.email })
            );
            users.remove(ada.id).await.unwrap();
            let gone = users.user(ada.id).await.unwrap_err();
            assert_eq!(gone.api(), Some(&UserError::NotFound { id: ada.id }));
        }
    }
}
