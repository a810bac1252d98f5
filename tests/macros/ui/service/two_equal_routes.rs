pub struct Users;

#[mfhm::service(name = "users")]
impl Users {
    #[get("/{id}")]
    async fn user(&self, id: u64) -> u64 {
        id
    }

    #[get("/{name}")]
    async fn named(&self, name: String) -> usize {
        name.len()
    }
}

fn main() {}
