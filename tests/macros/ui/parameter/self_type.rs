#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn user(&self, other: Self) -> u64;
}

fn main() {}
