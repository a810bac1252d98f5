#[mfhm::get("/")]
#[timeout("1000h")]
async fn users() -> Vec<String> {
    Vec::new()
}

fn main() {}
