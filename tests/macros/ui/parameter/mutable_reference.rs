#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, name: &mut String) -> u64;
}

fn main() {}
