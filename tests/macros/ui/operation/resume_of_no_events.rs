#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    #[resume]
    async fn lines(&self, #[header("last-event-id")] last: Option<&str>) -> mfhm::Lines<u64>;
}

fn main() {}
