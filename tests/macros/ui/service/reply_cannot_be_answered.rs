pub struct User;

pub struct Users;

#[mfhm::service(name = "users")]
impl Users {
    #[get("/")]
    async fn user(&self) -> User {
        User
    }
}

fn main() {}
