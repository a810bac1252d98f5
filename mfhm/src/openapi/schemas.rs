//! What the types of an operation say about themselves.
//!
//! A type with `schemars::JsonSchema` has a schema; any other has the empty
//! one, which fits everything, and its name beside it. The macros do not know
//! which of the two a type is, so the choice is made by method resolution, as
//! for replies: each trait `…Kind` fits a [`Probe`] of a type that can do it,
//! and its counterpart fits a reference to every probe, one step later.

use std::marker::PhantomData;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::answer::AnswerSchema;
use super::components;
use super::errors::{self, ErrorSchema};
use crate::api_error::ApiError;
use crate::returned::Returned;
use crate::value;

/// Marks a schema that stands for a type without one.
pub(crate) const UNTYPED: &str = "x-mfhm-untyped";

/// Collects the schemas of all types of a service.
///
/// What is read and what is written may differ for one type: a field with a
/// default need not be sent, but is always answered. So there are two
/// collections, and the document joins them.
#[derive(Debug)]
pub struct Schemas {
    input: SchemaGenerator,
    output: SchemaGenerator,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let settings = |path: &'static str| {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.meta_schema = None;
                settings.definitions_path = path.into();
            })
        };
        Self {
            input: settings(components::INPUT)
                .for_deserialize()
                .into_generator(),
            output: settings(components::OUTPUT)
                .for_serialize()
                .into_generator(),
        }
    }

    /// The definitions under their final names, to which everything in `paths`
    /// then refers.
    pub(crate) fn finish(mut self, paths: &mut Map<String, Value>) -> Map<String, Value> {
        let input = self.input.take_definitions(true);
        let output = self.output.take_definitions(true);
        components::join(input, output, paths)
    }
}

/// The schemas of one operation.
#[derive(Debug, Default)]
pub struct OperationSchemas {
    /// One for each of the operation's parameters, in their order.
    pub(crate) params: Vec<ParamSchema>,
    /// `None`: a success carries nothing.
    pub(crate) value: Option<AnswerSchema>,
    pub(crate) errors: Vec<ErrorSchema>,
    /// Whether there may be answers that nothing is known about.
    pub(crate) has_opaque_error: bool,
}

impl OperationSchemas {
    /// No parameters, and a success that carries nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter.
    #[must_use]
    pub fn param(mut self, param: ParamSchema) -> Self {
        self.params.push(param);
        self
    }

    /// Sets what a success carries.
    #[must_use]
    pub fn value(mut self, value: AnswerSchema) -> Self {
        self.value = Some(value);
        self
    }

    /// A success answers for itself.
    #[must_use]
    pub fn opaque(self) -> Self {
        self.value(AnswerSchema::opaque())
    }

    /// Sets the errors, `None` if they answer for themselves.
    #[must_use]
    pub fn error(mut self, errors: Option<Vec<ErrorSchema>>) -> Self {
        match errors {
            Some(errors) => self.errors = errors,
            None => self.has_opaque_error = true,
        }
        self
    }

    /// Errors, or extractors' refusals, answer for themselves.
    #[must_use]
    pub fn opaque_error(self) -> Self {
        self.error(None)
    }
}

/// The schema of a parameter or of a body.
#[derive(Debug)]
pub struct ParamSchema {
    pub(crate) schema: Value,
    pub(crate) absence: Absence,
}

impl ParamSchema {
    /// A schema, and where the parameter may be left out.
    pub fn new(schema: Value, absence: Absence) -> Self {
        Self { schema, absence }
    }
}

/// Whether a request may leave a parameter out, found by reading nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Absence {
    /// From the path, the query or the headers.
    pub(crate) of_texts: bool,
    /// As the body.
    pub(crate) of_body: bool,
}

/// Stands for a type in method resolution.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized> Probe<T> {
    /// The probe of `T`.
    #[expect(clippy::new_without_default, reason = "named by the macros only")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// Fits a type with a schema.
pub trait SchemaKind {
    #[doc(hidden)]
    fn __mfhm_input(&self, schemas: &mut Schemas) -> Value;
    #[doc(hidden)]
    fn __mfhm_output(&self, schemas: &mut Schemas) -> Value;
}

impl<T: JsonSchema> SchemaKind for Probe<T> {
    fn __mfhm_input(&self, schemas: &mut Schemas) -> Value {
        schemas.input.subschema_for::<T>().to_value()
    }

    fn __mfhm_output(&self, schemas: &mut Schemas) -> Value {
        schemas.output.subschema_for::<T>().to_value()
    }
}

/// Fits every type, after [`SchemaKind`].
pub trait NoSchemaKind {
    #[doc(hidden)]
    fn __mfhm_input(&self, schemas: &mut Schemas) -> Value;
    #[doc(hidden)]
    fn __mfhm_output(&self, schemas: &mut Schemas) -> Value;
}

impl<T> NoSchemaKind for &Probe<T> {
    fn __mfhm_input(&self, _schemas: &mut Schemas) -> Value {
        untyped::<T>()
    }

    fn __mfhm_output(&self, _schemas: &mut Schemas) -> Value {
        untyped::<T>()
    }
}

/// The empty schema, which says whose it is.
fn untyped<T>() -> Value {
    let name = short(std::any::type_name::<T>());
    let description =
        format!("Any JSON value: the Rust type `{name}` has no schema (`schemars::JsonSchema`).");
    json!({ "description": description, UNTYPED: name })
}

/// A type's name without the modules: `Vec<User>`.
pub(super) fn short(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

/// Fits a type that a request is read into.
pub trait AbsenceKind {
    #[doc(hidden)]
    fn __mfhm_absence(&self) -> Absence;
}

impl<T: DeserializeOwned> AbsenceKind for Probe<T> {
    fn __mfhm_absence(&self) -> Absence {
        Absence {
            of_texts: value::decode::<T>(&[]).is_ok(),
            of_body: serde_json::from_slice::<T>(b"null").is_ok(),
        }
    }
}

/// Fits every type, after [`AbsenceKind`].
pub trait RequiredKind {
    #[doc(hidden)]
    fn __mfhm_absence(&self) -> Absence;
}

impl<T> RequiredKind for &Probe<T> {
    fn __mfhm_absence(&self) -> Absence {
        Absence::default()
    }
}

/// Fits a type that is answered as JSON.
pub trait JsonKind {
    #[doc(hidden)]
    type Item;
    /// What is written as JSON, wholly or part by part.
    #[doc(hidden)]
    fn __mfhm_item(&self) -> Probe<Self::Item>;
    #[doc(hidden)]
    fn __mfhm_answer(&self, item: Value) -> AnswerSchema;
}

impl<T: Serialize> JsonKind for &&Probe<T> {
    type Item = T;

    fn __mfhm_item(&self) -> Probe<T> {
        Probe::new()
    }

    fn __mfhm_answer(&self, item: Value) -> AnswerSchema {
        AnswerSchema::of_json::<T>(item)
    }
}

/// Fits a type that says itself what it is as an answer, after [`JsonKind`]:
/// none of them is `Serialize`.
pub trait ReturnedKind {
    #[doc(hidden)]
    type Item;
    #[doc(hidden)]
    fn __mfhm_item(&self) -> Probe<Self::Item>;
    #[doc(hidden)]
    fn __mfhm_answer(&self, item: Value) -> AnswerSchema;
}

impl<T: Returned> ReturnedKind for &Probe<T> {
    type Item = T::Item;

    fn __mfhm_item(&self) -> Probe<T::Item> {
        Probe::new()
    }

    fn __mfhm_answer(&self, item: Value) -> AnswerSchema {
        T::describe(item)
    }
}

/// Fits every type, after [`ReturnedKind`].
pub trait OpaqueKind {
    #[doc(hidden)]
    fn __mfhm_item(&self) -> Probe<()>;
    #[doc(hidden)]
    fn __mfhm_answer(&self, item: Value) -> AnswerSchema;
}

impl<T> OpaqueKind for Probe<T> {
    fn __mfhm_item(&self) -> Probe<()> {
        Probe::new()
    }

    fn __mfhm_answer(&self, _item: Value) -> AnswerSchema {
        AnswerSchema::opaque()
    }
}

/// Fits an error that crosses the wire.
pub trait ErrorKind {
    #[doc(hidden)]
    fn __mfhm_errors(&self, schemas: &mut Schemas) -> Option<Vec<ErrorSchema>>;
}

impl<E: ApiError> ErrorKind for Probe<E> {
    fn __mfhm_errors(&self, schemas: &mut Schemas) -> Option<Vec<ErrorSchema>> {
        Some(errors::of::<E>(schemas))
    }
}

/// Fits every error, after [`ErrorKind`].
pub trait NoErrorKind {
    #[doc(hidden)]
    fn __mfhm_errors(&self, schemas: &mut Schemas) -> Option<Vec<ErrorSchema>>;
}

impl<E> NoErrorKind for &Probe<E> {
    fn __mfhm_errors(&self, _schemas: &mut Schemas) -> Option<Vec<ErrorSchema>> {
        None
    }
}

/// The schema of a parameter's type.
#[doc(hidden)]
#[macro_export]
macro_rules! __mfhm_param_schema {
    ($schemas:expr, $type:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::{
            AbsenceKind as _, NoSchemaKind as _, RequiredKind as _, SchemaKind as _,
        };
        let probe = &$crate::__private::Probe::<$type>::new();
        $crate::__private::ParamSchema::new(probe.__mfhm_input($schemas), probe.__mfhm_absence())
    }};
}

/// The schema of a success.
#[doc(hidden)]
#[macro_export]
macro_rules! __mfhm_value_schema {
    ($schemas:expr, $type:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::{
            JsonKind as _, NoSchemaKind as _, OpaqueKind as _, ReturnedKind as _, SchemaKind as _,
        };
        // Three kinds: each step of the search takes one reference away.
        let probe = &&&$crate::__private::Probe::<$type>::new();
        let item = &probe.__mfhm_item();
        probe.__mfhm_answer(item.__mfhm_output($schemas))
    }};
}

/// The schema of a field of an error.
#[doc(hidden)]
#[macro_export]
macro_rules! __mfhm_field_schema {
    ($schemas:expr, $type:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::{NoSchemaKind as _, SchemaKind as _};
        let probe = &$crate::__private::Probe::<$type>::new();
        probe.__mfhm_output($schemas)
    }};
}

/// The errors of an error type.
#[doc(hidden)]
#[macro_export]
macro_rules! __mfhm_error_schema {
    ($schemas:expr, $type:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::{ErrorKind as _, NoErrorKind as _};
        let probe = &$crate::__private::Probe::<$type>::new();
        probe.__mfhm_errors($schemas)
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_without_a_schema_says_its_name() {
        struct Opaque;
        let schemas = &mut Schemas::new();
        let param = __mfhm_param_schema!(schemas, Vec<Option<Opaque>>);
        assert_eq!(param.schema[UNTYPED], "Vec<Option<Opaque>>");
        assert_eq!(param.absence, Absence::default());
        let answer = __mfhm_value_schema!(schemas, Opaque);
        assert_eq!(answer, AnswerSchema::opaque());
        assert_eq!(__mfhm_error_schema!(schemas, Opaque), None);
    }

    #[test]
    fn an_answer_is_what_its_type_says() {
        /// Can be written and not read: no contract has it, but a handler.
        #[derive(Serialize)]
        struct Written(u8);
        let schemas = &mut Schemas::new();
        let number = __mfhm_field_schema!(schemas, u8);
        assert_eq!(
            __mfhm_value_schema!(schemas, crate::Headed<crate::Lines<u8>>),
            AnswerSchema::items(
                "application/x-ndjson",
                "JSON values, one a line.",
                number.clone()
            )
            .with_headers()
        );
        assert_eq!(
            __mfhm_value_schema!(schemas, u8),
            AnswerSchema::json(number)
        );
        assert_eq!(__mfhm_value_schema!(schemas, ()), AnswerSchema::empty());
        let written = __mfhm_field_schema!(schemas, Written);
        assert_eq!(written[UNTYPED], "Written");
        assert_eq!(
            __mfhm_value_schema!(schemas, Written),
            AnswerSchema::json(written)
        );
    }

    #[test]
    fn what_may_be_left_out_is_found_by_trying() {
        let schemas = &mut Schemas::new();
        let absence = |texts, body| Absence {
            of_texts: texts,
            of_body: body,
        };
        for (found, expected) in [
            (__mfhm_param_schema!(schemas, u8), absence(false, false)),
            (
                __mfhm_param_schema!(schemas, Option<u8>),
                absence(true, true),
            ),
            (__mfhm_param_schema!(schemas, Vec<u8>), absence(true, false)),
        ] {
            assert_eq!(found.absence, expected, "{}", found.schema);
        }
    }
}
