//! What surrounds an operation.

#[mfhm::client(service = "users")]
#[timeout("5s")]
#[idempotent]
#[body_limit(1024)]
#[deprecated = "use `People`"]
pub trait Users {
    #[get("/{id}", name = "find")]
    #[timeout("250ms")]
    async fn user(&self, id: u64) -> User;

    #[post("/")]
    async fn create(&self, new: &NewUser) -> User;
}

#[mfhm::service]
#[layer(outer())]
#[layer(Inner)]
impl Users for UserService {
    #[layer(self.limit(10))]
    async fn user(&self, id: u64) -> User {
        self.find(id)
    }

    #[cfg(unix)]
    #[layer(First)]
    #[layer(Second)]
    async fn create(&self, new: &NewUser) -> User {
        self.insert(new)
    }
}

#[mfhm::service(name = "orders")]
#[timeout("1m")]
#[layer(Around)]
impl Orders {
    #[get("/count")]
    #[layer(self.cache.clone())]
    async fn count(&self) -> u64 {
        self.count
    }
}

#[mfhm::service(name = "free")]
#[layer(Around)]
struct Free;

#[mfhm::get("/free")]
#[timeout("2s")]
#[layer(First)]
#[layer(Second)]
async fn free() -> u8 {
    1
}
