#[mfhm::client(service = "users", path = "/v1/users")]
pub trait Users {
    /// Finds one user.
    #[get("/{id}")]
    async fn user(&self, id: u64) -> Result<User, UserError>;

    #[get("")]
    async fn list(&self, page: Option<u32>, tag: Vec<String>) -> Result<Vec<User>, UserError>;

    #[post("")]
    #[idempotent]
    async fn create(
        &self,
        new: &NewUser,
        #[header("X-Tenant")] tenant: &str,
    ) -> Result<User, UserError>;

    #[deprecated(note = "use `remove_all`")]
    #[delete("/{id}")]
    async fn remove(&self, id: u64) -> Result<(), UserError>;

    #[cfg(feature = "files")]
    #[get("/{id}/files/{*rest}", name = "file")]
    async fn read_file(&self, id: u64, rest: &str, #[header] if_match: Option<&str>) -> Vec<u8>;

    #[mfhm::route(PURGE, "/{type}")]
    async fn purge(&self, r#type: &str);

    #[put("/{id}")]
    async fn alias(&self, id: u64, tags: Option<&[String]>) -> crate::Result<User>;
}
