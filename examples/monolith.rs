//! The same two services in one process: the call between them is a function
//! call.
//!
//! ```sh
//! cargo run --example monolith
//! curl http://127.0.0.1:30177/relay
//! ```
//!
//! Nothing but this `main` differs from the two programs. It needs no center;
//! with one, both services register as they would by themselves.

use mfhm::App;
use mfhm_examples::hello::{Greeter, Relay};

#[mfhm::main]
async fn main() -> mfhm::Result<()> {
    App::new()
        .service(Greeter)
        .service(Relay::default())
        .port_of("service01", 30176)
        .port_of("service02", 30177)
        .run()
        .await
}
