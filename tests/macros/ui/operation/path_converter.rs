use mfhm::get;

#[get("/files/{name:path}")]
async fn file(name: String) -> String {
    name
}

fn main() {}
