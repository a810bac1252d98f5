#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn create(&self, name: String, email: String) -> u64;
}

fn main() {}
