#[mfhm::service(name = "users")]
struct Users;

#[mfhm::get("/")]
async fn list(count: mfhm::State<u64>) -> u64 {
    count.0
}

fn main() {}
