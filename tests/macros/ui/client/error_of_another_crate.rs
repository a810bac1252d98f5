#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn list(&self) -> Result<u64, std::io::Error>;
}

fn main() {}
