//! products: openapi

#[derive(Debug, thiserror::Error, mfhm::ApiError)]
pub enum UserError {
    /// There is no such user.
    #[error("no user {id}")]
    #[status(404)]
    NotFound { id: u64, r#type: String },
    #[error("the email is taken")]
    #[status(409)]
    #[code("email-taken")]
    EmailTaken,
    #[error("too long: {0} > {1}")]
    #[status(422)]
    TooLong(usize, usize),
    #[error("the database failed")]
    #[internal]
    Database(#[from] DbError),
}
