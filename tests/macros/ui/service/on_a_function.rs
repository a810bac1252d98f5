#[mfhm::service(name = "users")]
async fn users() {}

fn main() {}
