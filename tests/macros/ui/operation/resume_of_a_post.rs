#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    #[resume]
    async fn events(&self, #[header("last-event-id")] last: Option<&str>) -> mfhm::Events<u64>;
}

fn main() {}
