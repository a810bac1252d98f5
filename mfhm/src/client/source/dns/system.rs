//! Look-ups by the operating system, which tells addresses, and nothing about how long
//! they hold.

use std::net::IpAddr;

use futures_util::future::BoxFuture;

use super::{Found, Located, Lookup};
use crate::client::source::SourceError;

/// `getaddrinfo`, on a thread of its own.
#[derive(Debug, Default)]
pub(crate) struct Lookups;

impl Lookup for Lookups {
    fn addresses<'a>(
        &'a self,
        name: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<Found<IpAddr>, SourceError>> {
        Box::pin(async move {
            match tokio::net::lookup_host((name, port)).await {
                Ok(addresses) => Ok(Found {
                    records: addresses.map(|address| address.ip()).collect(),
                    ttl: None,
                }),
                // It does not tell a name that is not there from servers that are not.
                Err(error) => Err(SourceError::Unreachable(format!(
                    "no address of {name} is found: {error}"
                ))),
            }
        })
    }

    fn services<'a>(
        &'a self,
        _name: &'a str,
    ) -> BoxFuture<'a, Result<Found<Located>, SourceError>> {
        // Settings refuse such names.
        let why = "SRV records need the feature `dns` of the crate mfhm".to_owned();
        Box::pin(async { Err(SourceError::Unreachable(why)) })
    }
}
