struct Users;

#[mfhm::service(name = "users")]
impl Users {
    #[get("/")]
    #[timeout(5)]
    async fn users(&self) -> Vec<String> {
        Vec::new()
    }
}

fn main() {}
