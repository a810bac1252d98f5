use mfhm::route;

#[route(purge, "/cache")]
async fn purge() {}

fn main() {}
