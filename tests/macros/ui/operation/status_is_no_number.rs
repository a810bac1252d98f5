#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    #[status(CREATED)]
    async fn create(&self, name: String) -> u64;
}

fn main() {}
