//! The types: the same fields everywhere, with the derives that each needs.

/// Who needs them.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum For {
    ByHand,
    Mfhm,
    MfhmOpenapi,
    Poem,
}

/// The file of one group.
pub(crate) fn text(of: For) -> String {
    let (object, plain) = match of {
        For::ByHand | For::Mfhm => ("", ""),
        For::MfhmOpenapi => (", schemars::JsonSchema", ", schemars::JsonSchema"),
        For::Poem => (", poem_openapi::Object", ", poem_openapi::Enum"),
    };
    let error = match of {
        For::Mfhm | For::MfhmOpenapi => {
            r#"#[derive(Debug, thiserror::Error, mfhm::ApiError)]
pub(crate) enum Item_N_Error {
    #[error("no item {id}")]
    #[status(404)]
    NotFound { id: u64 },
    #[error("{name} is taken")]
    #[status(409)]
    Taken { name: String },
}
"#
        }
        For::ByHand | For::Poem => {
            r#"#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", content = "data", rename_all = "snake_case")]
pub(crate) enum Item_N_Error {
    #[error("no item {id}")]
    NotFound { id: u64 },
    #[error("{name} is taken")]
    Taken { name: String },
}
"#
        }
    };
    let answer = match of {
        For::ByHand => {
            r#"impl axum::response::IntoResponse for Item_N_Error {
    fn into_response(self) -> axum::response::Response {
        let status = match self {
            Self::NotFound { .. } => axum::http::StatusCode::NOT_FOUND,
            Self::Taken { .. } => axum::http::StatusCode::CONFLICT,
        };
        crate::support::problem(status, &self)
    }
}
"#
        }
        _ => "",
    };
    format!(
        r#"use serde::{{Deserialize, Serialize}};

//[resource
/// An item.
#[derive(Clone, Debug, Serialize, Deserialize{object})]
pub struct Item_N_ {{
    pub id: u64,
    pub name: String,
    pub tags: Vec<String>,
    pub price: Option<f64>,
    pub state: State_N_,
}}

#[derive(Clone, Copy, Debug, Serialize, Deserialize{plain})]
pub(crate) enum State_N_ {{
    Draft,
    Active,
    Archived,
}}

#[derive(Clone, Debug, Serialize, Deserialize{object})]
pub struct NewItem_N_ {{
    pub name: String,
    pub tags: Vec<String>,
    pub price: Option<f64>,
}}

{error}
{answer}
pub fn sample_N_(id: u64, name: &str) -> Item_N_ {{
    Item_N_ {{ id, name: name.to_owned(), tags: Vec::new(), price: None, state: State_N_::Active }}
}}
//]
"#
    )
}
