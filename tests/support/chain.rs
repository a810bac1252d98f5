//! Three services, each calling the next: `chain1`, `chain2` and `chain3`, which says
//! what it was told besides its parameters.

use serde::{Deserialize, Serialize};

/// What `chain1` offers.
#[mfhm::client(service = "chain1")]
pub trait First {
    /// What the last of the three is told.
    #[get("/begin")]
    async fn begin(&self) -> Result<Told, Failed>;
}

/// What `chain2` offers.
#[mfhm::client(service = "chain2")]
pub trait Second {
    /// What the last of the three is told. The tenant is a parameter of this one.
    #[get("/relay")]
    async fn relay(&self, #[header("x-tenant")] tenant: Option<String>) -> Result<Told, Failed>;
}

/// What `chain3` offers.
#[mfhm::client(service = "chain3")]
pub trait Third {
    /// What it is told.
    #[get("/told")]
    async fn told(&self) -> Told;
}

/// What a service is told besides its parameters, and how much time each had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// `traceparent`
    pub traceparent: Option<String>,
    /// `x-tenant`
    pub tenant: Option<String>,
    /// `authorization`
    pub authorization: Option<String>,
    /// Each service's time that was left, in microseconds: the last one's first.
    pub left: Vec<u64>,
    /// Whether it came over a socket.
    pub has_peer: bool,
}

/// The next one could not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, mfhm::ApiError)]
pub enum Failed {
    /// What the call said.
    #[error("{why}")]
    #[status(502)]
    Failed {
        /// What the call said.
        why: String,
    },
}

impl Failed {
    fn of(error: impl std::error::Error) -> Self {
        Self::Failed {
            why: error.to_string(),
        }
    }
}

fn left() -> u64 {
    let left = mfhm::request().time_left().unwrap_or_default();
    u64::try_from(left.as_micros()).unwrap_or(u64::MAX)
}

/// Serves [`First`].
#[derive(Debug)]
pub struct FirstServer;

#[mfhm::service]
impl First for FirstServer {
    async fn begin(&self) -> Result<Told, Failed> {
        let left = left();
        // Another tenant's call says so itself.
        let tenant = mfhm::request().header("x-other-tenant").map(str::to_owned);
        let tenant = tenant.or(mfhm::request().header("x-tenant").map(str::to_owned));
        let told = SecondClient::new().relay(tenant).await;
        let mut told = told.map_err(Failed::of)?;
        told.left.push(left);
        Ok(told)
    }
}

/// Serves [`Second`].
#[derive(Debug)]
pub struct SecondServer;

#[mfhm::service]
impl Second for SecondServer {
    async fn relay(&self, _tenant: Option<String>) -> Result<Told, Failed> {
        let left = left();
        let told = ThirdClient::new().told().await;
        let mut told = told.map_err(Failed::of)?;
        told.left.push(left);
        Ok(told)
    }
}

/// Serves [`Third`].
#[derive(Debug)]
pub struct ThirdServer;

#[mfhm::service]
impl Third for ThirdServer {
    async fn told(&self) -> Told {
        let request = mfhm::request();
        let text = |name| request.header(name).map(str::to_owned);
        Told {
            traceparent: text("traceparent"),
            tenant: text("x-tenant"),
            authorization: text("authorization"),
            left: vec![left()],
            has_peer: request.peer().is_some(),
        }
    }
}
