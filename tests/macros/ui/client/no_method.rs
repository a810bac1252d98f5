#[mfhm::client(service = "users")]
pub trait Users {
    async fn count(&self) -> u64;
}

fn main() {}
