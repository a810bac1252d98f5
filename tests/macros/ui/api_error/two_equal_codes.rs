#[derive(Debug, thiserror::Error, mfhm::ApiError)]
pub enum UserError {
    #[error("no such user")]
    #[status(404)]
    NotFound,
    #[error("gone")]
    #[status(410)]
    #[code("not_found")]
    Gone,
}

fn main() {}
