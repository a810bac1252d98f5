#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn find(&self, #[header("x tenant")] tenant: &str) -> u64;
}

fn main() {}
