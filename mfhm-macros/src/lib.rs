//! The attributes of [mfhm](https://docs.rs/mfhm). Depend on `mfhm`, which
//! exports and documents them; this crate is a part of it and has no stable
//! interface of its own.
//!
//! An attribute passes four stages, and each has its files: what was written
//! (`attr`, `item`, `path`), what it means (`model`), rules that need more
//! than one thing (`check`), and the code that comes out (`expand`). The
//! server and the client of a contract expand from one model.

mod attr;
mod check;
mod diag;
mod expand;
mod item;
#[cfg(test)]
mod mistakes;
mod model;
mod path;
#[cfg(test)]
mod snapshots;

use model::Products;
use proc_macro::TokenStream;

/// Makes a service of a unit struct, an inline module, the `impl` of a type or
/// the `impl` of a contract.
#[proc_macro_attribute]
pub fn service(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::service(args.into(), item.into(), Products::enabled()).into()
}

/// Makes a contract of a trait: its routes and its typed client.
#[proc_macro_attribute]
pub fn client(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::client(args.into(), item.into(), Products::enabled()).into()
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[proc_macro_attribute]
        pub fn $name(args: TokenStream, item: TokenStream) -> TokenStream {
            let attribute = stringify!($name);
            expand::operation(attribute, args.into(), item.into(), Products::enabled()).into()
        }
    )*};
}

operations! {
    /// Answers `GET` requests for a path.
    get;
    /// Answers `POST` requests for a path.
    post;
    /// Answers `PUT` requests for a path.
    put;
    /// Answers `PATCH` requests for a path.
    patch;
    /// Answers `DELETE` requests for a path.
    delete;
    /// Answers `HEAD` requests for a path.
    head;
    /// Answers `OPTIONS` requests for a path.
    options;
    /// Answers requests of any other method for a path.
    route;
}

/// Says that an operation may be repeated: a second request changes nothing
/// that the first has not changed.
#[proc_macro_attribute]
pub fn idempotent(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::idempotent(args.into(), item.into()).into()
}

/// Runs `async fn main` on a Tokio runtime.
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::main(args.into(), item.into()).into()
}

/// Lets an error type cross the wire.
#[proc_macro_derive(ApiError, attributes(status, code, internal, mfhm))]
pub fn api_error(item: TokenStream) -> TokenStream {
    expand::api_error(item.into(), Products::enabled()).into()
}
