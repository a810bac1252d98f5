#[mfhm::client(service = "users")]
pub trait Users<'a> {
    #[get("/")]
    async fn list(&self) -> Vec<u64>;
}

fn main() {}
