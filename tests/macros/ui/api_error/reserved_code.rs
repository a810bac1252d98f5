#[derive(Debug, thiserror::Error, mfhm::ApiError)]
#[error("closed")]
#[status(503)]
#[code("mfhm.closed")]
pub struct Closed;

fn main() {}
