#[mfhm::client(service = "users", path = "/v1/users")]
pub trait Users {
    #[post("")]
    #[status(201)]
    async fn create(&self, new: &NewUser) -> Result<User, UserError>;

    #[get("")]
    async fn search(&self, #[query(flatten)] filter: &Filter, #[cookie("sid")] session: Option<&str>) -> Vec<User>;

    #[post("/form")]
    async fn form(&self, #[form] form: Form) -> u64;

    #[put("/picture")]
    #[body_limit(1_048_576)]
    async fn picture(&self, #[body(bytes)] picture: &[u8]);

    #[put("/film")]
    async fn film(&self, #[body(stream)] film: ByteStream) -> Lines<u64>;

    #[post("/album")]
    async fn album(&self, #[multipart] photos: Multipart) -> u64;

    #[get("/events")]
    #[resume]
    async fn events(&self, #[header("last-event-id")] last: Option<&str>) -> Events<u64>;
}
