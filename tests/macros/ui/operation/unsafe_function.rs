#[mfhm::service(name = "users")]
struct Users;

#[mfhm::get("/")]
async unsafe fn list() -> u64 {
    1
}

fn main() {}
