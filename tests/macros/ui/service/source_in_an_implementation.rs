#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn find(&self, #[header("x-name")] name: &str) -> u64;
}

pub struct Service;

#[mfhm::service]
impl Users for Service {
    async fn find(&self, #[header("x-name")] name: &str) -> u64 {
        name.len() as u64
    }
}

fn main() {}
