#[mfhm::service(name = "users")]
struct Users;

#[mfhm::get("/")]
async fn list(headers: mfhm::http::HeaderMap) -> usize {
    headers.len()
}

fn main() {}
