#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    #[idempotent(true)]
    async fn create(&self, name: String) -> u64;
}

fn main() {}
