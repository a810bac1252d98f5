//! A service that calls another one, found through the center.
//!
//! ```sh
//! cargo run --example center       # in another terminal
//! cargo run --example service01    # in another terminal
//! cargo run --example service02
//! curl http://127.0.0.1:30177/relay
//! ```
//!
//! Stop `service01` and call again, start it again and call again.

use mfhm::App;
use mfhm_examples::hello::Relay;

#[mfhm::main]
async fn main() -> mfhm::Result<()> {
    App::new().service(Relay::default()).port(30177).run().await
}
