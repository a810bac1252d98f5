#[mfhm::service(name = "orders", port = 0, contracts(Health))]
impl<D: Db> Orders<D>
where
    D: Send + Sync + 'static,
{
    const LIMIT: usize = 10;

    pub fn new(db: D) -> Self {
        Self { db }
    }

    /// Finds one order.
    #[get("/orders/{id}")]
    pub async fn order(&self, id: u64) -> Result<Order, OrderError> {
        self.db.find(id).await
    }

    #[get("/version")]
    async fn version() -> &'static str {
        "1"
    }

    #[cfg(feature = "admin")]
    #[post("/orders/search")]
    async fn search(&self, #[query] mut limit: usize, query: Query) -> Vec<Order> {
        limit = limit.min(Self::LIMIT);
        self.db.search(limit, query).await
    }
}
