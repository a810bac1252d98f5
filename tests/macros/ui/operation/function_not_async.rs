#[mfhm::service(name = "users")]
struct Users;

#[mfhm::get("/")]
fn list() -> u64 {
    1
}

fn main() {}
