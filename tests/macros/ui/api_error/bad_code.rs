#[derive(Debug, thiserror::Error, mfhm::ApiError)]
#[error("no such user")]
#[status(404)]
#[code("not found")]
pub struct NotFound;

fn main() {}
