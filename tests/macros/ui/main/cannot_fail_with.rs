#[mfhm::main]
async fn main() -> Result<(), u64> {
    Ok(())
}
