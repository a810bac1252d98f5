#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn list(&self) -> Vec<u64>
    where
        Self: Sized;
}

fn main() {}
