#[derive(Debug, thiserror::Error, mfhm::ApiError)]
#[error("no such user")]
#[status(4040)]
pub struct NotFound;

fn main() {}
