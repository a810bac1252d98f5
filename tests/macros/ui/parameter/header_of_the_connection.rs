#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn create(&self, name: &str, #[header("content-length")] length: u64);
}

fn main() {}
