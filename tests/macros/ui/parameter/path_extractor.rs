struct Path<T>(T);

#[mfhm::service(name = "users")]
struct Users;

#[mfhm::get("/users/{id}")]
async fn user(Path(id): Path<u32>) -> u32 {
    id
}

fn main() {}
