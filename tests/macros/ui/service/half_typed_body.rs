// The body is rustc's to complain about, once.
pub struct Users;

#[mfhm::service(name = "users")]
impl Users {
    #[get("/{id}")]
    async fn user(&self, id: u64) -> u64 {
        id.
    }
}

fn main() {}
