#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn find(&self, (x, y): (u8, u8)) -> u64;
}

fn main() {}
