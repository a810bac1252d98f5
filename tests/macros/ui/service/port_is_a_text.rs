#[mfhm::service(name = "users", port = "80")]
struct Users;

fn main() {}
