//! Every runtime name that an expansion may use.
//!
//! Expanders take the names they need out of [`Exports`] and interpolate them;
//! a name that isn't listed here can't be written.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

macro_rules! exports {
    ($($(#[$doc:meta])* $field:ident = $($segment:ident)::+;)*) => {
        /// Paths below the runtime's `__private` module.
        pub(crate) struct Exports {
            /// The attributes, for an item that has to pass once more.
            pub(crate) service_attribute: TokenStream,
            pub(crate) client_attribute: TokenStream,
            /// Whether operations describe their types.
            pub(crate) has_schemas: bool,
            /// Whether the rules of types are looked at.
            pub(crate) has_rules: bool,
            $($(#[$doc])* pub(crate) $field: TokenStream,)*
        }

        impl Exports {
            /// `krate` is where the runtime is found, `::mfhm` if `None`.
            pub(crate) fn new(krate: Option<&Path>) -> Self {
                let krate = krate.map_or_else(|| quote!(::mfhm), |path| quote!(#path));
                Self {
                    service_attribute: quote!(#krate::service),
                    client_attribute: quote!(#krate::client),
                    has_schemas: false,
                    has_rules: false,
                    $($field: quote!(#krate::__private::$($segment)::+),)*
                }
            }

            /// The same, for expansions with or without schemas.
            pub(crate) fn with_schemas(mut self, has_schemas: bool) -> Self {
                self.has_schemas = has_schemas;
                self
            }

            /// The same, for expansions with or without the rules of types.
            pub(crate) fn with_rules(mut self, has_rules: bool) -> Self {
                self.has_rules = has_rules;
                self
            }
        }
    };
}

exports! {
    // What is described.
    operation = Operation;
    param = Param;

    operation_schemas = OperationSchemas;
    schemas = Schemas;
    /// Macros: what a type says about itself, if anything.
    param_schema = param_schema;
    value_schema = value_schema;
    error_schema = error_schema;
    field_schema = field_schema;
    data_schemas = DataSchemas;

    /// Macros: whether a value keeps the rules of its type, if it has any.
    validated = validated;
    check_rules = check_rules;
    invalid_param = InvalidParam;

    // Handlers and routes.
    input = Input;
    response = Response;
    route = Route;
    linked_handler = LinkedHandler;
    linked_scope = LinkedScope;
    submit = inventory::submit;
    service = Service;
    service_definition = ServiceDefinition;
    contract_routes = ContractRoutes;
    replying = Replying;
    check_reply = check_reply;
    check_error_reply = check_error_reply;
    answer_empty = answer_empty;
    /// Types that read and answer, or stand in where a type can't.
    typed = Typed;
    extract = Extract;
    needs = Needs;
    answer = Answer;
    with_status = with_status;

    // Clients.
    client = Client;
    caller = Caller;
    call_options = CallOptions;
    interceptor = Interceptor;
    call_error = CallError;
    /// Types that send, or stand in where a type can't.
    argument = Argument;
    exchange = Exchange;
    error = Error;
    local_slot = LocalSlot;
    boxed_future = BoxFuture;
    infallible = Infallible;
    outcome = Outcome;

    // Bounds that are reported at the user's types.
    check = Check;
    check_travels = check_travels;
    check_readable = check_readable;
    check_extract = check_extract;
    check_extract_parts = check_extract_parts;
    check_bytes = check_bytes;
    check_stream = check_stream;
    check_multipart = check_multipart;
    check_error = check_error;

    // Errors.
    api_error = ApiError;
    status_code = StatusCode;
    status = status;
    data = Data;
    error_field = ErrorField;
    error_variant = ErrorVariant;

    // The program.
    runtime = Runtime;
    run_main = run_main;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_can_be_found_elsewhere() {
        let exports = Exports::new(None);
        let expected = quote!(::mfhm::__private::inventory::submit);
        assert_eq!(exports.submit.to_string(), expected.to_string());

        let path = syn::parse_quote!(crate::reexported);
        let exports = Exports::new(Some(&path));
        let expected = quote!(crate::reexported::__private::Operation);
        assert_eq!(exports.operation.to_string(), expected.to_string());
    }
}
