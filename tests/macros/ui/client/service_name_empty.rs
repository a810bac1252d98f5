#[mfhm::client(service = "")]
pub trait Users {
    #[get("/")]
    async fn list(&self) -> u64;
}

fn main() {}
