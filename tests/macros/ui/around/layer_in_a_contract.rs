#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    #[layer(Limit)]
    async fn users(&self) -> Vec<String>;
}

fn main() {}
