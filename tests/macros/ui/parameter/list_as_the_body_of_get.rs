#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, #[body] ids: Vec<u64>) -> u64;
}

fn main() {}
