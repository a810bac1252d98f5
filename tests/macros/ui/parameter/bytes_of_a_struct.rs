#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn save(&self, #[body(bytes)] data: u64) -> u64;
}

fn main() {}
