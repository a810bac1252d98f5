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
                    $($field: quote!(#krate::__private::$($segment)::+),)*
                }
            }

            /// The same, for expansions with or without schemas.
            pub(crate) fn with_schemas(mut self, has_schemas: bool) -> Self {
                self.has_schemas = has_schemas;
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
    /// A macro: a value of any type that can be answered.
    reply = reply;
    /// A macro: an error of any type that can be answered.
    reply_error = reply_error;
    answer_result = answer_result;
    answer_empty_result = answer_empty_result;
    answer_value = answer_value;
    answer_empty = answer_empty;
    with_status = with_status;

    // Clients.
    client = Client;
    caller = Caller;
    call_options = CallOptions;
    interceptor = Interceptor;
    call_error = CallError;
    error = Error;
    local_slot = LocalSlot;
    boxed_future = BoxFuture;
    infallible = Infallible;
    outcome = Outcome;

    // Bounds that are reported at the user's types.
    check_param = check_param;
    check_body = check_body;
    check_bytes = check_bytes;
    check_stream = check_stream;
    check_reply = check_reply;
    check_error = check_error;
    check_error_field = check_error_field;

    // Errors.
    api_error = ApiError;
    status_code = StatusCode;
    status = status;
    data = Data;
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
