#[mfhm::client(service = "users")]
pub trait Users<T> {
    #[get("/")]
    async fn list(&self) -> Vec<u64>;
}

fn main() {}
