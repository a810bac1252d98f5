#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    #[status(404)]
    async fn save(&self, data: u64) -> u64;
}

fn main() {}
