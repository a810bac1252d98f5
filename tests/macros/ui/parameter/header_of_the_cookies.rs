#[mfhm::client(service = "users")]
pub trait Users {
    #[get("/")]
    async fn list(&self, #[cookie("sid")] sid: &str, #[header("cookie")] all: &str);
}

fn main() {}
