// The contract has a mistake; its client and its implementation are used as if
// it had none, and nothing is said about these.
#[mfhm::client(service = "users", path = "/v1/users")]
pub trait Users {
    #[get("/:id")]
    async fn user(&self, id: u64) -> u64;
}

pub struct Service;

#[mfhm::service]
impl Users for Service {
    async fn user(&self, id: u64) -> u64 {
        id
    }
}

pub async fn call() {
    let users = UsersClient::local(Service);
    let _ = users.clone().user(1).await;
    let _ = mfhm::App::new().service(Service);
}

fn main() {}
