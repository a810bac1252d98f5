#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn upload(&self, #[multipart] form: Option<mfhm::Multipart>) -> u64;
}

fn main() {}
