#[mfhm::service(name = "users")]
struct Users;

pub struct Page(u64);

#[mfhm::get("/")]
async fn list(Page(page): Page) -> u64 {
    page
}

fn main() {}
