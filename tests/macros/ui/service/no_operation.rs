struct Users;

#[mfhm::service(name = "users")]
impl Users {
    async fn count(&self) -> u64 {
        0
    }
}

fn main() {}
