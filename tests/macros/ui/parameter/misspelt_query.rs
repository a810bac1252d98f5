#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, #[querry] name: &str) -> u64;
}

fn main() {}
