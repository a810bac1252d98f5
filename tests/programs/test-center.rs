//! A center with short ping times: its port and its data directory are on the
//! command line; then, for others than the defaults, its policy for contracts and its
//! ping interval in milliseconds.

use std::time::Duration;

use support::follow::follow_the_test;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> mfhm::Result<()> {
    follow_the_test();
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(data_dir)) = (arguments.next(), arguments.next()) else {
        return Err(mfhm::Error::new(
            "usage: test-center PORT DATA_DIR [warn|refuse]",
        ));
    };
    let port = port
        .parse()
        .map_err(|error| mfhm::Error::with_source("the port", error))?;
    let policy = match arguments.next().as_deref() {
        Some("refuse") => mfhm::ContractPolicy::Refuse,
        _ => mfhm::ContractPolicy::Warn,
    };
    let interval = match arguments.next() {
        Some(text) => text
            .parse()
            .map_err(|error| mfhm::Error::with_source("the interval", error))?,
        None => 500,
    };
    let center = mfhm::Center::builder()
        .contract_policy(policy)
        .port(port)
        .data_dir(data_dir)
        .ping_interval(Duration::from_millis(interval))
        .ping_timeout(Duration::from_millis(250))
        .start()
        .await?;
    println!("center on {}", center.url());
    let mut terminate = signal(SignalKind::terminate())?;
    terminate.recv().await;
    center.stop().await;
    Ok(())
}
