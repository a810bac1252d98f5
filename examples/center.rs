//! A service center, as Python's `serviceCenter.py`.
//!
//! ```sh
//! cargo run --example center
//! ```
//!
//! It listens on http://127.0.0.1:21428 and keeps its data in `./data`. Start
//! `service01` and `service02` beside it. The program `mfhm center` (feature
//! `cli`) is the same with command-line options.

use mfhm::Center;

#[mfhm::main]
async fn main() -> mfhm::Result<()> {
    Center::builder().data_dir("./data").run().await
}
