#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn upload(&self, #[multipart] form: &mfhm::Multipart) -> u64;
}

fn main() {}
