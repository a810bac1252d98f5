#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn find(&self, #[extract] headers: String) -> u64;
}

fn main() {}
