#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn find(&self, #[body] query: String) -> u64;
}

fn main() {}
