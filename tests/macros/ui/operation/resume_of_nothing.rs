#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    #[resume]
    async fn lines(&self);
}

fn main() {}
