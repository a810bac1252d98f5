// Three different mistakes; everything that uses the contract is left in peace.
#[mfhm::client(service = "users", path = "/v1/users")]
pub trait Users {
    #[get("{id}")]
    async fn user(&self, id: u64) -> u64;
    #[post("/")]
    async fn create(&self, #[heder("x-tenant")] tenant: &str, name: String) -> u64;
    #[delete("/{id}")]
    fn remove(&self, id: u64);
}

pub struct Service;

#[mfhm::service]
impl Users for Service {
    async fn user(&self, id: u64) -> u64 {
        id
    }
    async fn create(&self, tenant: &str, name: String) -> u64 {
        (tenant.len() + name.len()) as u64
    }
    async fn remove(&self, _id: u64) {}
}

pub async fn first(users: &UsersClient) -> Option<u64> {
    users.user(1).await.ok()
}

pub async fn second() -> u64 {
    let users = UsersClient::at("http://127.0.0.1:1").unwrap();
    users.create("acme", "Ada".to_owned()).await.unwrap()
}

pub async fn third() {
    UsersClient::local(Service).remove(1).await.unwrap();
}

pub fn fourth() -> mfhm::App {
    mfhm::App::new().service(Service)
}

pub async fn fifth(users: impl Users) -> u64 {
    users.user(2).await
}

fn main() {}
