#[mfhm::client(service = "users")]
pub trait Users {
    #[get(PATH)]
    async fn list(&self) -> u64;
}

fn main() {}
