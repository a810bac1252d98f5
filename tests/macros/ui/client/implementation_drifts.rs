#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}")]
    async fn user(&self, id: u64) -> u64;
}

pub struct Service;

#[mfhm::service]
impl Users for Service {
    async fn user(&self, id: u32) -> u64 {
        id.into()
    }
}

fn main() {}
