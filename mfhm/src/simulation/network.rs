//! The streams of the simulated network.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::uri::Authority;

use crate::connector::{Connector, Wire};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Connects within the simulation that this thread runs.
#[derive(Clone, Copy, Debug)]
struct Simulated;

/// The connector of the simulation that this thread runs, if it runs one.
pub(crate) fn connector() -> Option<Arc<dyn Connector>> {
    turmoil::in_simulation().then(|| Arc::new(Simulated) as Arc<dyn Connector>)
}

impl Connector for Simulated {
    fn connect(&self, to: Authority) -> BoxFuture<'static, Result<Box<dyn Wire>, BoxError>> {
        Box::pin(async move {
            let stream = turmoil::net::TcpStream::connect(to.as_str()).await?;
            Ok(Box::new(stream) as Box<dyn Wire>)
        })
    }
}
