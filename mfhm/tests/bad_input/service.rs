//! One operation for each kind of parameter. Each has a number, and a text that
//! may be anything.

use mfhm::{ByteStream, Bytes};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Colour {
    Red,
    Blue,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Fields {
    number: u8,
    text: Option<String>,
    float: Option<f64>,
    colour: Option<Colour>,
    #[serde(default)]
    list: Vec<Fields>,
}

/// The same without what only JSON can hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FlatFields {
    number: u8,
    text: Option<String>,
    float: Option<f64>,
    colour: Option<Colour>,
}

#[mfhm::client(service = "parameters")]
pub(crate) trait Contract {
    #[get("/path/{number}/{text}/{float}")]
    async fn path(&self, number: u8, text: &str, float: f64) -> usize;

    #[get("/colours/{colour}")]
    async fn colour(&self, colour: Colour) -> usize;

    #[get("/rest/{*text}")]
    async fn rest(&self, text: &str) -> usize;

    #[get("/numbers/{*number}")]
    async fn rest_number(&self, number: u8) -> usize;

    #[get("/floats/{*float}")]
    async fn rest_float(&self, float: f64) -> usize;

    #[get("/query")]
    async fn query(
        &self,
        number: u8,
        text: Option<&str>,
        float: Option<f64>,
        colour: Option<Colour>,
    ) -> usize;

    #[get("/lists")]
    async fn list(&self, number: Vec<u8>) -> usize;

    #[get("/flat")]
    async fn flat(&self, #[query(flatten)] fields: &FlatFields) -> usize;

    #[get("/header")]
    async fn header(
        &self,
        #[header("number")] number: u8,
        #[header("text")] text: Option<&str>,
        #[header("float")] float: Option<f64>,
        #[header("colour")] colour: Option<Colour>,
    ) -> usize;

    #[get("/cookie")]
    async fn cookie(
        &self,
        #[cookie] number: u8,
        #[cookie] text: Option<&str>,
        #[cookie] float: Option<f64>,
        #[cookie] colour: Option<Colour>,
    ) -> usize;

    #[post("/form")]
    async fn form(&self, #[form] fields: FlatFields) -> usize;

    #[post("/json")]
    async fn json(&self, fields: &Fields) -> usize;

    #[put("/bytes")]
    #[body_limit(1_000)]
    async fn bytes(&self, #[body(bytes)] data: Bytes) -> usize;

    #[put("/text")]
    #[body_limit(1_000)]
    async fn text(&self, #[body(bytes)] text: &str) -> usize;

    #[put("/stream")]
    #[body_limit(1_000)]
    async fn stream(&self, #[body(stream)] data: ByteStream) -> usize;
}

pub(crate) struct Parameters;

#[mfhm::service]
impl Contract for Parameters {
    async fn path(&self, number: u8, text: &str, float: f64) -> usize {
        usize::from(number) + text.len() + usize::from(float.is_nan())
    }

    async fn colour(&self, colour: Colour) -> usize {
        colour as usize
    }

    async fn rest(&self, text: &str) -> usize {
        text.len()
    }

    async fn rest_number(&self, number: u8) -> usize {
        number.into()
    }

    async fn rest_float(&self, float: f64) -> usize {
        usize::from(float.is_nan())
    }

    async fn query(
        &self,
        number: u8,
        text: Option<&str>,
        float: Option<f64>,
        colour: Option<Colour>,
    ) -> usize {
        usize::from(number)
            + text.map_or(0, str::len)
            + usize::from(float.is_some())
            + usize::from(colour.is_some())
    }

    async fn list(&self, number: Vec<u8>) -> usize {
        number.len()
    }

    async fn flat(&self, fields: &FlatFields) -> usize {
        usize::from(fields.number)
    }

    async fn header(
        &self,
        number: u8,
        text: Option<&str>,
        float: Option<f64>,
        colour: Option<Colour>,
    ) -> usize {
        usize::from(number)
            + text.map_or(0, str::len)
            + usize::from(float.is_some())
            + usize::from(colour.is_some())
    }

    async fn cookie(
        &self,
        number: u8,
        text: Option<&str>,
        float: Option<f64>,
        colour: Option<Colour>,
    ) -> usize {
        usize::from(number)
            + text.map_or(0, str::len)
            + usize::from(float.is_some())
            + usize::from(colour.is_some())
    }

    async fn form(&self, fields: FlatFields) -> usize {
        usize::from(fields.number)
    }

    async fn json(&self, fields: &Fields) -> usize {
        fields.list.len()
    }

    async fn bytes(&self, data: Bytes) -> usize {
        data.len()
    }

    async fn text(&self, text: &str) -> usize {
        text.len()
    }

    async fn stream(&self, mut data: ByteStream) -> usize {
        let mut length = 0;
        while let Some(Ok(chunk)) = data.next().await {
            length += chunk.len();
        }
        length
    }
}
