#[derive(serde::Serialize, serde::Deserialize)]
pub struct Filter {
    name: String,
}

#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn find(&self, #[query(flatten)] filter: Option<Filter>) -> u64;
}

fn main() {}
