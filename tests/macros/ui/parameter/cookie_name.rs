#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn user(&self, #[cookie("s;id")] session: &str) -> u64;
}

fn main() {}
