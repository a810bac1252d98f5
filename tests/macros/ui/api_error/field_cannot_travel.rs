#[derive(Debug, thiserror::Error, mfhm::ApiError)]
pub enum UserError {
    #[error("the database failed")]
    #[status(500)]
    Database(std::io::Error),
}

fn main() {}
