#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{*id}/files")]
    async fn user(&self, id: String) -> u64;
}

fn main() {}
