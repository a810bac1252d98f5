#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/a")]
    async fn find(&self) -> u64;

    #[get("/b", name = "find")]
    async fn find_other(&self) -> u64;
}

fn main() {}
