#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}", name = "find user")]
    async fn user(&self, id: u64) -> u64;
}

fn main() {}
