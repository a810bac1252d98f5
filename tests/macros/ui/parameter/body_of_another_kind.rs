#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn user(&self, #[body(xml)] body: String) -> u64;
}

fn main() {}
