//! The smallest service: free functions, as Python's `service01.py`.
//!
//! ```sh
//! cargo run --example center       # in another terminal
//! cargo run --example service01
//! curl http://127.0.0.1:30176/hello
//! ```

use mfhm::{Json, get};
use serde::Serialize;

/// Opens a service for the functions of this module.
#[mfhm::service(name = "service01", port = 30176)]
struct Service01;

#[derive(Serialize)]
struct Reply {
    status: bool,
    code: &'static str,
    message: &'static str,
}

/// Says hello.
#[get("/hello")]
async fn hello() -> Json<Reply> {
    Json(Reply {
        status: true,
        code: "0000",
        message: "hello, my name is service01",
    })
}

#[mfhm::main]
async fn main() -> mfhm::Result<()> {
    mfhm::run().await
}
