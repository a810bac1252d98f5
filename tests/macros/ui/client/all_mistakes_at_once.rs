#[mfhm::client(service = "us ers", path = "v1", port = 1)]
pub trait Users {
    #[get("/{id")]
    async fn user(&self, id: u64) -> u64;

    #[post("/")]
    fn create(&self, first: String, second: String) -> u64;

    #[delete("/{name}")]
    async fn remove(&mut self, #[upload] id: u64);
}

fn main() {}
