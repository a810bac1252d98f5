#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn find(&self, #[cookie("sid")] session: Vec<String>) -> u64;
}

fn main() {}
