#[cfg(feature = "trace")]
#[::mfhm::client(service = "files", path = "/v1")]
pub trait Files {
    #[get("/{id}")]
    async fn file(&self, id: u64, trace: bool, #[header("x-span")] span: u64) -> String;
}
#[cfg(not(feature = "trace"))]
#[::mfhm::client(service = "files", path = "/v1")]
pub trait Files {
    #[get("/{id}")]
    async fn file(&self, id: u64, span: u64) -> String;
}
#[cfg(feature = "trace")]
#[crate::reexported::get("/{id}", crate = crate::reexported)]
async fn file(id: u64, trace: bool) -> String {
    body
}
#[cfg(not(feature = "trace"))]
#[crate::reexported::get("/{id}", crate = crate::reexported)]
async fn file(id: u64) -> String {
    body
}
