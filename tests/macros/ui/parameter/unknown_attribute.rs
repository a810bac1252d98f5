#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn create(&self, #[json] name: String) -> u64;
}

fn main() {}
