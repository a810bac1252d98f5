#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn list(&self) -> impl Iterator<Item = u64>;
}

fn main() {}
