#[derive(Debug, thiserror::Error, mfhm::ApiError)]
#[error("it failed")]
#[status(404)]
#[internal]
pub struct Failed;

fn main() {}
