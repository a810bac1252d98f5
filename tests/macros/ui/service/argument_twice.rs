#[mfhm::service(name = "users", name = "people")]
struct Users;

fn main() {}
