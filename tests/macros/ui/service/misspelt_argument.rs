#[mfhm::service(nam = "users")]
struct Users;

fn main() {}
