struct Users;

#[mfhm::client(service = "users")]
impl Users {}

fn main() {}
