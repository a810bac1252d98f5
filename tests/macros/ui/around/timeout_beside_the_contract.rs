#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn users(&self) -> Vec<String>;
}

struct Service;

#[mfhm::service]
#[timeout("5s")]
impl Users for Service {
    async fn users(&self) -> Vec<String> {
        Vec::new()
    }
}

fn main() {}
