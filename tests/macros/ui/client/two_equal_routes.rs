#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}")]
    async fn by_id(&self, id: u64) -> u64;

    #[get("/{name}")]
    async fn by_name(&self, name: String) -> u64;
}

fn main() {}
