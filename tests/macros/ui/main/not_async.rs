#[mfhm::main]
fn main() {}
