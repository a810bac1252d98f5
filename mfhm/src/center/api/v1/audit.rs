//! `GET /v1/audit`: the audit trail, for operators.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::{Refused, ok, refuse, require_operator};
use crate::center::admission::Asker;
use crate::center::api::Api;
use crate::center::api::python::unavailable;
use crate::center::audit::Numbered;
use crate::wire::problem::{InvalidParam, Problem};

/// So many entries come with one answer.
const LIMIT: usize = 100;
const MOST: usize = 1000;

/// Those after a number, or the last ones.
pub(super) async fn audit(
    api: &Api,
    asker: &Asker,
    query: Option<&str>,
) -> Result<Response, Refused> {
    #[derive(Serialize)]
    struct Trail {
        entries: Vec<Numbered>,
        /// What to ask for next.
        next: u64,
    }

    require_operator(asker, "read the audit trail")?;
    let (after, limit) = read(query)?;
    let entries = api.registrar.store.audit(after, limit).await;
    let entries = entries.map_err(|error| {
        tracing::error!(%error, "the audit trail can't be read");
        let detail = "the center can't read its audit trail at the moment: try again";
        refuse(unavailable(&error), "mfhm.store_unavailable", detail)
    })?;
    let next = entries.last().map(|entry| entry.number);
    Ok(ok(&Trail {
        next: next.or(after).unwrap_or(0),
        entries,
    }))
}

fn read(query: Option<&str>) -> Result<(Option<u64>, usize), Refused> {
    let (mut after, mut limit) = (None, LIMIT);
    let mut errors = Vec::new();
    let pairs = query.unwrap_or_default().split('&');
    for (name, value) in pairs.filter_map(|pair| pair.split_once('=')) {
        let detail = match name {
            "after" => match value.parse() {
                Ok(number) => {
                    after = Some(number);
                    continue;
                }
                Err(_) => "the number of an entry, such as 0".to_owned(),
            },
            "limit" => match value.parse() {
                Ok(number @ 1..=MOST) => {
                    limit = number;
                    continue;
                }
                _ => format!("a number from 1 to {MOST}"),
            },
            _ => continue,
        };
        errors.push(InvalidParam {
            name: name.to_owned(),
            location: "query".to_owned(),
            detail,
        });
    }
    if errors.is_empty() {
        return Ok((after, limit));
    }
    let texts: Vec<_> = errors
        .iter()
        .map(|error| format!("{} is {}", error.name, error.detail))
        .collect();
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let problem = Problem::new(status, "mfhm.invalid_query", texts.join("; "));
    Err(Box::new(Problem { errors, ..problem }))
}
