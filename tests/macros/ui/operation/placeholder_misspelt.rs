#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{user_id}")]
    async fn user(&self, userid: u64) -> u64;
}

fn main() {}
