//! What a service hears from centers, for the fuzz targets.

use std::time::Duration;

use super::callers::{Assertions, Callers, Keys};
use super::registration::{Announcement, Center, OwnId, Registration};
use crate::instance::InstanceId;
use crate::link::Link;
use crate::wire::v1::identity::HEADER;
use crate::wire::v1::{Address, Register};

/// A service registers, holds what it got for a while, and leaves.
pub(crate) async fn register(link: Link, url: &str) {
    let id = InstanceId::from_random(7);
    let own = OwnId::of_test(id.clone());
    let register = Register {
        service: "users".to_owned(),
        id,
        address: Address {
            host: None,
            port: 1,
            tls: false,
        },
        operations: Vec::new(),
        document: None,
        metadata: Default::default(),
        version: None,
        weight: 100,
        key: None,
        secret: None,
    };
    let center = Center::new(url.to_owned(), link);
    let registration = Registration::hold(center, Announcement::new(register), own.into());
    let told = registration.told_to_drain();
    let _ = tokio::time::timeout(Duration::from_secs(120), told).await;
    registration.leave().await;
}

/// A service learns the keys by which it knows who calls.
pub(crate) async fn fetch_keys(link: Link, urls: &[String]) {
    let keys = Keys::fetched(link, urls.to_vec(), false);
    let callers = Callers::new(Assertions::new(keys), Some(["orders".to_owned()].into()));
    let mut request = axum::extract::Request::default();
    let headers = request.headers_mut();
    headers.insert(
        HEADER,
        "eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ.e30.AAAA"
            .parse()
            .expect("text"),
    );
    let refusal = callers.admit(&mut request, "users").await;
    assert!(refusal.is_some(), "nobody signed this");
}
