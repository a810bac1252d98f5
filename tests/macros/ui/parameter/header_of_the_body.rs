#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn create(&self, name: &str, #[header("content-type")] kind: &str);
}

fn main() {}
