/// Greets.
#[get("/hello")]
async fn hello() -> Json<Reply> {
    Json(Reply::default())
}

#[mfhm::post("/orders/{id}", name = "place", crate = crate::reexported)]
#[idempotent]
#[cfg(unix)]
pub(crate) async fn place_order(
    State(db): State<Db>,
    id: u64,
    #[query("dry-run")] dry_run: Option<bool>,
    order: &Order,
) -> Result<(), OrderError> {
    db.place(id, order).await
}

#[put("/upload/{*name}")]
async fn upload(name: &str, headers @ HeaderMap { .. }: HeaderMap, #[extract] body: Bytes) {
    store(name, headers, body).await
}
