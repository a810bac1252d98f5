#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}", nam = "find")]
    async fn user(&self, id: u64) -> u64;
}

fn main() {}
