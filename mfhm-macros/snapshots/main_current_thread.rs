#[mfhm::main(flavor = "current_thread", crate = reexported::mfhm)]
async fn main() {
    work().await
}
