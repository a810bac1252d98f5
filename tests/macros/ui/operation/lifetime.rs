#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn find<'a>(&self, name: &'a str) -> u64;
}

fn main() {}
