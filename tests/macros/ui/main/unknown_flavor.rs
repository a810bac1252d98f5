#[mfhm::main(flavor = "single")]
async fn main() {}
