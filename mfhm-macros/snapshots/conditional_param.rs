#[mfhm::client(service = "files", path = "/v1")]
pub trait Files {
    #[get("/{id}")]
    async fn file(
        &self,
        id: u64,
        #[cfg(feature = "trace")] trace: bool,
        #[cfg_attr(feature = "trace", header("x-span"))] span: u64,
    ) -> String;
}

#[get("/{id}", crate = crate::reexported)]
async fn file(id: u64, #[cfg(feature = "trace")] trace: bool) -> String {
    body
}
