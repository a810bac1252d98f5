//! What surrounds an operation, without a prelude, under conditions, and
//! deprecated.

/// No prelude.
pub mod bare {
    #![no_implicit_prelude]

    use ::tower_layer::Identity;

    /// A contract.
    #[::mfhm::client(service = "around")]
    #[timeout("5s")]
    #[body_limit(100)]
    #[idempotent]
    pub trait Around {
        /// An operation.
        #[get("/{layer}", name = "other")]
        #[timeout("1m")]
        async fn r#match(&self, layer: u8) -> u8;

        /// Not there.
        #[cfg(any())]
        #[get("/absent")]
        async fn absent(&self) -> NoSuchType;
    }

    /// An implementation.
    #[derive(::std::fmt::Debug, ::std::clone::Clone)]
    pub struct Implementation {
        /// A layer of its own.
        pub layer: Identity,
    }

    #[::mfhm::service]
    #[layer(::std::clone::Clone::clone(&self.layer))]
    impl Around for Implementation {
        #[layer(::std::clone::Clone::clone(&self.layer))]
        #[layer(Identity::new())]
        async fn r#match(&self, layer: u8) -> u8 {
            ::std::assert_eq!(::mfhm::request().operation(), "other");
            layer
        }

        #[cfg(any())]
        #[layer(NoSuchLayer)]
        async fn absent(&self) -> NoSuchType {}
    }

    /// A service of free functions.
    #[::mfhm::service(name = "free")]
    #[layer(Identity::new())]
    pub struct Free;

    /// A free function.
    #[::mfhm::get("/free")]
    #[timeout("1s")]
    #[layer(Identity::new())]
    pub async fn free() -> u8 {
        1
    }
}

/// A service of free functions that is a module.
#[mfhm::service(name = "module")]
#[layer(tower_layer::Identity::new())]
pub mod module {
    /// A free function.
    #[mfhm::get("/module")]
    pub async fn free() -> u8 {
        1
    }
}

/// Whoever uses it is warned; the expansion is not.
mod old {
    #[mfhm::idempotent]
    #[mfhm::client(service = "old")]
    #[deprecated(note = "nobody needs it")]
    trait Old {
        #[get("/one")]
        async fn one(&self) -> u8;
    }

    #[allow(deprecated)]
    #[tokio::test]
    async fn what_is_deprecated_works() {
        struct One;
        impl Old for One {
            async fn one(&self) -> u8 {
                1
            }
        }
        assert_eq!(OldClient::local(One).clone().one().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn what_surrounds_an_operation_needs_no_prelude() {
    use bare::{AroundClient, Implementation};

    let client = AroundClient::new().intercept(|_: &mut mfhm::OutgoingCall| Ok(()));
    drop(client);
    let layer = tower_layer::Identity::new();
    let app = mfhm::App::new()
        .service(Implementation { layer })
        .linked()
        .state(7_u8)
        .layer(tower_layer::Identity::new())
        .port_of("around", 0)
        .port_of("free", 0)
        .port_of("module", 0)
        .local_calls(false);
    let app = app.start().await.unwrap();
    let url = app.services()[0].url();
    let client = AroundClient::at(&url).unwrap();
    assert_eq!(client.r#match(7).await.unwrap(), 7);
    assert_eq!(bare::free().await + module::free().await, 2);
    app.stop().await;
}
