#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, #[heder("x-tenant")] tenant: &str) -> u64;
}

fn main() {}
