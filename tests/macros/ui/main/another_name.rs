#[mfhm::main]
async fn start() -> mfhm::Result<()> {
    mfhm::run().await
}

fn main() {}
