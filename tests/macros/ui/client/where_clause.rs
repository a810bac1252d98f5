#[mfhm::client(service = "users")]
pub trait Users
where
    Self: Clone,
{
    #[get("/")]
    async fn list(&self) -> Vec<u64>;
}

fn main() {}
