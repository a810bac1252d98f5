pub struct Users;

pub fn app() -> mfhm::App {
    mfhm::App::new().service(Users)
}

fn main() {}
