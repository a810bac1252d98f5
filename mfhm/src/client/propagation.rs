//! [`Propagation`]: which headers of the request that is being handled go on into the
//! calls that its handler makes.
//!
//! By default the trace only: it says where a request comes from, and means nothing
//! to whoever does not look. Everything else is chosen by name, for a header is said
//! to one service, and only who runs the services knows that the next may hear it.
//! A credential is never chosen here: each service on the way, and each that is added
//! later, could act as the user. Who wants that writes an interceptor, for the calls
//! that it is meant for.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, header};

use super::caller::Caller;
use crate::contract::{Param, ParamSource};
use crate::key;
use crate::wire::trace::{self, BAGGAGE, TRACEPARENT, TRACESTATE};

/// Which headers go on.
#[derive(Clone, Debug, Default)]
pub(crate) enum Propagation {
    /// `traceparent`, `tracestate` and `baggage`.
    #[default]
    Usual,
    /// Those, and these.
    Chosen(Arc<[HeaderName]>),
    /// Whatever the caller of the process says, for calls that stay in it.
    OfProcess,
    /// Without `baggage`, which holds what a program put there: to an address that may
    /// be anybody's.
    Outside,
}

impl Propagation {
    /// Those and these.
    pub(crate) fn of(chosen: Vec<HeaderName>) -> Self {
        if chosen.is_empty() {
            Self::Usual
        } else {
            Self::Chosen(chosen.into())
        }
    }

    /// Adds to the headers of a call those of the request that is being handled. What
    /// the call says itself stays, and what its operation takes as a parameter is the
    /// parameter's alone, also when that is `None`: else a call over the wire would
    /// give the operation what a call within the process does not.
    pub(crate) fn lend(&self, from: &HeaderMap, to: &mut HeaderMap, params: &[Param]) {
        if from.is_empty() {
            return;
        }
        let is_free = |to: &HeaderMap, name: &HeaderName| {
            !to.contains_key(name) && !is_declared(params, name)
        };
        // A state belongs to its parent.
        if let Some(parent) = trace::parent(from)
            && is_free(to, &TRACEPARENT)
        {
            to.insert(TRACEPARENT, parent.clone());
            if is_free(to, &TRACESTATE) && trace::has_state(from) {
                lend(&TRACESTATE, from, to);
            }
        }
        if let Self::Outside = self {
            return;
        }
        if from.contains_key(BAGGAGE) && is_free(to, &BAGGAGE) && trace::has_baggage(from) {
            lend(&BAGGAGE, from, to);
        }
        for name in &*self.chosen() {
            if is_free(to, name) {
                lend(name, from, to);
            }
        }
    }

    /// Whether calls that follow from one with these parameters take one of them over.
    pub(crate) fn takes_any(&self, params: &[Param]) -> bool {
        let traces = [TRACEPARENT, TRACESTATE, BAGGAGE];
        let chosen = self.chosen();
        let mut names = traces.iter().chain(&*chosen);
        names.any(|name| is_declared(params, name))
    }

    /// Those of these headers that calls take over.
    pub(crate) fn taken(&self, from: &HeaderMap) -> HeaderMap {
        let mut taken = HeaderMap::new();
        for name in [TRACEPARENT, TRACESTATE, BAGGAGE]
            .iter()
            .chain(&*self.chosen())
        {
            lend(name, from, &mut taken);
        }
        taken
    }

    fn chosen(&self) -> Arc<[HeaderName]> {
        match self {
            Self::Chosen(chosen) => chosen.clone(),
            Self::OfProcess => match Caller::defaults_of_process().propagation {
                Self::Chosen(chosen) => chosen,
                _ => Arc::default(),
            },
            Self::Usual | Self::Outside => Arc::default(),
        }
    }
}

fn lend(name: &HeaderName, from: &HeaderMap, to: &mut HeaderMap) {
    for value in from.get_all(name) {
        to.append(name.clone(), value.clone());
    }
}

fn is_declared(params: &[Param], name: &HeaderName) -> bool {
    params.iter().any(|param| {
        param.source() == ParamSource::Header && param.name().eq_ignore_ascii_case(name.as_str())
    })
}

/// The names of headers that shall go on, or everything that is wrong with them.
pub(crate) fn chosen<S: AsRef<str>>(
    names: impl IntoIterator<Item = S>,
) -> Result<Vec<HeaderName>, Vec<String>> {
    let mut chosen = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        let text = name.as_ref().trim();
        match HeaderName::from_bytes(text.as_bytes()) {
            Err(_) => problems.push(format!("{text:?} is no name of a header")),
            Ok(name) => match refusal(&name) {
                Some(why) => problems.push(format!("`{name}` is not passed on: {why}")),
                // These go on in any case.
                None if [TRACEPARENT, TRACESTATE, BAGGAGE].contains(&name) => {}
                None if chosen.contains(&name) => {}
                None => chosen.push(name),
            },
        }
    }
    if problems.is_empty() {
        Ok(chosen)
    } else {
        Err(problems)
    }
}

/// Why a header is none that every call of a process may carry on.
fn refusal(name: &HeaderName) -> Option<&'static str> {
    const CREDENTIALS: [HeaderName; 4] = [
        header::AUTHORIZATION,
        header::PROXY_AUTHORIZATION,
        header::COOKIE,
        header::SET_COOKIE,
    ];
    const OF_A_CONNECTION: [HeaderName; 12] = [
        header::CONNECTION,
        header::EXPECT,
        header::HOST,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
        header::RANGE,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        HeaderName::from_static("http2-settings"),
        HeaderName::from_static("last-event-id"),
    ];
    let text = name.as_str();
    if CREDENTIALS.contains(name) || text == key::HEADER {
        Some(
            "it is a credential, and every service that is called could act with it; where that is meant, an interceptor of these calls sets it, with `mfhm::request().header(…)`",
        )
    } else if text.starts_with("mfhm-") {
        Some("mfhm sets it itself")
    } else if OF_A_CONNECTION.contains(name)
        || ["accept", "content-", "if-"]
            .iter()
            .any(|start| text.starts_with(start))
    {
        Some(
            "it is about one request, its connection or its body, and not about what follows from it",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    /// `name=value` of what a call comes to carry, sorted.
    fn lent(
        propagation: &Propagation,
        from: &HeaderMap,
        own: &[(&'static str, &str)],
        params: &[Param],
    ) -> Vec<String> {
        let mut to = map(own);
        propagation.lend(from, &mut to, params);
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}={}", value.to_str().unwrap())
        };
        let mut all: Vec<_> = to.iter().map(text).collect();
        all.sort();
        all
    }

    #[test]
    fn the_trace_goes_on_by_itself_and_the_rest_by_name() {
        let from = map(&[
            ("traceparent", PARENT),
            ("tracestate", "a=1"),
            ("tracestate", "b=2"),
            ("baggage", "k=v"),
            ("x-tenant", "acme"),
            ("x-other", "no"),
            ("authorization", "Bearer t"),
        ]);
        let parent = format!("traceparent={PARENT}");
        let usual = ["baggage=k=v", &parent, "tracestate=a=1", "tracestate=b=2"];
        assert_eq!(lent(&Propagation::Usual, &from, &[], &[]), usual);
        let outside = [&parent, "tracestate=a=1", "tracestate=b=2"];
        assert_eq!(lent(&Propagation::Outside, &from, &[], &[]), outside);
        let chosen = Propagation::of(chosen(["X-Tenant", "x-absent"]).unwrap());
        let mut expected = usual.to_vec();
        expected.push("x-tenant=acme");
        assert_eq!(lent(&chosen, &from, &[], &[]), expected);
    }

    #[test]
    fn what_the_call_says_itself_stays() {
        let from = map(&[
            ("traceparent", PARENT),
            ("tracestate", "a=1"),
            ("x-tenant", "acme"),
        ]);
        let chosen = Propagation::of(chosen(["x-tenant"]).unwrap());
        let own = [("traceparent", "own"), ("x-tenant", "other")];
        assert_eq!(
            lent(&chosen, &from, &own, &[]),
            ["traceparent=own", "x-tenant=other"],
            "the state of another parent is not added"
        );
        let declared = [Param::header("X-Tenant"), Param::header("traceparent")];
        assert_eq!(lent(&chosen, &from, &[], &declared), [""; 0]);
        let other = [Param::query("x-tenant")];
        assert_eq!(lent(&chosen, &from, &[], &other).len(), 3);
    }

    #[test]
    fn a_trace_that_is_none_is_left_out() {
        let from = map(&[
            ("traceparent", "00-nonsense"),
            ("tracestate", "a=1"),
            ("baggage", "nonsense"),
        ]);
        assert_eq!(lent(&Propagation::Usual, &from, &[], &[]), [""; 0]);
    }

    #[test]
    fn names_that_cannot_be_chosen_are_told_together_and_why() {
        let names = [
            "Authorization",
            "cookie",
            "MFHM-AuthKey",
            "mfhm-timeout-ms",
            "content-length",
            "if-match",
            "accept",
            "connection",
            "two words",
            "",
            "x-tenant",
        ];
        let problems = chosen(names).unwrap_err();
        assert_eq!(problems.len(), names.len() - 1, "{problems:?}");
        for (index, text) in [
            "`authorization` is not passed on: it is a credential",
            "`cookie` is not passed on: it is a credential",
            "`mfhm-authkey` is not passed on: it is a credential",
            "`mfhm-timeout-ms` is not passed on: mfhm sets it",
            "`content-length` is not passed on: it is about one request",
            "`if-match`",
            "`accept`",
            "`connection`",
            "\"two words\" is no name",
            "\"\" is no name",
        ]
        .into_iter()
        .enumerate()
        {
            assert!(problems[index].contains(text), "{}", problems[index]);
        }
        assert_eq!(chosen(["traceparent", "x-a", " X-A "]).unwrap(), ["x-a"]);
    }
}
