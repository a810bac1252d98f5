#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    #[body_limit(1024)]
    async fn find(&self, id: u64) -> u64;
}

fn main() {}
