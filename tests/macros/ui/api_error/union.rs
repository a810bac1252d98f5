#[derive(mfhm::ApiError)]
#[status(404)]
pub union NotFound {
    id: u64,
}

fn main() {}
