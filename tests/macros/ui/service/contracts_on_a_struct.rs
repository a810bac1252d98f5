#[mfhm::service(name = "users", contracts(Users))]
struct Service;

fn main() {}
