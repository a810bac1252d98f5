#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    #[timeout("5")]
    async fn users(&self) -> Vec<String>;
}

fn main() {}
