//! Declare an HTTP service once, as annotated Rust. Call it like a function.
//! Run it as one process or as many.
//!
//! A contract, a service, a center and a call, all in one program:
//!
//! ```
//! # #[cfg(all(feature = "client", feature = "server", feature = "center"))]
//! # mod example {
//! use mfhm::{App, Caller, Center};
//!
//! #[mfhm::client(service = "greeter")]
//! pub trait Greeter {
//!     /// Says hello.
//!     #[get("/greet/{name}")]
//!     async fn greet(&self, name: &str) -> String;
//! }
//!
//! struct Polite;
//!
//! #[mfhm::service]
//! impl Greeter for Polite {
//!     async fn greet(&self, name: &str) -> String {
//!         format!("Good day, {name}!")
//!     }
//! }
//!
//! # pub async fn run(folder: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
//! // Usually three programs; here port 0 takes any free port.
//! let center = Center::builder().port(0).data_dir(folder).start().await?;
//! let app = App::new().service(Polite).center(center.url()).port(0).start().await?;
//! app.registered().await;
//!
//! let caller = Caller::builder().center(center.url()).build()?;
//! let greeter = GreeterClient::through(&caller);
//! assert_eq!(greeter.greet("Ada").await?, "Good day, Ada!");
//!
//! app.stop().await;
//! center.stop().await;
//! # Ok(()) }
//! # }
//! # fn main() {
//! # #[cfg(all(feature = "client", feature = "server", feature = "center"))] {
//! # let folder = std::env::temp_dir().join(format!("mfhm-lib-doc-{}", std::process::id()));
//! # let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
//! # runtime.block_on(example::run(&folder)).unwrap();
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # }}
//! ```
//!
//! # Concepts
//!
//! * A **service** is what is called, by its name. An **instance** is one running
//!   process of it. The **center** knows which instances run where.
//! * A **contract** is a trait with [`client`](macro@client): what a service
//!   offers. The routes and the typed client come from it.
//! * Handlers can also be free functions, or methods of a type, without a
//!   contract: see [`service`](macro@service) and [`get`](macro@get). Those are
//!   called by name, with a [`Caller`], or with plain HTTP.
//! * An [`App`] is what one process runs. Several services in one app call each
//!   other's contracts as functions.
//! * A call ends with its value, with an error that the contract declares
//!   ([`CallError::Api`], see [`ApiError`](trait@ApiError)), or with a [`Fault`]
//!   that says why the call itself failed and whether the operation may have run.
//!
//! # Features
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `client` | yes | typed clients and the untyped [`Caller`] |
//! | `server` | yes | services: routing, listener, registration, [`main`](macro@main) |
//! | `center` | | the service center in a program: `Center` |
//! | `openapi` | | `/openapi.json` and `/docs` of each service |
//! | `identity` | | services that know who calls: [`CurrentRequest::caller`] |
//! | `h2` | | HTTP/2 beside HTTP/1.1: by ALPN with TLS, else by prior knowledge |
//! | `validate` | | rules of the types themselves, held against what callers send: see [`get`](macro@get) |
//! | `tls` | | HTTPS, with certificates that say which service is which: `Tls` |
//! | `cli` | | the program `mfhm`: `mfhm center`, `mfhm token`, `mfhm call`, `mfhm drain`, `mfhm check` |
//! | `tls-dev` | | its command `mfhm tls dev`, which makes certificates |
//!
//! A crate that only calls needs `default-features = false, features =
//! ["client"]`; no server is compiled then.
//!
//! # Settings
//!
//! Defaults, then the attribute, then the environment (`MFHM_CENTER`,
//! `MFHM_HOST`, `MFHM_PORT`, …), then what the program says to [`App`] or
//! [`Caller::builder`]. The README has the table.
//!
//! # Limits
//!
//! HTTP/1.1; one center is one process; callers ask the center every
//! 2 s instead of being told.

#![cfg_attr(docsrs, feature(doc_cfg))]
// A test that unwraps says where it failed.
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![cfg_attr(fuzzing, allow(dead_code, clippy::unwrap_used))]

#[doc(hidden)]
pub mod __private;
mod api_error;
#[cfg(feature = "server")]
mod app;
#[cfg(any(feature = "server", feature = "center"))]
mod body;
#[cfg(feature = "center")]
mod center;
mod checks;
#[cfg(feature = "client")]
mod client;
#[cfg(any(feature = "openapi", feature = "center"))]
pub mod compat;
#[cfg(any(feature = "client", feature = "server"))]
mod connector;
mod contract;
#[cfg(any(feature = "client", feature = "server"))]
mod current;
#[cfg(any(feature = "server", feature = "center"))]
mod directory;
#[cfg(feature = "server")]
mod entry;
mod error;
#[cfg(any(feature = "client", feature = "server"))]
mod fault;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(any(feature = "client", feature = "server"))]
mod gate;
mod instance;
mod json;
#[cfg(any(feature = "client", feature = "server", feature = "center"))]
mod key;
#[cfg(any(feature = "client", feature = "server"))]
mod link;
#[cfg(any(feature = "server", feature = "center"))]
mod listener;
#[cfg(any(feature = "server", feature = "cli"))]
mod log;
mod macros;
#[cfg(any(feature = "client", feature = "server", feature = "center"))]
mod memory;
#[cfg(any(feature = "client", feature = "server"))]
mod multipart;
#[cfg(any(feature = "server", feature = "center"))]
mod network;
#[cfg(feature = "openapi")]
mod openapi;
mod raw_body;
#[cfg(any(feature = "client", feature = "server"))]
mod returned;
#[cfg(feature = "server")]
mod server;
#[cfg(any(feature = "client", feature = "server"))]
mod settings;
#[cfg(any(feature = "server", feature = "center"))]
mod shutdown;
#[cfg(all(test, feature = "client", feature = "server", feature = "center"))]
mod simulation;
#[cfg(any(feature = "client", feature = "server"))]
mod stream;
#[cfg(any(feature = "client", feature = "server", feature = "center"))]
mod tcp;
#[cfg(all(
    feature = "tls",
    any(feature = "client", feature = "server", feature = "center")
))]
mod tls;
#[cfg(all(
    not(feature = "tls"),
    any(feature = "client", feature = "server", feature = "center")
))]
#[path = "no_tls.rs"]
mod tls;
#[cfg(any(feature = "center", all(feature = "server", feature = "tls")))]
mod turns;
#[cfg(feature = "validate")]
mod validate;
#[cfg(any(feature = "client", feature = "server"))]
mod value;
mod wire;

pub use api_error::{ApiError, Data, ErrorVariant};
#[cfg(feature = "server")]
pub use app::{App, RunningApp, RunningService, run};
pub use bytes::Bytes;
#[cfg(feature = "center")]
pub use center::{
    Center, CenterBuilder, ContractPolicy, Exported, Imported, IssuedToken, RunningCenter, Scope,
    TokenEntry, TokenGrant, Tokens,
};
#[cfg(all(feature = "client", feature = "h2"))]
pub use client::transport::Http2;
#[cfg(feature = "client")]
pub use client::{
    caller::{Caller, CallerBuilder},
    intercept::{CallOutcome, Interceptor, OutgoingCall},
    options::CallOptions,
    untyped::{Answer, CallBuilder},
};
pub use contract::{Operation, Param, ParamSource};
#[cfg(any(feature = "client", feature = "server"))]
pub use current::{CurrentRequest, request, spawn};
pub use error::{Error, Result};
#[cfg(feature = "client")]
pub use fault::CallError;
#[cfg(any(feature = "client", feature = "server"))]
pub use fault::Fault;
#[cfg(any(feature = "client", feature = "server"))]
pub use futures_util::Stream;
/// The vocabulary of HTTP that mfhm's signatures use.
pub use http;
pub use instance::{InstanceId, InstanceStatus, InvalidName, ServiceName};
pub use json::Json;
#[cfg(any(feature = "server", feature = "center"))]
pub use listener::Limits;
pub use macros::*;
#[cfg(any(feature = "client", feature = "server"))]
pub use multipart::{Multipart, MultipartError, Part};
#[cfg(any(feature = "client", feature = "server"))]
pub use returned::{File, Headed, Raw};
#[cfg(feature = "server")]
pub use server::{Service, layers::HttpLayer, state::State};
#[cfg(any(feature = "client", feature = "server"))]
pub use stream::{ByteStream, Event, Events, Lines};
#[cfg(all(
    feature = "tls",
    any(feature = "client", feature = "server", feature = "center")
))]
pub use tls::Tls;
pub use wire::problem::{InvalidParam, Problem};
