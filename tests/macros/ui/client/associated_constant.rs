#[mfhm::client(service = "users")]
pub trait Users {
    const LIMIT: usize;

    #[get("/")]
    async fn list(&self) -> Vec<u64>;
}

fn main() {}
