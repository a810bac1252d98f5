// What is deprecated in the contract is so in its client.
#![deny(deprecated)]

#[mfhm::client(service = "users")]
pub trait Users {
    #[deprecated(note = "use `all`")]
    #[get("/")]
    async fn list(&self) -> u64;
}

pub async fn caller(users: UsersClient) {
    let _ = users.list().await;
}

fn main() {}
