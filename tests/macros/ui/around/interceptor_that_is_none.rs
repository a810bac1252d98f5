#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn users(&self) -> Vec<String>;
}

fn main() {
    let _ = UsersClient::new().intercept("token");
}
