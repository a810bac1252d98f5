#[mfhm::service]
impl Users for UserService {
    async fn user(&self, id: u64) -> Result<User, UserError> {
        self.find(id).await
    }
}

#[mfhm::service(name = "people", port = 8080, contracts(Health, admin::Admin))]
impl<D: Db> Users for GenericService<D>
where
    D: Clone,
{
    async fn user(&self, id: u64) -> Result<User, UserError> {
        self.find(id).await
    }
}
