#[mfhm::client(service = "users", path = "/v1/users")]
pub trait Users {
    #[post("")]
    #[status(201)]
    async fn create(&self, new: &NewUser) -> Result<User, UserError>;
}
