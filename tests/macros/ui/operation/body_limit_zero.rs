#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    #[body_limit(0)]
    async fn create(&self, name: String) -> u64;
}

fn main() {}
