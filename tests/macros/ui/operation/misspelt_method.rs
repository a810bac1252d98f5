#[mfhm::client(service = "users")]
pub trait Users {
    #[gett("/")]
    async fn list(&self) -> u64;
}

fn main() {}
