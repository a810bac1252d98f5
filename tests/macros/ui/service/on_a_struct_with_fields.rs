#[mfhm::service(name = "users")]
struct Users {
    count: u64,
}

fn main() {}
