#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn count(&self) -> u64 {
        0
    }
}

fn main() {}
