pub struct Users;

#[mfhm::service(name = "users")]
impl Users {
    #[get("/")]
    async fn list(&self) -> u64 {
        1
    }

    #[idempotent]
    async fn other(&self) {}
}

fn main() {}
