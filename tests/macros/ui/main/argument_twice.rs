#[mfhm::main(log = "info", log = "warn")]
async fn main() {}
