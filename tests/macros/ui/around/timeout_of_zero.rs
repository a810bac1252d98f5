#[mfhm::client(service = "users")]
#[timeout("0s")]
pub trait Users {
    #[get("/")]
    async fn users(&self) -> Vec<String>;
}

fn main() {}
