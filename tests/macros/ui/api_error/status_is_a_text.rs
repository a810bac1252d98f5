#[derive(Debug, thiserror::Error, mfhm::ApiError)]
#[error("no such user")]
#[status("404")]
pub struct NotFound;

fn main() {}
