#[mfhm::service(name = "users")]
struct Users;

pub struct Missing;

#[mfhm::get("/")]
async fn user() -> Result<u64, Missing> {
    Err(Missing)
}

fn main() {}
