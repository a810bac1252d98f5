struct Users;

#[mfhm::service(name = "users")]
impl Users {
    #[get("/count")]
    async fn count(&mut self) -> u64 {
        0
    }
}

fn main() {}
