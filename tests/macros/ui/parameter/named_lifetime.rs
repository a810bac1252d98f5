#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, name: &'static str) -> u64;
}

fn main() {}
