#[mfhm::client(service = "clock")]
/// Documented.
#[cfg(feature = "clock")]
pub trait Clock {
    #[get("/now")]
    async fn now(&self) -> u64;
}

#[mfhm::service(name = "service01", crate = crate::reexported)]
#[cfg(unix)]
struct Service01;

#[mfhm::service]
#[cfg(unix)]
impl Clock for Service {
    async fn now(&self) -> u64 {
        0
    }
}
