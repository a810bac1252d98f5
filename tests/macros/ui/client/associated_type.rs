#[mfhm::client(service = "users")]
pub trait Users {
    type Page;

    #[get("/")]
    async fn list(&self) -> Vec<u64>;
}

fn main() {}
