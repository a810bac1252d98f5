#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}")]
    #[head("/{id}")]
    async fn user(&self, id: u64);
}

fn main() {}
