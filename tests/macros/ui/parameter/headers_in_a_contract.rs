#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, headers: mfhm::http::HeaderMap) -> u64;
}

fn main() {}
