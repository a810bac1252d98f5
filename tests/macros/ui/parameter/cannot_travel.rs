pub struct NewUser {
    pub name: String,
}

#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/")]
    async fn create(&self, new: &NewUser) -> u64;
}

fn main() {}
