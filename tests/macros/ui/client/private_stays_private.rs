// The client is as visible as its contract.
mod inner {
    #[mfhm::client(service = "users")]
    trait Users {
        #[get("/")]
        async fn list(&self) -> u64;
    }
}

pub fn caller() {
    let _ = inner::UsersClient::new();
}

fn main() {}
