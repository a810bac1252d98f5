#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn name(&self) -> &str;
}

fn main() {}
