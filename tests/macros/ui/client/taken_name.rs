#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn new(&self, name: String) -> u64;
}

fn main() {}
