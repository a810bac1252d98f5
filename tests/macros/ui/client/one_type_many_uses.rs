// One type lacks its derives; five operations use it, and one message says so.
pub struct User {
    pub id: u64,
}

#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/{id}")]
    async fn user(&self, id: u64) -> User;
    #[get("/")]
    async fn list(&self) -> Vec<User>;
    #[post("/")]
    async fn create(&self, user: &User) -> User;
    #[put("/")]
    async fn replace(&self, user: Option<&User>) -> Option<User>;
    #[get("/all")]
    async fn all(&self) -> mfhm::Lines<User>;
}

fn main() {}
