// While somebody types; the other operation and its callers go on working.
#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}")]
    async fn user(&self, id: u64) -> u64;
    #[get("/")]
    async fn list(&self, page: ) -> u64;
}

fn main() {}
