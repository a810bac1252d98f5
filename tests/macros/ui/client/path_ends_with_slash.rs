#[mfhm::client(service = "users", path = "/v1/")]
pub trait Users {
    #[get("/all")]
    async fn list(&self) -> u64;
}

fn main() {}
