#[derive(Debug, thiserror::Error, mfhm::ApiError)]
pub enum UserError {
    #[error("no such user")]
    #[status(404)]
    NotFound,
    #[error("the email is taken")]
    EmailTaken,
}

fn main() {}
