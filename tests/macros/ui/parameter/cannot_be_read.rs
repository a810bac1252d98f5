#[mfhm::service(name = "users")]
struct Users;

pub struct New {
    pub name: String,
}

#[mfhm::post("/")]
async fn create(new: &New) -> usize {
    new.name.len()
}

fn main() {}
