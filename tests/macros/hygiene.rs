//! The macros in surroundings that are not made for them: everything here has
//! to compile without a warning, and to work.

#![deny(missing_docs, warnings, clippy::pedantic)]
#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};

#[path = "hygiene/around.rs"]
pub mod around;

use self::bare::{Hygiene, HygieneClient, Implementation, Trouble};

/// No prelude, and names that are not what they seem.
pub mod bare {
    #![no_implicit_prelude]

    use ::std::prelude::rust_2024::derive;

    /// Names that expansions must not meet.
    #[allow(dead_code, missing_docs, unreachable_pub)]
    mod shadowed {
        pub struct Result;
        pub struct Option;
        pub struct String;
        pub struct Vec;
        pub struct Box;
        pub struct Arc;
        pub struct Future;
        pub struct Ok;
        pub struct Err;
        pub struct Some;
        pub struct None;
        pub struct Send;
        pub struct Sync;
        pub struct Sized;
        pub struct Clone;
        pub struct Default;
        pub struct Debug;
        pub struct Into;
        pub struct From;
        pub struct Deref;
        pub struct Self_;
        pub fn drop() {}

        /// Methods that everything has, under the names of ours.
        pub trait Everywhere: ::std::marker::Sized {
            fn path(self) {}
            fn query(self) {}
            fn header(self) {}
            fn body(self) {}
            fn wire(self) {}
            fn reply(self) {}
            fn read(self) {}
            fn answer(self) {}
            fn result(self) {}
            fn value(self) {}
            fn send(self) {}
            fn parts(self) {}
            fn whole(self) {}
            fn state(self) {}
            fn put(self) {}
            fn take(self) {}
            fn with(self) {}
            fn clone(self) {}
            fn deref(self) {}
            fn into(self) {}
        }
        impl<T> Everywhere for T {}
    }
    #[allow(unused_imports)]
    use shadowed::*;

    /// An error.
    #[derive(
        ::std::fmt::Debug,
        ::std::cmp::PartialEq,
        ::std::cmp::Eq,
        ::thiserror::Error,
        ::mfhm::ApiError,
    )]
    pub enum Trouble {
        /// A field with a raw name.
        #[error("no {type}", type = .r#type)]
        #[status(404)]
        Missing {
            /// The field.
            r#type: ::std::string::String,
        },
        /// A tuple variant.
        #[error("{0} of {1}")]
        #[status(409)]
        Taken(u8, ::std::string::String),
    }

    /// Parameters with the names that an expansion might use itself.
    #[::mfhm::client(service = "hygiene", path = "/v1")]
    pub trait Hygiene {
        /// Path, query and header.
        #[get("/a/{request}/{type}")]
        async fn names(
            &self,
            request: u8,
            r#type: &str,
            client: ::std::option::Option<u8>,
            url: ::std::vec::Vec<::std::string::String>,
            #[header("x-input")] input: ::std::option::Option<&str>,
            self_: bool,
        ) -> ::std::result::Result<::std::string::String, Trouble>;

        /// A body.
        #[post("/b")]
        #[idempotent]
        async fn body(&self, body: &[u8]) -> ::std::result::Result<(), Trouble>;

        /// A raw name.
        #[put("/c")]
        async fn r#match(&self, result: ::std::option::Option<u8>) -> u8;

        /// Not there.
        #[cfg(any())]
        #[get("/d")]
        async fn absent(&self, what: NoSuchType) -> NoSuchType;

        /// Raw names in the query.
        #[get("/e")]
        async fn raw(
            &self,
            r#in: u8,
            #[query] r#fn: ::std::option::Option<u8>,
            response: ::std::option::Option<u8>,
            operation: ::std::option::Option<u8>,
        ) -> u8;
    }

    /// An implementation.
    #[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy)]
    pub struct Implementation;

    #[::mfhm::service]
    impl Hygiene for Implementation {
        async fn names(
            &self,
            request: u8,
            r#type: &str,
            client: ::std::option::Option<u8>,
            url: ::std::vec::Vec<::std::string::String>,
            input: ::std::option::Option<&str>,
            self_: bool,
        ) -> ::std::result::Result<::std::string::String, Trouble> {
            if request == 0 {
                return ::std::result::Result::Err(Trouble::Missing {
                    r#type: ::std::borrow::ToOwned::to_owned(r#type),
                });
            }
            ::std::result::Result::Ok(::std::format!(
                "{request} {type} {client:?} {url:?} {input:?} {self_}"
            ))
        }

        async fn body(&self, body: &[u8]) -> ::std::result::Result<(), Trouble> {
            match body {
                [] => ::std::result::Result::Err(Trouble::Taken(
                    7,
                    ::std::borrow::ToOwned::to_owned("nothing"),
                )),
                _ => ::std::result::Result::Ok(()),
            }
        }

        async fn r#match(&self, result: ::std::option::Option<u8>) -> u8 {
            ::std::option::Option::unwrap_or(result, 1)
        }

        async fn raw(
            &self,
            r#in: u8,
            r#fn: ::std::option::Option<u8>,
            response: ::std::option::Option<u8>,
            operation: ::std::option::Option<u8>,
        ) -> u8 {
            let r#fn = ::std::option::Option::unwrap_or(r#fn, 1);
            let response = ::std::option::Option::unwrap_or(response, 0);
            r#in + r#fn + response + ::std::option::Option::unwrap_or(operation, 0)
        }
    }

    /// Handlers, with a state.
    #[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy)]
    pub struct Handlers;

    #[::mfhm::service(name = "handlers")]
    impl Handlers {
        /// The own error, a borrowed parameter.
        ///
        /// # Errors
        ///
        /// Always.
        #[get("/h/{client}")]
        pub async fn error(&self, client: &str) -> ::std::result::Result<u8, Trouble> {
            ::std::result::Result::Err(Trouble::Missing {
                r#type: ::std::borrow::ToOwned::to_owned(client),
            })
        }

        /// An extractor.
        #[post("/h")]
        pub async fn extracts(
            &self,
            #[extract] input: ::mfhm::http::HeaderMap,
            body: ::std::option::Option<u8>,
        ) -> ::std::string::String {
            ::std::format!("{} {body:?}", input.len() > 1)
        }
    }

    /// Free functions.
    #[::mfhm::service(name = "functions")]
    #[derive(::std::fmt::Debug)]
    pub struct Functions;

    /// Takes a raw name, and a state.
    #[::mfhm::get("/{type}")]
    #[must_use]
    pub async fn r#loop(
        r#type: u8,
        ::mfhm::State(request): ::mfhm::State<u8>,
        query: ::std::option::Option<&str>,
    ) -> ::std::string::String {
        ::std::format!("{type} {request} {query:?}")
    }
}

/// An implementation beside its contract, of which one operation calls another.
mod together {
    #[mfhm::client(service = "together")]
    pub(super) trait Together {
        /// One.
        #[get("/one")]
        async fn one(&self) -> u8;
        /// Two of it.
        #[get("/two")]
        async fn two(&self) -> u8;
    }

    pub(super) struct Both;

    impl Together for Both {
        async fn one(&self) -> u8 {
            1
        }

        async fn two(&self) -> u8 {
            self.one().await * 2
        }
    }
}

#[tokio::test]
async fn an_operation_can_call_another() {
    let client = together::TogetherClient::local(together::Both);
    assert_eq!(client.two().await.unwrap(), 2);
}

/// Conditions of operations and of parameters.
mod conditional {
    #[mfhm::client(service = "conditional")]
    pub(crate) trait Conditional {
        /// One parameter is there, one is not, and one attribute.
        #[get("/{id}")]
        async fn some(
            &self,
            id: u8,
            #[cfg(target_os = "none")] absent: NoSuchType,
            #[cfg(not(target_os = "none"))]
            #[header("x-there")]
            there: u8,
            #[cfg_attr(not(target_os = "none"), header("x-where"))] place: u8,
        ) -> u8;
    }

    pub(crate) struct Service;

    #[mfhm::service]
    impl Conditional for Service {
        async fn some(
            &self,
            id: u8,
            #[cfg(target_os = "none")] absent: NoSuchType,
            #[cfg(not(target_os = "none"))] there: u8,
            place: u8,
        ) -> u8 {
            id + there + place
        }
    }

    pub(crate) struct Methods;

    #[mfhm::service(name = "methods")]
    impl Methods {
        #[get("/")]
        async fn method(
            &self,
            #[cfg(target_os = "none")] absent: NoSuchType,
            #[cfg(not(target_os = "none"))] there: u8,
        ) -> u8 {
            there
        }
    }

    #[mfhm::service(name = "conditional-functions")]
    struct Functions;

    #[mfhm::get("/")]
    async fn function(
        #[cfg(target_os = "none")] absent: NoSuchType,
        #[cfg(not(target_os = "none"))] there: u8,
    ) -> u8 {
        there
    }

    #[tokio::test]
    async fn a_parameter_can_have_a_condition() {
        let client = ConditionalClient::routed(Service);
        assert_eq!(client.some(1, 2, 3).await.unwrap(), 6);
        assert_eq!(function(7).await, 7);
        assert_eq!(Methods.method(7).await, 7);
        let app = mfhm::App::new().linked().service(Methods).state(5u8);
        let app = app.local_calls(false).start().await.unwrap();
        let answers = [("methods", "there=3"), ("conditional-functions", "there=4")];
        for (service, query) in answers {
            let url = app.service(service).unwrap().url();
            let answer = crate::get(&format!("{url}/?{query}")).await;
            assert_eq!(answer, &query[6..]);
        }
        let url = app.service("functions").unwrap().url();
        assert_eq!(
            crate::get(&format!("{url}/3?query=x")).await,
            "\"3 5 Some(\\\"x\\\")\""
        );
        app.stop().await;
    }
}

/// The body of an answer.
async fn get(url: &str) -> String {
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .unwrap();
    let (host, path) = (host.to_owned(), path.to_owned());
    let exchange = move || {
        let mut stream = std::net::TcpStream::connect(&host).unwrap();
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = tokio::task::spawn_blocking(exchange).await.unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// The crate as somebody else exports it.
pub mod exported {
    pub use ::mfhm as renamed;
}

/// The crate under another name, a private contract, and a trait in a function.
mod elsewhere {
    #[crate::exported::renamed::client(service = "elsewhere", crate = crate::exported::renamed)]
    trait Private {
        #[get("/{*rest}")]
        async fn rest(&self, rest: &str) -> String;
    }

    struct There;

    #[crate::exported::renamed::service(crate = crate::exported::renamed)]
    impl Private for There {
        async fn rest(&self, rest: &str) -> String {
            rest.to_owned()
        }
    }

    #[tokio::test]
    async fn a_renamed_crate_works() {
        let client = PrivateClient::routed(There);
        let rest = client.rest("a/b c").await.unwrap();
        assert_eq!(rest, "a/b c");
    }

    #[tokio::test]
    async fn a_trait_in_a_function_works() {
        #[crate::exported::renamed::client(service = "inner", crate = crate::exported::renamed)]
        trait Inner {
            #[get("/")]
            async fn one(&self) -> u8;
        }
        struct One;
        #[crate::exported::renamed::service(crate = crate::exported::renamed)]
        impl Inner for One {
            async fn one(&self) -> u8 {
                1
            }
        }
        let client = InnerClient::routed(One);
        assert_eq!(client.one().await.unwrap(), 1);
    }
}

async fn works(client: HygieneClient) {
    let url = vec!["x&y".to_owned(), "ü".to_owned()];
    assert_eq!(
        client
            .names(1, "t/é", Some(3), url, Some("in put"), true)
            .await
            .unwrap(),
        "1 t/é Some(3) [\"x&y\", \"ü\"] Some(\"in put\") true"
    );
    let missing = client
        .names(0, "it", None, Vec::new(), None, false)
        .await
        .unwrap_err();
    assert_eq!(
        missing.api(),
        Some(&Trouble::Missing {
            r#type: "it".to_owned()
        })
    );
    client.body(&[1, 2]).await.unwrap();
    let taken = client.body(&[]).await.unwrap_err();
    assert_eq!(taken.api(), Some(&Trouble::Taken(7, "nothing".to_owned())));
    assert_eq!(client.r#match(Some(9)).await.unwrap(), 9);
    assert_eq!(client.r#match(None).await.unwrap(), 1);
    assert_eq!(client.raw(3, Some(4), Some(5), None).await.unwrap(), 12);
}

#[tokio::test]
async fn as_a_function_call() {
    works(HygieneClient::local(Implementation)).await;
}

#[tokio::test]
async fn through_the_router() {
    works(HygieneClient::routed(Implementation)).await;
}

#[tokio::test]
async fn through_a_socket() {
    let app = mfhm::App::new()
        .service(Implementation)
        .port(0)
        .local_calls(false);
    let app = app.start().await.unwrap();
    let url = app.services()[0].url();
    works(HygieneClient::at(&url).unwrap()).await;
    app.stop().await;
}

/// The implementation is also what it looks like: a trait's.
#[tokio::test]
async fn as_a_trait() {
    assert_eq!(Hygiene::r#match(&Implementation, None).await, 1);
}
