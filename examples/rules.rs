//! Types with rules: what breaks them never reaches the handler.
//!
//! ```sh
//! cargo run --example rules
//! ```
//!
//! Then try
//!
//! ```sh
//! curl -sS http://127.0.0.1:30179/guests -H 'content-type: application/json' \
//!   -d '{"name": "", "age": 200, "address": {"zip": "1"}}'
//! ```
//!
//! and the answer names all three fields. The rules are garde's; with schemars
//! they are also in the document, at <http://127.0.0.1:30179/docs>.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Validate)]
struct Guest {
    #[garde(length(min = 1, max = 100))]
    name: String,
    #[garde(range(max = 150))]
    age: u8,
    #[garde(dive)]
    address: Address,
}

#[derive(Serialize, Deserialize, JsonSchema, Validate)]
struct Address {
    #[garde(length(min = 5, max = 5))]
    zip: String,
}

struct Hotel;

#[mfhm::service(name = "hotel", port = 30179)]
impl Hotel {
    /// Welcomes a guest.
    #[post("/guests")]
    async fn welcome(&self, guest: Guest) -> String {
        format!("welcome, {} from {}", guest.name, guest.address.zip)
    }
}

#[mfhm::main]
async fn main() -> mfhm::Result<()> {
    mfhm::App::new().service(Hotel).run().await
}
