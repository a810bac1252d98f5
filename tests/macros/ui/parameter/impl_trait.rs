#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, name: impl Into<String>) -> u64;
}

fn main() {}
