#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn user(&self, #[body(stream)] body: &mfhm::ByteStream) -> u64;
}

fn main() {}
