#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn users(&self) -> Vec<String>;
}

struct Service;

#[mfhm::service]
impl Users for Service {
    async fn users(&self) -> Vec<String> {
        Vec::new()
    }

    #[layer(())]
    async fn user(&self) -> String {
        String::new()
    }
}

fn main() {}
