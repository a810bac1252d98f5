#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn list(&self) -> Result<u64, Box<dyn std::error::Error>>;
}

fn main() {}
