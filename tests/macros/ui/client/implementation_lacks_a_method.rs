#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}")]
    async fn user(&self, id: u64) -> u64;
    #[get("/")]
    async fn list(&self) -> Vec<u64>;
}

pub struct Service;

#[mfhm::service]
impl Users for Service {
    async fn user(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
