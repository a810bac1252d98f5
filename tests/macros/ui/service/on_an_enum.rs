#[mfhm::service(name = "users")]
enum Users {}

fn main() {}
