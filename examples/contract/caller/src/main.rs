//! A program that calls the service `users`. It depends on the contract and on
//! mfhm's feature `client`; no server is compiled into it.
//!
//! ```sh
//! cargo run --example center       # in another terminal
//! cargo run -p users-server        # in another terminal
//! cargo run -p users-caller
//! ```

use mfhm::CallError;
use users_api::{NewUser, UserError, UsersClient};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let users = UsersClient::new();

    let new = NewUser {
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
    };
    match users.create(&new).await {
        Ok(user) => println!("created user {}: {}", user.id, user.name),
        Err(CallError::Api(UserError::EmailTaken { email })) => {
            println!("{email} is there already")
        }
        Err(error) => return Err(error.into()),
    }
    for user in users.list(None).await? {
        println!("user {}: {} <{}>", user.id, user.name, user.email);
    }
    if let Err(CallError::Api(error)) = users.user(9999).await {
        println!("asking for user 9999: {error}");
    }
    Ok(())
}
