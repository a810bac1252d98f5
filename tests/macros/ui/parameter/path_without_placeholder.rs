#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, #[path] id: u64) -> u64;
}

fn main() {}
