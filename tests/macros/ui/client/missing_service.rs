#[mfhm::client]
pub trait Users {
    #[get("/")]
    async fn list(&self) -> Vec<u64>;
}

fn main() {}
