#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn upload(&self, #[multipart] form: mfhm::Multipart) -> u64;
}

fn main() {}
