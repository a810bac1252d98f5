#[derive(Debug, thiserror::Error, mfhm::ApiError)]
#[error("no such thing")]
#[status(404)]
pub struct NotFound<T: std::fmt::Debug + Send + Sync + 'static> {
    id: T,
}

fn main() {}
