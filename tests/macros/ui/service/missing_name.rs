#[mfhm::service]
struct Users;

fn main() {}
