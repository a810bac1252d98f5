#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, #[query] #[header("x-name")] name: &str) -> u64;
}

fn main() {}
