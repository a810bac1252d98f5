#[derive(Debug, thiserror::Error, mfhm::ApiError)]
#[status(404)]
pub enum UserError {
    #[error("no such user")]
    #[status(404)]
    NotFound,
}

fn main() {}
