//! Look-ups that can be answered at once: `GET /v1/services/{name}` and
//! `GET /service/{name}`, when nothing has changed since somebody asked for the same.
//!
//! They are nearly all that a center is asked. What is unusual about one of them (a
//! name with escapes, a token that is not known yet, no instance that is up) is not
//! looked into here: it goes the long way.

use std::net::IpAddr;

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::{Method, StatusCode, Uri};

use super::v1::note_caller;
use super::{Api, json};
use crate::center::admission::Need;

/// Absent: it has to go the long way.
pub(super) fn at_once(api: &Api, request: &Request, peer: IpAddr) -> Option<Response> {
    if request.method() != Method::GET {
        return None;
    }
    let wanted = Wanted::find(request.uri())?;
    let certified = request.extensions().get();
    let principal = api.admission.recognise(request.headers(), certified).ok()?;
    principal.require(Need::Read).ok()?;
    let lists = api.registrar.view.lists();
    let body: Bytes = match wanted {
        Wanted::View(service) => {
            let view = lists.view(service)?;
            note_caller(api, service, peer, request.headers());
            view
        }
        Wanted::Pick(service) => lists.picks(service)?.pick(fastrand::u64(..))?,
    };
    Some(json(StatusCode::OK, body))
}

enum Wanted<'a> {
    View(&'a str),
    Pick(&'a str),
}

impl<'a> Wanted<'a> {
    fn find(uri: &'a Uri) -> Option<Self> {
        let path = uri.path();
        let wanted = match path.strip_prefix("/v1/services/") {
            Some(service) => Self::View(service),
            // A query may ask for a certain instance.
            None if uri.query().is_none() => Self::Pick(path.strip_prefix("/service/")?),
            None => return None,
        };
        let (Self::View(service) | Self::Pick(service)) = wanted;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        service.bytes().all(is_plain).then_some(wanted)
    }
}
