//! The macros in surroundings that are not made for them: everything here has
//! to compile without a warning, and to work.

#![deny(missing_docs, warnings, clippy::pedantic)]
#![allow(clippy::unwrap_used)]

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
        pub fn drop() {}
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
    }
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
