#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn create<T: Into<String>>(&self, name: T);
}

fn main() {}
