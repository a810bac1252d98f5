#[derive(Debug)]
pub struct Missing;

#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}")]
    async fn user(&self, id: u64) -> Result<u64, Missing>;
}

fn main() {}
