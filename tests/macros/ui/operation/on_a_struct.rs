use mfhm::get;

#[get("/hello")]
struct Hello;

fn main() {}
