//! Structs whose fields travel as texts: a flattened query, and a form.
//!
//! There is no `null` among texts, so what a type says as JSON is not what such a
//! request may hold: where a struct has an `Option`, the field is left out. The
//! definition is written down at the place, without `null`.

use serde_json::{Map, Value};

use super::operation::{FORM, remove_null};

/// Corrects all requests of a path.
pub(super) fn write_texts(item: &mut Value, definitions: &Map<String, Value>) {
    let item = item.as_object_mut().into_iter().flatten();
    for (key, operation) in item {
        if key == super::OTHER_METHODS {
            let others = operation.as_object_mut().into_iter().flatten();
            others.for_each(|(_, operation)| write_operation(operation, definitions));
        } else {
            write_operation(operation, definitions);
        }
    }
}

fn write_operation(operation: &mut Value, definitions: &Map<String, Value>) {
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if parameter.get("explode").is_some()
            && let Some(schema) = parameter.get_mut("schema")
        {
            write(schema, definitions);
        }
    }
    let form = operation
        .get_mut("requestBody")
        .and_then(|body| body.get_mut("content")?.get_mut(FORM)?.get_mut("schema"));
    if let Some(schema) = form {
        write(schema, definitions);
    }
}

fn write(schema: &mut Value, definitions: &Map<String, Value>) {
    let name = schema["$ref"]
        .as_str()
        .and_then(|text| text.strip_prefix("#/components/schemas/"));
    if let Some((name, definition)) = name.and_then(|name| Some((name, definitions.get(name)?))) {
        let mut inlined = definition.clone();
        if let Some(members) = inlined.as_object_mut() {
            members.entry("title").or_insert_with(|| name.into());
        }
        *schema = inlined;
    }
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (_, field) in fields.into_iter().flatten() {
        remove_null(field);
    }
}
