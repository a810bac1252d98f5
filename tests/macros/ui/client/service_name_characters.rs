#[mfhm::client(service = "my users")]
pub trait Users {
    #[get("/")]
    async fn list(&self) -> u64;
}

fn main() {}
