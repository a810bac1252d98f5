#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, #[header("x-a")] first: &str, #[header("X-A")] second: &str) -> u64;
}

fn main() {}
