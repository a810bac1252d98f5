#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, #[query(flatten)] page: u32) -> u64;
}

fn main() {}
