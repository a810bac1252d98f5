#[mfhm::service(name = "orders")]
pub(crate) mod orders {
    //! Orders.

    #[get("/orders")]
    async fn all() -> Vec<Order> {
        Vec::new()
    }
}
