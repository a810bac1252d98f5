#[mfhm::service(name = "users")]
#[timeout("5s")]
struct Users;

fn main() {}
