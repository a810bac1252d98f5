#[derive(serde::Serialize)]
pub struct User {
    pub id: u64,
}

#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}")]
    async fn user(&self, id: u64) -> User;
}

fn main() {}
