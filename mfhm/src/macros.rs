//! The attributes, with their documentation.

/// Makes a type an error that crosses the wire: see the trait
/// [`ApiError`](trait@crate::ApiError).
///
/// Each variant of an enum (or the struct) has one of
///
/// * `#[status(404)]`: the HTTP status, from 400 to 599;
/// * `#[internal]`: a bare 500; nothing of the variant is sent. For causes that
///   are nobody else's business, and for fields that cannot travel;
///
/// and may have `#[code("…")]`: the name on the wire, by default the variant's
/// in snake case. Fields travel as JSON, so their types need serde's two traits.
pub use mfhm_macros::ApiError;

/// Makes a contract of a trait: what a service offers, for the service and for
/// its callers.
///
/// * `service = "users"`: the name under which the service is found;
/// * `path = "/v1/users"`: in front of each operation's path; may be left out;
/// * `version = "v2"`: in front of each operation's name, for a service that
///   offers several versions of a contract: its `user` is then `v2_user` to
///   those who call by name. Rust names stay as they are;
/// * `crate = path`: where mfhm is, for crates that re-export it.
///
/// From `trait Users` come
///
/// * the trait itself, whose `async fn`s an implementation writes as they are;
/// * with the feature `client`, `UsersClient`: the same methods, with the result
///   `Result<T, CallError<E>>`, and the constructors `new()` (found by its name),
///   `at(url)`, `local(implementation)`, `through(&caller)`, and `with(options)`
///   and `intercept(`[`interceptor`](trait@crate::Interceptor)`)`;
/// * with the feature `server`, the routes that `#[mfhm::service]` mounts.
///
/// `#[timeout("5s")]`, `#[idempotent]`, `#[body_limit(bytes)]` and `#[deprecated]`
/// below this attribute hold for every operation that does not say otherwise.
///
/// ```
/// #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// pub struct User { id: u64, name: String }
///
/// #[derive(Debug, mfhm::ApiError)]
/// pub enum UserError { #[status(404)] NotFound { id: u64 } }
/// # impl std::fmt::Display for UserError {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("no such user") }
/// # }
/// # impl std::error::Error for UserError {}
///
/// #[mfhm::client(service = "users", path = "/v1/users")]
/// pub trait Users {
///     /// Finds one user.
///     #[get("/{id}")]
///     async fn user(&self, id: u64) -> Result<User, UserError>;
/// }
///
/// struct Fake;
///
/// impl Users for Fake {
///     async fn user(&self, id: u64) -> Result<User, UserError> {
///         if id == 1 { Ok(User { id, name: "Ada".to_owned() }) } else { Err(UserError::NotFound { id }) }
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let users = UsersClient::local(Fake);
/// assert_eq!(users.user(1).await.unwrap().name, "Ada");
/// # });
/// ```
#[cfg(any(feature = "client", feature = "server"))]
pub use mfhm_macros::client;

/// Says that an operation may be sent twice, although its method (POST, PATCH)
/// does not say so: a call that may have reached the service is tried again.
#[cfg(any(feature = "client", feature = "server"))]
pub use mfhm_macros::idempotent;

/// Makes an `async fn main` the program: a runtime, the log, and on an error a
/// line on standard error and exit code 1.
///
/// * `worker_threads = 4`: threads of the runtime, by default one for each core;
/// * `flavor = "current_thread"`: everything on one thread;
/// * `log = "warn"`: what is logged when `MFHM_LOG` says nothing, by default
///   `info`.
///
/// ```no_run
/// #[mfhm::main]
/// async fn main() -> mfhm::Result<()> {
///     mfhm::run().await
/// }
/// ```
#[cfg(feature = "server")]
pub use mfhm_macros::main;

/// Makes a service.
///
/// * `name = "orders"`: the name under which it is found; 1 to 128 letters,
///   digits, dots, underscores and hyphens. On the `impl` of a contract it may
///   be left out: then it is the contract's;
/// * `port = 30176`: where it listens unless something else is said; 0 is any
///   free port;
/// * `version = "1.2.0"`: what the center and the OpenAPI document call it; by
///   default it is the version of the crate that has the attribute;
/// * `contracts(A, B)` (on an `impl`): further contracts that the type
///   implements and the service offers;
/// * `crate = path`: where mfhm is, for crates that re-export it.
///
/// `#[layer(expression)]` below this attribute puts a
/// [layer](trait@crate::HttpLayer) around the whole service; see [`get`] for one
/// operation. On an `impl` that is no contract's, `#[timeout("5s")]`,
/// `#[idempotent]` and `#[body_limit(bytes)]` hold for every operation that does
/// not say otherwise.
///
/// **On a unit struct or an inline module** it opens a service for the free
/// functions with `#[get]` and so on in this module and the modules below it:
///
/// ```
/// #[mfhm::service(name = "service01", port = 30176)]
/// struct Service01;
///
/// #[mfhm::get("/hello")]
/// async fn hello() -> &'static str { "hello" }
/// ```
///
/// **On an `impl`** it makes a service of the methods that have such an
/// attribute; the value is the state:
///
/// ```
/// struct Orders { count: u64 }
///
/// #[mfhm::service(name = "orders")]
/// impl Orders {
///     #[get("/orders/count")]
///     async fn count(&self) -> u64 { self.count }
/// }
///
/// let app = mfhm::App::new().service(Orders { count: 7 });
/// ```
///
/// **On the `impl` of a contract** the routes are the contract's:
///
/// ```
/// # #[mfhm::client(service = "greeter")]
/// # pub trait Greeter { #[get("/greet/{name}")] async fn greet(&self, name: &str) -> String; }
/// struct Polite;
///
/// #[mfhm::service]
/// impl Greeter for Polite {
///     async fn greet(&self, name: &str) -> String { format!("Good day, {name}!") }
/// }
/// ```
#[cfg(feature = "server")]
pub use mfhm_macros::service;

/// An operation: a method and a path.
///
/// On a free function in a service's module, on a method of a
/// `#[mfhm::service] impl`, and in a `#[mfhm::client]` trait. The attributes for
/// other methods are `post`, `put`, `patch`, `delete`, `head`, `options`, and
/// [`route`] for the rest.
///
/// `#[get("/users/{id}", name = "find")]` gives the operation another name than
/// the function's.
///
/// # Where a parameter comes from
///
/// One rule for every form: a name in the path's `{}` is a path parameter
/// (`{*rest}` takes the rest of the path). Of the others,
///
/// * on GET, HEAD, DELETE, OPTIONS and TRACE each is a query parameter: `Option`
///   may be absent, `Vec` repeats;
/// * else the one that is left is the JSON body.
///
/// An attribute on the parameter says otherwise:
///
/// | attribute | where it travels |
/// |---|---|
/// | `#[query]`, `#[query("name")]` | a query parameter |
/// | `#[query(flatten)]` | the fields of a struct are query parameters |
/// | `#[header("x-name")]` | a header |
/// | `#[cookie("name")]` | a cookie: a scalar, or an `Option` of one |
/// | `#[body]` | the JSON body |
/// | `#[form]` | the body, as a form with the fields of a struct |
/// | `#[body(bytes)]` | the body as it is: `Bytes`, `Vec<u8>`, `&[u8]`, `String` or `&str` |
/// | `#[body(stream)]` | the body while it comes: a [`ByteStream`](crate::ByteStream) |
/// | `#[multipart]` | the body, a form with files of any size: a [`Multipart`](crate::Multipart) |
///
/// The fields of a flattened struct and of a form follow the rules of query
/// parameters, each for itself. Names that are not known are ignored. Below a
/// `#[serde(flatten)]` it is the same, but for integers of more than 64 bits and
/// untagged enums, for which serde has only texts there.
///
/// A body may have 2 MiB, or what `#[body_limit(bytes)]` below the method's
/// attribute says. A streamed body and a form with files have no limit unless this
/// sets one. It is sent
/// once only, so such a call has one attempt, which may take as long as the call.
///
/// With the feature `validate`, a JSON body, a form and a flattened query whose
/// type implements `garde::Validate` (0.23, with a context that has a default) are
/// held against its rules, in local calls as well: what breaks them is answered
/// with 422 and one entry for each field, under its name in Rust. A type without
/// rules needs nothing. A tuple is one, whatever it is made of: garde has no rules for
/// it, so the rules of its elements are not looked at; write a struct. A list has those
/// of its elements.
///
/// A handler that is not in a contract may take any axum extractor: a
/// destructuring pattern (`State(db): State<Db>`) or `#[extract]`.
///
/// `&str`, `&T`, `&[T]` and `Option<&str>` are read as the owned type and lent.
///
/// A parameter may have a condition: `#[cfg(feature = "trace")] trace: bool`.
///
/// # What is answered
///
/// A value that serde can write is JSON with 200, `()` is 204; `#[status(201)]`
/// below the method's attribute declares another status of a success, and a
/// caller takes any from 200 to 299. [`Headed<T>`](crate::Headed) is a value with
/// response headers, [`Raw`](crate::Raw) is bytes and a content type, and
/// [`File`](crate::File) a file of the disk.
/// [`ByteStream`](crate::ByteStream), [`Lines<T>`](crate::Lines) (JSON, one value a
/// line) and [`Events<T>`](crate::Events) (server-sent events) are read while they
/// come: the time-outs of the call end with the answer's headers. `#[resume]`
/// below the method's attribute lets callers connect again when a stream of
/// events breaks; the operation then takes the header `last-event-id`.
///
/// JSON has no infinity and no NaN: serde writes `null` for them, which only an
/// `Option` of a float reads, so what may be one is declared so, or refused by a rule.
/// That holds for bodies as well; in a path, a query or a header they are `inf` and
/// `NaN`.
///
/// The error of a
/// `Result` is an [`ApiError`](trait@crate::ApiError). In handlers that are not
/// in a contract, anything else may be axum's `IntoResponse`.
///
/// # How long it may take
///
/// `#[timeout("250ms")]` (`ms`, `s`, `m` or `h`, at most a day) below the method's
/// attribute, on a [`client`](macro@client) trait or on a
/// [`service`](macro@service)'s `impl`; the operation's own goes first. A service
/// that has not answered by then drops the handler and answers 504 with the problem
/// `mfhm.timeout`. Callers take it for the time-out of the whole call, unless
/// [`CallOptions`](crate::CallOptions) say something else; what they see is a
/// [`Fault`](crate::Fault) that [`is_timeout`](crate::Fault::is_timeout). The time
/// of an answer that is a stream ends with its headers.
///
/// Callers tell how long they wait, in the header `mfhm-timeout-ms`, and a handler
/// is dropped when nobody waits for it any more.
/// [`request`](crate::request())`().time_left()` is what is left of both.
///
/// # What stands around it
///
/// `#[layer(expression)]` below the method's attribute puts a
/// [layer](trait@crate::HttpLayer) around the operation: any `tower::Layer` that
/// axum takes, such as those of tower-http. Several stand around each other, the
/// top one outermost; those of the service are outside of them, and those of
/// [`App::layer`](crate::App::layer) are outside of these. In the `impl` of a
/// contract it stands on the method alone, for the method's own attribute is in
/// the contract.
///
/// The expression is evaluated once, when the service is built; in an `impl`,
/// `self` is there, an `Arc` of the service. What a layer answers by itself (429,
/// say) reaches callers as a fault with this status. Calls that stay in the process
/// (`{Trait}Client::local`, and clients of a service in the same program) pass no
/// layer, nor do those of `{Trait}Client::routed`, which knows the contract only.
///
/// ```
/// use mfhm::get;
/// # use tower_layer::Identity as TraceLayer;
///
/// struct Orders { trace: TraceLayer }
///
/// #[mfhm::service(name = "orders")]
/// #[timeout("5s")]
/// impl Orders {
///     #[get("/orders/count")]
///     #[timeout("250ms")]
///     #[layer(self.trace.clone())]
///     async fn count(&self) -> u64 {
///         tracing::debug!(left = ?mfhm::request().time_left());
///         7
///     }
/// }
/// ```
///
/// # Example
///
/// ```
/// use mfhm::{get, post};
///
/// #[get("/items/{id}")]
/// async fn item(id: u64, verbose: Option<bool>, #[header("x-tenant")] tenant: &str) -> String {
///     format!("{tenant} {id} {verbose:?}")
/// }
///
/// #[post("/items")]
/// #[status(201)]
/// async fn create(items: Vec<String>) -> usize {
///     items.len()
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Filter { name: String, page: Option<u32> }
///
/// #[get("/search")]
/// async fn search(#[query(flatten)] filter: &Filter, #[cookie("sid")] session: Option<&str>) -> String {
///     format!("{} {:?} {session:?}", filter.name, filter.page)
/// }
///
/// // A handler stays a function.
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert_eq!(item(7, None, "acme").await, "acme 7 None");
/// # });
/// ```
#[cfg(feature = "server")]
pub use mfhm_macros::get;

#[cfg(feature = "server")]
pub use mfhm_macros::{delete, head, options, patch, post, put};

/// An operation with another method than the attributes that are named after
/// theirs: `#[route(PURGE, "/cache/{key}")]`. Everything else is as for [`get`].
#[cfg(feature = "server")]
pub use mfhm_macros::route;
