//! products: openapi

#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/users/{id}")]
    async fn user(&self, id: u64, page: Option<u32>) -> Result<User, UserError>;

    #[put("/users/{id}")]
    async fn replace(&self, id: u64, user: &User);
}

#[mfhm::service(name = "orders")]
impl<T: Store> Orders<T> {
    #[get("/orders")]
    async fn orders(&self) -> crate::Result<Vec<T::Order>> {
        self.store.all().await
    }
}

#[get("/page")]
async fn page(State(db): State<Db>) -> impl IntoResponse {
    db.page()
}
