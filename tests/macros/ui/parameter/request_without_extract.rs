#[mfhm::service(name = "users")]
struct Users;

#[mfhm::post("/")]
async fn list(request: mfhm::http::HeaderMap, id: u64) -> usize {
    request.len() + id as usize
}

fn main() {}
