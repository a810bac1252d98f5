//! The errors that an operation declares, as problem documents.

use serde_json::{Map, Value, json};

use super::schemas::{Schemas, UNTYPED, short};
use crate::api_error::{ApiError, ErrorVariant};

/// The fields of an error type's variants, by their codes:
/// `#[derive(ApiError)]` writes them down.
#[derive(Clone, Debug, Default)]
pub struct DataSchemas {
    variants: Vec<(&'static str, Vec<(&'static str, Value)>)>,
}

impl DataSchemas {
    /// No variants.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variant without fields.
    #[must_use]
    pub fn variant(mut self, code: &'static str) -> Self {
        self.variants.push((code, Vec::new()));
        self
    }

    /// Adds a field to the last variant.
    #[must_use]
    pub fn field(mut self, name: &'static str, schema: Value) -> Self {
        if let Some((_, fields)) = self.variants.last_mut() {
            fields.push((name, schema));
        }
        self
    }
}

/// One error that an operation declares.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorSchema {
    variant: ErrorVariant,
    /// The schema of `data`; `None` where the error has no fields.
    data: Option<Value>,
}

/// The errors of an error type.
pub(super) fn of<E: ApiError>(schemas: &mut Schemas) -> Vec<ErrorSchema> {
    let described = E::__mfhm_data_schemas(schemas);
    let variants = E::VARIANTS.iter();
    variants
        .map(|variant| ErrorSchema {
            variant: *variant,
            data: match &described {
                Some(described) => described
                    .variants
                    .iter()
                    .find(|(code, fields)| *code == variant.code() && !fields.is_empty())
                    .map(|(_, fields)| object(fields)),
                None => Some(untold::<E>()),
            },
        })
        .collect()
}

fn object(fields: &[(&'static str, Value)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "properties": properties, "required": names })
}

/// An error that was not derived may have any fields.
fn untold<E>() -> Value {
    let name = short(std::any::type_name::<E>());
    let description = format!(
        "Any fields: the Rust type `{name}` does not say which (it has no `#[derive(mfhm::ApiError)]`)."
    );
    json!({ "type": "object", "description": description, UNTYPED: name })
}

impl ErrorSchema {
    pub(super) fn status(&self) -> u16 {
        self.variant.status()
    }

    /// What the response of its status says of it.
    pub(super) fn said(&self) -> String {
        let code = self.variant.code();
        match self.variant.documentation().trim() {
            "" => format!("`{code}`"),
            said => format!("`{code}`: {said}"),
        }
    }

    /// The problem document that carries it.
    pub(super) fn problem(self) -> Value {
        let mut required = vec!["code", "status"];
        let mut properties = json!({
            "code": { "const": self.variant.code() },
            "status": { "const": self.variant.status() },
        });
        if let Some(data) = self.data {
            // An object without fields is not sent.
            if data.get("required").is_some() {
                required.push("data");
            }
            properties["data"] = data;
        }
        let mut problem = json!({
            "title": self.variant.code(),
            "allOf": [{ "$ref": "#/components/schemas/mfhm.Problem" }],
            "properties": properties,
            "required": required,
        });
        let said = self.variant.documentation().trim();
        if !said.is_empty() {
            problem["description"] = said.into();
        }
        problem
    }
}
