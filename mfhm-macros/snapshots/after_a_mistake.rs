#[mfhm::client(service = "users", path = "/v1/users")]
pub trait Users {
    #[get("/:id")]
    async fn user(&self, id: u64) -> Result<User, UserError>;

    #[get("")]
    fn list(&self, page: Option<u32>) -> Vec<User> {
        Vec::new()
    }

    #[get("/new")]
    async fn new(&self);
}

#[mfhm::service(name = "orders")]
impl Orders {
    #[get("/orders/{id}")]
    async fn order(&mut self, id: u64) -> u64 {
        id
    }
}

#[get("/a/{id}")]
async fn free(#[query] name: &str) {}

#[derive(ApiError)]
enum Failure {
    NoStatus,
}

#[mfhm::main(threads = 2)]
async fn main() {
    work().await
}
