#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, #[header(TENANT)] tenant: &str) -> u64;
}

fn main() {}
