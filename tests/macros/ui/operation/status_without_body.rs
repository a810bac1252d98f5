#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    #[status(204)]
    async fn create(&self, name: String) -> u64;
}

fn main() {}
