#[mfhm::get("/")]
#[layer]
async fn users() -> Vec<String> {
    Vec::new()
}

fn main() {}
