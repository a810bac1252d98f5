#[derive(Debug, ApiError)]
#[status(503)]
#[mfhm(crate = crate::reexported)]
pub struct Closed {
    until: String,
}
