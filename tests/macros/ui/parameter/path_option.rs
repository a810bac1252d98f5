#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}")]
    async fn user(&self, id: Option<u64>) -> u64;
}

fn main() {}
