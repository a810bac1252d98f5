#[mfhm::service(name = "users", port = 70000)]
struct Users;

fn main() {}
