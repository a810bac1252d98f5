#[mfhm::service(name = "")]
struct Users;

fn main() {}
