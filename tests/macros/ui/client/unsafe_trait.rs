#[mfhm::client(service = "users")]
pub unsafe trait Users {
    #[get("/")]
    async fn list(&self) -> Vec<u64>;
}

fn main() {}
