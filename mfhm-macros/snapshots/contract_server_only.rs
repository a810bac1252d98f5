//! products: server

#[mfhm::client(service = "clock")]
trait Clock {
    #[get("/now")]
    async fn now(&self) -> u64;
}
