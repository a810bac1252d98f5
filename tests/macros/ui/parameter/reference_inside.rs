#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn find(&self, names: Vec<&str>) -> u64;
}

fn main() {}
