#[mfhm::client(service = "users", path = "/v2/users", version = "2")]
pub trait Users {
    #[get("/{id}")]
    async fn user(&self, id: u64) -> String;
}

fn main() {}
