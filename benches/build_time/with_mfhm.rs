//! The crate written with mfhm.

/// The contract of one group.
pub(crate) const CONTRACT: &str = r#"
use crate::types_G_::*;

#[mfhm::client(service = "group_G_")]
pub trait Group_G_ {
//[resource
    /// Lists items.
    #[get("/items_N_")]
    async fn list_N_(&self, page: Option<u32>, tag: Option<&str>) -> Vec<Item_N_>;
    /// Finds one item.
    #[get("/items_N_/{id}")]
    async fn item_N_(&self, id: u64) -> Result<Item_N_, Item_N_Error>;
    /// Adds an item.
    #[post("/items_N_")]
    #[status(201)]
    async fn add_N_(&self, new: &NewItem_N_, #[header("x-tenant")] tenant: &str) -> Result<Item_N_, Item_N_Error>;
    /// Changes an item.
    #[put("/items_N_/{id}")]
    async fn change_N_(&self, id: u64, new: &NewItem_N_) -> Result<Item_N_, Item_N_Error>;
    /// Removes an item.
    #[delete("/items_N_/{id}")]
    async fn remove_N_(&self, id: u64) -> Result<(), Item_N_Error>;
//]
}

/// Calls everything.
pub async fn exercise(base: &str) -> Result<(), Box<dyn std::error::Error>> {
    let client = Group_G_Client::at(base)?;
//[resource
    let new = NewItem_N_ { name: "a".to_owned(), tags: Vec::new(), price: None };
    println!("{:?}", client.list_N_(Some(1), Some("a")).await?);
    println!("{:?}", client.item_N_(1).await?);
    println!("{:?}", client.add_N_(&new, "a").await?);
    println!("{:?}", client.change_N_(1, &new).await?);
    client.remove_N_(1).await?;
//]
    Ok(())
}
"#;

/// The service of one group.
pub(crate) const SERVICE: &str = r#"
use crate::client_G_::*;
use crate::types_G_::*;

pub struct Service_G_;

#[mfhm::service]
impl Group_G_ for Service_G_ {
//[resource
    async fn list_N_(&self, page: Option<u32>, tag: Option<&str>) -> Vec<Item_N_> {
        vec![sample_N_(page.unwrap_or(0).into(), tag.unwrap_or("none"))]
    }
    async fn item_N_(&self, id: u64) -> Result<Item_N_, Item_N_Error> {
        let offset = 0; // changes
        if id == 0 { return Err(Item_N_Error::NotFound { id }); }
        Ok(sample_N_(id + offset, "some"))
    }
    async fn add_N_(&self, new: &NewItem_N_, tenant: &str) -> Result<Item_N_, Item_N_Error> {
        if new.name == tenant { return Err(Item_N_Error::Taken { name: new.name.clone() }); }
        Ok(sample_N_(1, &new.name))
    }
    async fn change_N_(&self, id: u64, new: &NewItem_N_) -> Result<Item_N_, Item_N_Error> {
        if id == 0 { return Err(Item_N_Error::NotFound { id }); }
        Ok(sample_N_(id, &new.name))
    }
    async fn remove_N_(&self, id: u64) -> Result<(), Item_N_Error> {
        if id == 0 { return Err(Item_N_Error::NotFound { id }); }
        Ok(())
    }
//]
}
"#;

/// The program.
pub(crate) const MAIN: &str = r#"
mod support;
//[group
mod client_G_;
mod service_G_;
mod types_G_;
//]

#[mfhm::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(base) = std::env::args().nth(1) {
//[group
        client_G_::exercise(&base).await?;
//]
        return Ok(());
    }
    let mut app = mfhm::App::new();
//[group
    app = app.service(service_G_::Service_G_);
//]
    app.run().await?;
    Ok(())
}
"#;
