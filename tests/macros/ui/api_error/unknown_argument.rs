#[derive(Debug, thiserror::Error, mfhm::ApiError)]
#[error("no such user")]
#[status(404)]
#[mfhm(krate = mfhm)]
pub struct NotFound;

fn main() {}
