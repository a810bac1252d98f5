#[mfhm::service(name = "users")]
struct Users;

#[mfhm::post("/")]
async fn list(#[extract] text: String, #[extract] headers: mfhm::http::HeaderMap) -> usize {
    text.len() + headers.len()
}

fn main() {}
