//! Calls by name: what the Python proxies do.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::attempt;
use super::caller::Caller;
use super::encoding;
use super::endpoint::EndpointSet;
use super::error::{Fault, FaultKind};
use super::inherit::{CallTime, Inherited};
use super::intercept::{self, Chain, End, Interceptors};
use super::options::{CallOptions, CallPlan};
use super::request::{as_problem, unsendable};
use super::transport::{self, Answered, Outgoing};
use crate::contract::is_idempotent_method;
use crate::wire::problem::Problem;
use crate::wire::v1::OperationEntry;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A call by service name and operation name, in the making: see
/// [`Caller::call`].
#[must_use = "a call is made by `send`"]
#[derive(Debug)]
pub struct CallBuilder {
    caller: Caller,
    service: String,
    operation: String,
    method: Option<Method>,
    path: BTreeMap<String, String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
    options: CallOptions,
    invalid: Option<String>,
}

impl CallBuilder {
    pub(crate) fn new(caller: Caller, service: String, operation: String) -> Self {
        let options = caller.defaults().options;
        Self {
            caller,
            service,
            operation,
            method: None,
            path: BTreeMap::new(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            options,
            invalid: None,
        }
    }

    /// The HTTP method. Needed only when the operation has several; GET is
    /// taken from GET and HEAD.
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Fills a placeholder of the path.
    pub fn path_param(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.path.insert(name.into(), value.to_string());
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Adds a header.
    ///
    /// One that belongs to a connection or to the framing of a body
    /// (`content-length`, `transfer-encoding`, `connection`, `host` and their like),
    /// or that mfhm sends itself (`mfhm-service`, `mfhm-timeout-ms`), makes the call a
    /// fault.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        match (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value.as_ref()),
        ) {
            (Ok(name), Ok(_)) if intercept::is_not_sent(&name) => self.refuse(format!(
                "the header `{name}` cannot be set: it belongs to the connection or the body, or says whom the call is meant for, and is made for each call; leave it out"
            )),
            (Ok(name), Ok(value)) => {
                self.headers.append(name, value);
            }
            (Err(_), _) => self.refuse(format!("{name:?} is no header name")),
            (_, Err(_)) => self.refuse(format!(
                "the header `{name}` has a character that no header may have"
            )),
        }
        self
    }

    /// Sets the body, as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.body(body, "application/json"),
            Err(error) => {
                self.refuse(format!("the body has no JSON form: {error}"));
                self
            }
        }
    }

    /// Sets the body and its content type.
    pub fn body(mut self, body: impl Into<Bytes>, content_type: &str) -> Self {
        self.body = body.into();
        match HeaderValue::from_str(content_type) {
            Ok(value) => {
                self.headers.insert(CONTENT_TYPE, value);
            }
            Err(_) => self.refuse("the content type is no header value".to_owned()),
        }
        self
    }

    /// Makes the call in another way where `options` says something.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options.over(self.options);
        self
    }

    /// How long the call may take, all attempts together.
    pub fn timeout(self, timeout: std::time::Duration) -> Self {
        self.options(CallOptions::new().timeout(timeout))
    }

    /// Makes the call. Whatever the service answers is an [`Answer`], also an
    /// error status.
    ///
    /// # Errors
    ///
    /// A [`Fault`]: the service or the operation is not known, the operation
    /// has no such method or lacks a path parameter, or no answer came.
    pub async fn send(self) -> Result<Answer, Fault> {
        let (service, operation) = (self.service.clone(), self.operation.clone());
        self.intercepted()
            .await
            .map_err(|fault| fault.of_call(&service, &operation))
    }

    /// The call with what stands around it.
    async fn intercepted(mut self) -> Result<Answer, Fault> {
        let plan = self.options.plan();
        let defaults = self.caller.defaults();
        // One deadline for the interceptors, the look-up and the call.
        let inherited = Inherited::of(&plan, &defaults.propagation);
        let time = inherited.time;
        let chain = Chain {
            caller: defaults.interceptors.clone(),
            client: Interceptors::default(),
        };
        inherited.lend(&mut self.headers, &[]);
        if chain.is_empty() {
            return self.exchange(plan, time).await;
        }
        let (service, operation) = (self.service.clone().into(), self.operation.clone().into());
        let headers = std::mem::take(&mut self.headers);
        let call = chain.before(service, operation, headers, time.deadline);
        let call = call.await?;
        self.headers = call.headers();
        let answer = self.exchange(plan, time).await;
        call.after(match &answer {
            Ok(answer) => End::Answered(Some(answer.status())),
            Err(fault) => End::Fault(fault),
        });
        answer
    }

    async fn exchange(self, plan: CallPlan, time: CallTime) -> Result<Answer, Fault> {
        let answer = self.exchange_by(plan, time).await;
        answer.map_err(|fault| time.tell(fault))
    }

    async fn exchange_by(self, plan: CallPlan, time: CallTime) -> Result<Answer, Fault> {
        if let Some(why) = self.invalid {
            return Err(Fault::new(FaultKind::InvalidRequest, why));
        }
        time.check()?;
        let deadline = time.deadline;
        let resolver = self.caller.resolver(&self.service);
        if let Some(fault) = resolver.without_names() {
            return Err(fault);
        }
        let endpoints = resolver.endpoints(deadline).await?;
        let entry = find(&endpoints, &self.operation)?;
        let method = choose_method(&entry, self.method)?;
        let mut target = fill(&entry.path, &self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            encoding::push(&mut target, name);
            target.push('=');
            encoding::push(&mut target, value);
        }
        let destination = self.caller.destination(&self.service);
        resolver.uses().note_name(&entry.name);
        let of_method = is_idempotent_method(method.as_str());
        let is_idempotent = plan.is_idempotent.unwrap_or(of_method);
        let request = Outgoing {
            headers: self.headers,
            body: self.body,
            ..Outgoing::new(method, transport::target(target).map_err(unsendable)?)
        };
        attempt::call(
            &destination,
            &request,
            is_idempotent,
            plan,
            deadline,
            // Instances of another version may not offer it in this form.
            attempt::Wanted::Entry(&entry),
        )
        .await
        .map(Answer)
    }

    fn refuse(&mut self, why: String) {
        self.invalid.get_or_insert(why);
    }
}

/// The operation as an instance registered it.
fn find(endpoints: &Arc<EndpointSet>, operation: &str) -> Result<OperationEntry, Fault> {
    let entries = || {
        endpoints
            .endpoints
            .iter()
            .flat_map(|endpoint| &endpoint.operations)
    };
    entries()
        .find(|entry| entry.name == operation)
        .cloned()
        .ok_or_else(|| {
            let mut offered: Vec<_> = entries().map(|entry| entry.name.as_str()).collect();
            offered.sort_unstable();
            offered.dedup();
            Fault::new(
                FaultKind::UnknownOperation,
                format!(
                    "the service has no operation `{operation}`; it has {}",
                    offered.join(", ")
                ),
            )
        })
}

fn choose_method(entry: &OperationEntry, wanted: Option<Method>) -> Result<Method, Fault> {
    let offered = entry.methods.join(", ");
    let refused = |why: String| Err(Fault::new(FaultKind::UnknownOperation, why));
    match wanted {
        Some(method) => {
            // Python services may have registered lower case.
            if entry
                .methods
                .iter()
                .any(|offered| offered.eq_ignore_ascii_case(method.as_str()))
            {
                Ok(method)
            } else {
                refused(format!(
                    "the operation does not take {method}; it takes {offered}"
                ))
            }
        }
        None => {
            let mut methods: Vec<_> = entry
                .methods
                .iter()
                .map(|method| method.to_ascii_uppercase())
                .collect();
            if methods.iter().any(|method| method == "GET") {
                methods.retain(|method| method != "HEAD");
            }
            match methods.as_slice() {
                [one] => Method::from_bytes(one.as_bytes())
                    .or_else(|_| refused(format!("the operation's method {one:?} is none"))),
                _ => refused(format!("the operation takes {offered}; say which")),
            }
        }
    }
}

/// Fills the placeholders `{name}` and `{*name}` of a path.
fn fill(template: &str, values: &BTreeMap<String, String>) -> Result<String, Fault> {
    let invalid = |why: String| Fault::new(FaultKind::InvalidRequest, why);
    let mut target = String::with_capacity(template.len() + 16);
    let mut used = 0;
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once('{') {
        target.push_str(literal);
        let (placeholder, after) = after.split_once('}').ok_or_else(|| {
            invalid(format!(
                "the service registered a path that is none: {template:?}"
            ))
        })?;
        let (name, takes_rest) = match placeholder.strip_prefix('*') {
            Some(name) => (name, true),
            None => (placeholder, false),
        };
        let value = values.get(name).ok_or_else(|| {
            invalid(format!(
                "the path parameter `{name}` of {template} is missing"
            ))
        })?;
        used += 1;
        let segments: Vec<&str> = if takes_rest {
            value.split('/').collect()
        } else {
            vec![value]
        };
        for (index, segment) in segments.into_iter().enumerate() {
            if index > 0 {
                target.push('/');
            }
            encoding::push_segment(&mut target, segment)
                .map_err(|why| invalid(format!("the path parameter `{name}` {why}")))?;
        }
        rest = after;
    }
    target.push_str(rest);
    if used < values.len() {
        let unknown = values.keys().find(|name| {
            !template.contains(&format!("{{{name}}}"))
                && !template.contains(&format!("{{*{name}}}"))
        });
        if let Some(name) = unknown {
            return Err(invalid(format!(
                "the path {template} has no parameter `{name}`"
            )));
        }
    }
    if !target.starts_with('/') {
        target.insert(0, '/');
    }
    Ok(target)
}

/// What a service answered to an untyped call.
#[derive(Clone, Debug)]
pub struct Answer(Answered);

impl Answer {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        &self.0.body
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0.body)
    }

    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// The body is not JSON of this type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.0.body)
    }

    /// The problem document, if the answer is one.
    pub fn problem(&self) -> Option<Problem> {
        as_problem(&self.0.headers, &self.0.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, values: &[(&str, &str)]) -> Result<String, String> {
        let values = values
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        fill(template, &values).map_err(|fault| fault.to_string())
    }

    #[tokio::test]
    async fn a_header_that_is_made_for_each_call_cannot_be_set() {
        let caller = Caller::builder().center("127.0.0.1:1").build().unwrap();
        for name in [
            "Content-Length",
            "transfer-encoding",
            "host",
            "mfhm-service",
        ] {
            let call = caller.call("users", "user").header(name, "1");
            let fault = call.send().await.unwrap_err();
            assert_eq!(fault.kind(), FaultKind::InvalidRequest);
            let name = name.to_ascii_lowercase();
            assert!(
                fault
                    .to_string()
                    .contains(&format!("`{name}` cannot be set")),
                "{fault}"
            );
        }
    }

    #[test]
    fn paths_are_filled_and_escaped() {
        assert_eq!(filled("/hello", &[]), Ok("/hello".to_owned()));
        assert_eq!(filled("nos", &[]), Ok("/nos".to_owned()));
        assert_eq!(
            filled("/a/{id}/b", &[("id", "x/y é")]),
            Ok("/a/x%2Fy%20%C3%A9/b".to_owned())
        );
        assert_eq!(
            filled("/f/{*p}", &[("p", "a/b c")]),
            Ok("/f/a/b%20c".to_owned())
        );
    }

    #[test]
    fn what_cannot_be_filled_names_the_parameter() {
        for (template, values, why) in [
            ("/a/{id}", &[][..], "`id` of /a/{id} is missing"),
            ("/a/{id}", &[("id", "..")], "`id` is a dot segment"),
            ("/f/{*p}", &[("p", "a//b")], "`p` is empty"),
            ("/a", &[("id", "1")], "has no parameter `id`"),
            ("/a/{id", &[("id", "1")], "is none"),
        ] {
            let error = filled(template, values).unwrap_err();
            assert!(error.contains(why), "{template}: {error}");
        }
    }

    #[test]
    fn the_method_is_chosen_when_there_is_only_one() {
        let entry = |methods: &[&str]| OperationEntry {
            name: "o".to_owned(),
            path: "/".to_owned(),
            methods: methods.iter().map(|&m| m.to_owned()).collect(),
            fingerprint: None,
        };
        assert_eq!(
            choose_method(&entry(&["HEAD", "GET"]), None).unwrap(),
            Method::GET
        );
        assert_eq!(
            choose_method(&entry(&["post"]), None).unwrap(),
            Method::POST
        );
        assert_eq!(
            choose_method(&entry(&["post"]), Some(Method::POST)).unwrap(),
            Method::POST
        );
        for (methods, wanted) in [
            (&["GET", "POST"][..], None),
            (&["GET"], Some(Method::PUT)),
            (&[], None),
        ] {
            let fault = choose_method(&entry(methods), wanted).unwrap_err();
            assert!(
                fault.is_unknown_operation() && !fault.may_have_executed(),
                "{fault}"
            );
        }
    }
}
