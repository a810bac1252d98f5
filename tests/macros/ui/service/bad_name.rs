#[mfhm::service(name = "our users")]
struct Users;

fn main() {}
