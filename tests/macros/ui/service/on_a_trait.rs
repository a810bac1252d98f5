#[mfhm::service(name = "users")]
trait Users {
    async fn count(&self) -> u64;
}

fn main() {}
