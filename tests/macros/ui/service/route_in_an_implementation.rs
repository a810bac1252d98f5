#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/count")]
    async fn count(&self) -> u64;
}

pub struct Service;

#[mfhm::service]
impl Users for Service {
    #[get("/count")]
    async fn count(&self) -> u64 {
        0
    }
}

fn main() {}
