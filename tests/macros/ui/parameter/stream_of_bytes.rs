#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn save(&self, #[body(stream)] data: Vec<u8>) -> u64;
}

fn main() {}
