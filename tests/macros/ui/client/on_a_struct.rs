#[mfhm::client(service = "users")]
pub struct Users;

fn main() {}
