#[derive(serde::Serialize, serde::Deserialize)]
pub struct Rest {
    email: String,
}

#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn create(&self, name: String, #[form] rest: Rest) -> u64;
}

fn main() {}
