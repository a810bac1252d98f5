#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    #[resume]
    async fn ticks(&self) -> mfhm::Events<u64>;
}

fn main() {}
