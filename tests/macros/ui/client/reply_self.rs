#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn copy(&self) -> Self;
}

fn main() {}
