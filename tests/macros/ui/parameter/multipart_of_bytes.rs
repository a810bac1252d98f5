#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn upload(&self, #[multipart] form: Vec<u8>) -> u64;
}

fn main() {}
