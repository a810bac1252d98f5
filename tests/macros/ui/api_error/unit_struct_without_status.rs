#[derive(Debug, thiserror::Error, mfhm::ApiError)]
#[error("no such user")]
pub struct NotFound;

fn main() {}
