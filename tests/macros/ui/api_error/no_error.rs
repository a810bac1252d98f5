#[derive(Debug, mfhm::ApiError)]
#[status(404)]
pub struct NotFound;

fn main() {}
