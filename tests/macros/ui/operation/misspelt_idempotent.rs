#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    #[idempotant]
    async fn create(&self, name: String) -> u64;
}

fn main() {}
