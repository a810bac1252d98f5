#[derive(Debug, thiserror::Error, mfhm::ApiError)]
#[error("not an error")]
#[status(200)]
pub struct Fine;

fn main() {}
