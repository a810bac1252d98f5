#[mfhm::service(name = "users")]
struct Users;

#[mfhm::get("/")]
async fn list(#[extract] id: u64) -> u64 {
    id
}

fn main() {}
