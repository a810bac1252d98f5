//! Instances that somebody has listed, and services that nobody has.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Source, SourceError, Watch, WatchError, at_address};
use crate::client::endpoint::{Endpoint, EndpointSet};
use crate::client::uses::Uses;
use crate::settings::listing::ListedAddress;

/// Always the same instances.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) Vec<ListedAddress>);

impl Fixed {
    fn endpoints(&self) -> Vec<Endpoint> {
        let addresses = self.0.iter();
        addresses
            .map(|at| at_address(&at.host, at.port, at.is_tls))
            .collect()
    }
}

impl Source for Fixed {
    fn list<'a>(
        &'a self,
        _service: &'a str,
        _known: &'a EndpointSet,
        _uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>> {
        Box::pin(async { Ok(self.endpoints()) })
    }

    /// Tells nothing by itself, so that it need not be asked every two seconds.
    fn watch(self: Arc<Self>, _service: &str) -> Option<Box<dyn Watch>> {
        Some(Box::new(FixedWatch {
            source: self,
            is_asked: false,
        }))
    }

    fn tells_operations(&self) -> bool {
        false
    }

    fn name(&self) -> &'static str {
        "the list of instances"
    }
}

struct FixedWatch {
    source: Arc<Fixed>,
    is_asked: bool,
}

impl Watch for FixedWatch {
    fn next<'a>(
        &'a mut self,
        _known: &'a EndpointSet,
        _uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, WatchError>> {
        Box::pin(async {
            if !std::mem::take(&mut self.is_asked) {
                std::future::pending::<()>().await;
            }
            Ok(self.source.endpoints())
        })
    }

    fn ask(&mut self) {
        self.is_asked = true;
    }
}

/// Knows no service.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl Source for Nowhere {
    fn list<'a>(
        &'a self,
        _service: &'a str,
        _known: &'a EndpointSet,
        _uses: &'a Uses,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>> {
        Box::pin(async { Err(SourceError::Unknown) })
    }

    fn name(&self) -> &'static str {
        "nobody"
    }

    fn unknown(&self, service: &str) -> String {
        format!(
            "MFHM_CENTER is off, and no instance of `{service}` is listed: list it in \
             MFHM_INSTANCES or with `Caller::builder().instances`"
        )
    }
}
