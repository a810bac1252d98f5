#[mfhm::client(name = "users")]
pub trait Users {
    #[get("/")]
    async fn list(&self) -> Vec<u64>;
}

fn main() {}
