// The body is rustc's to complain about, once.
#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}")]
    async fn user(&self, id: u64) -> u64;
}

pub struct Service;

#[mfhm::service]
impl Users for Service {
    async fn user(&self, id: u64) -> u64 {
        id.
    }
}

pub async fn caller() {
    let _ = UsersClient::local(Service).user(1).await;
}

fn main() {}
