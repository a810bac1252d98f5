#[derive(Debug)]
pub struct Users;

#[mfhm::service(name = "users", contracts(std::fmt::Debug))]
impl Users {
    #[get("/")]
    async fn user(&self) -> u64 {
        1
    }
}

fn main() {}
