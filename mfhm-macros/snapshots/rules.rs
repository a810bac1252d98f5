//! products: validate
#[mfhm::client(service = "users")]
pub trait Users {
    #[post("/users")]
    async fn create(&self, new: &NewUser, #[query(flatten)] options: Options, #[query] id: u64) -> User;
}
