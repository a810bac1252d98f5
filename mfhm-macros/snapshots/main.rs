/// Starts everything.
#[mfhm::main(worker_threads = 2)]
async fn main() -> mfhm::Result<()> {
    mfhm::run().await
}
