//! products: client

#[mfhm::client(service = "clock", crate = crate::reexported)]
pub(crate) trait Clock: std::fmt::Debug {
    #[get("/now")]
    async fn now(&self) -> u64;
}
