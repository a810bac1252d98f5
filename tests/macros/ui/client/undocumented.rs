// What is generated has its docs; what the user wrote is the user's.
#![deny(missing_docs)]
//! A crate.

#[mfhm::client(service = "users")]
pub trait Users {
    /// Lists.
    #[get("/")]
    async fn list(&self) -> u64;
}

fn main() {}
