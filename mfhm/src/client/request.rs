//! [`Request`]: what a stub builds from its arguments, and the reading of the
//! answer.

mod ready;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;

use self::ready::{Ready, again};
use super::attempt::{self, Destination, Wanted};
use super::encoding;
use super::error::{CallError, Fault, FaultKind};
use super::inherit::Inherited;
use super::intercept::{Chain, End};
use super::options::CallPlan;
use super::transport::{self, Answered, Outgoing, OutgoingStream};
use crate::api_error::{self, ApiError};
use crate::contract::Operation;
use crate::multipart::MultipartBody;
use crate::raw_body::SendBody;
use crate::returned::Returned;
use crate::stream::StreamBody;
use crate::value;
use crate::wire::overload;
use crate::wire::problem::{self, Problem};

/// A request in the making. The first argument that cannot be sent makes the
/// call a fault; nothing is sent then.
#[derive(Debug)]
pub struct Request {
    service: &'static str,
    operation: &'static Operation,
    destination: Result<Destination, Fault>,
    plan: CallPlan,
    chain: Chain,
    target: String,
    has_query: bool,
    headers: HeaderMap,
    /// Interceptors see it among the headers.
    content_type: Option<HeaderValue>,
    body: Bytes,
    stream: Option<OutgoingStream>,
    /// The headers before the interceptors, for a stream that is resumed.
    resumed_with: Option<HeaderMap>,
    inherited: Inherited,
    invalid: Option<String>,
}

impl Request {
    pub(crate) fn new(
        service: &'static str,
        operation: &'static Operation,
        destination: Result<Destination, Fault>,
        plan: CallPlan,
        chain: Chain,
        inherited: Inherited,
    ) -> Self {
        Self {
            service,
            operation,
            destination,
            plan,
            chain,
            target: String::with_capacity(operation.path().len() + 32),
            has_query: false,
            headers: HeaderMap::new(),
            content_type: None,
            body: Bytes::new(),
            stream: None,
            resumed_with: None,
            inherited,
            invalid: None,
        }
    }

    /// Appends a part of the path as it is.
    pub fn literal(&mut self, text: &str) {
        self.target.push_str(text);
    }

    /// Appends one path segment.
    pub fn path<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.path_with(name, value, |target, text| {
            encoding::push_segment(target, text)
        });
    }

    /// Appends the rest of the path: segments with slashes between them.
    pub fn rest<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.path_with(name, value, encoding::push_rest);
    }

    fn path_with<T: Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
        push: impl Fn(&mut String, &str) -> Result<(), &'static str>,
    ) {
        let mut count = 0;
        let mut refused = None;
        let target = &mut self.target;
        let encoded = value::encode(value, &mut |text| {
            count += 1;
            if let Err(why) = push(target, text) {
                refused = Some(why);
            }
        });
        if let Err(why) = encoded {
            self.refuse("path", name, &why.to_string());
        } else if let Some(why) = refused {
            self.refuse("path", name, why);
        } else if count != 1 {
            self.refuse("path", name, "is not exactly one value");
        }
    }

    /// Appends a query parameter: nothing for `None`, repeated for a list.
    pub fn query<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        let Self {
            target, has_query, ..
        } = self;
        let encoded = value::encode(value, &mut |text| {
            target.push(if *has_query { '&' } else { '?' });
            *has_query = true;
            push_pair(target, name, text);
        });
        if let Err(why) = encoded {
            self.refuse("query", name, &why.to_string());
        }
    }

    /// Appends the fields of a struct as query parameters.
    pub fn query_fields<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        let Self {
            target, has_query, ..
        } = self;
        let encoded = value::encode_fields(value, &mut |key, text| {
            target.push(if *has_query { '&' } else { '?' });
            *has_query = true;
            push_pair(target, key, text);
        });
        if let Err(why) = encoded {
            self.refuse("query", name, &why.to_string());
        }
    }

    /// Adds a cookie: none for `None`. All cookies travel in one header.
    pub fn cookie<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        let mut count = 0;
        let mut is_refused = false;
        let mut cookies = match self.headers.get(COOKIE) {
            Some(cookies) => cookies.as_bytes().to_vec(),
            None => Vec::new(),
        };
        let encoded = value::encode(value, &mut |text| {
            count += 1;
            is_refused |= !text.bytes().all(is_cookie_octet);
            if !cookies.is_empty() {
                cookies.extend_from_slice(b"; ");
            }
            cookies.extend_from_slice(name.as_bytes());
            cookies.push(b'=');
            cookies.extend_from_slice(text.as_bytes());
        });
        if let Err(why) = encoded {
            return self.refuse("cookie", name, &why.to_string());
        }
        match HeaderValue::from_bytes(&cookies) {
            _ if count == 0 => {}
            _ if count > 1 => self.refuse("cookie", name, "is not exactly one value"),
            Ok(cookies) if !is_refused => {
                self.headers.insert(COOKIE, cookies);
            }
            _ => self.refuse(
                "cookie",
                name,
                "has a character that no cookie may have, such as a space or a semicolon",
            ),
        }
    }

    /// Adds a header: none for `None`, several for a list.
    pub fn header<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) {
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
            return self.refuse("header", name, "is no header name");
        };
        let headers = &mut self.headers;
        let mut refused = None;
        let encoded = value::encode(value, &mut |text| {
            // Blanks around a value are no part of it on the way (RFC 9110, 5.5).
            if text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']) {
                refused = Some("begins or ends with a blank, which no header's value does");
            }
            match HeaderValue::from_bytes(text.as_bytes()) {
                Ok(value) => {
                    headers.append(&header, value);
                }
                Err(_) => {
                    refused = Some("has a character that no header may have, such as a line break");
                }
            }
        });
        if let Err(why) = encoded {
            self.refuse("header", name, &why.to_string());
        } else if let Some(why) = refused {
            self.refuse("header", name, why);
        }
    }

    /// Sets the JSON body.
    pub fn body<T: Serialize + ?Sized>(&mut self, value: &T) {
        match serde_json::to_vec(value) {
            Ok(body) => {
                self.body = body.into();
                self.content_type = Some(HeaderValue::from_static("application/json"));
            }
            Err(error) => self.refuse("body", "body", &format!("has no JSON form: {error}")),
        }
    }

    /// Sets the body to a form of the fields of a struct.
    pub fn form<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        let mut form = String::new();
        let encoded = value::encode_fields(value, &mut |key, text| {
            if !form.is_empty() {
                form.push('&');
            }
            push_pair(&mut form, key, text);
        });
        if let Err(why) = encoded {
            return self.refuse("form", name, &why.to_string());
        }
        self.body = form.into();
        self.content_type = Some(HeaderValue::from_static(
            "application/x-www-form-urlencoded",
        ));
    }

    /// Sets the body to bytes or a text as it is.
    pub fn bytes<T: SendBody>(&mut self, value: T) {
        self.body = value.into_body();
        self.content_type = Some(HeaderValue::from_static(T::CONTENT_TYPE));
    }

    /// Sets the body to what is read while it is sent.
    pub fn stream<T: StreamBody>(&mut self, value: T) {
        self.stream = Some(Arc::new(Mutex::new(Some(value.into_stream()))));
        self.content_type = Some(HeaderValue::from_static("application/octet-stream"));
    }

    /// Sets the body to a form with files, encoded while it is sent.
    pub fn multipart<T: MultipartBody>(&mut self, name: &str, value: T) {
        match value.into_multipart().encode() {
            Ok((content_type, body)) => {
                self.stream = Some(Arc::new(Mutex::new(Some(body))));
                self.content_type = Some(content_type);
            }
            Err(why) => self.refuse("multipart", name, &why),
        }
    }

    /// Sends the request and reads the answer: a success as `T`, a declared
    /// error as `E`.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn send<T, E>(mut self) -> Result<T, CallError<E>>
    where
        T: Returned,
        E: ApiError,
    {
        // After the parameters: what these say stays.
        self.inherited
            .lend(&mut self.headers, self.operation.parameters());
        if self.chain.is_empty() {
            self.run().await.1
        } else {
            Box::pin(self.intercepted()).await
        }
    }

    /// The call with what stands around it.
    async fn intercepted<T: Returned, E: ApiError>(mut self) -> Result<T, CallError<E>> {
        let chain = self.chain.clone();
        let mut headers = std::mem::take(&mut self.headers);
        if let Some(content_type) = self.content_type.take() {
            headers.insert(CONTENT_TYPE, content_type);
        }
        // A stream that is resumed begins with these headers again.
        self.resumed_with = self.operation.is_resumed().then(|| headers.clone());
        let (service, operation) = (self.service.into(), self.operation.name().into());
        let call = chain.before(service, operation, headers, self.inherited.time.deadline);
        let call = call.await?;
        self.headers = call.headers();
        let (status, result) = self.run().await;
        call.after(End::of(status, &result));
        result
    }

    /// The answer's status, if one came, and what the answer says.
    async fn run<T, E>(self) -> (Option<StatusCode>, Result<T, CallError<E>>)
    where
        T: Returned,
        E: ApiError,
    {
        let call = (self.service, self.operation.name());
        let time = self.inherited.time;
        let mut status = None;
        let read = if T::STREAMS {
            // Boxed: a call that is answered at once need not be larger for it.
            Box::pin(self.open(&mut status)).await
        } else {
            match self.exchange(T::ACCEPT).await {
                Ok(answer) => {
                    status = Some(answer.status);
                    read(answer)
                }
                Err(fault) => Err(CallError::Fault(fault)),
            }
        };
        let named = read.map_err(|error| match error {
            CallError::Fault(fault) => CallError::Fault(time.tell(fault).of_call(call.0, call.1)),
            api => api,
        });
        (status, named)
    }

    async fn exchange(self, accept: &'static str) -> Result<Answered, Fault> {
        let is_idempotent = self.is_idempotent();
        let time = self.inherited.time;
        time.check()?;
        let deadline = time.deadline;
        let wanted = Wanted::Operation(self.operation);
        let Ready {
            destination,
            request,
            plan,
            ..
        } = self.ready(accept)?;
        attempt::call(
            &destination,
            &request,
            is_idempotent,
            plan,
            deadline,
            wanted,
        )
        .await
    }

    /// The call whose answer is read while it comes.
    async fn open<T: Returned, E: ApiError>(
        self,
        status: &mut Option<StatusCode>,
    ) -> Result<T, CallError<E>> {
        let call = (self.service, self.operation.name());
        let is_idempotent = self.is_idempotent();
        let is_resumed = self.operation.is_resumed();
        let time = self.inherited.time;
        time.check()?;
        let deadline = time.deadline;
        let mut ready = self.ready(T::ACCEPT)?;
        let limit = ready.plan.attempt_limit(false);
        let mut opened = ready.open(is_idempotent, deadline).await?;
        opened.call = call;
        *status = Some(opened.status);
        if opened.status.is_success() {
            if is_resumed {
                if let Some(headers) = ready.resumed_with.take() {
                    ready.request.headers = headers;
                }
                opened.again = Some(again(Arc::new(ready), call));
            }
            return T::open(opened).map_err(CallError::Fault);
        }
        match tokio::time::timeout(limit, opened.collect()).await {
            Ok(answer) => read(answer?),
            Err(_) => {
                let detail = "the answer is an error, and not all of it came in time";
                Err(Fault::new(FaultKind::Timeout, detail).into())
            }
        }
    }

    fn is_idempotent(&self) -> bool {
        let said = self.plan.is_idempotent;
        said.unwrap_or_else(|| self.operation.is_idempotent())
    }

    /// The request as it is sent.
    fn ready(mut self, accept: &'static str) -> Result<Ready, Fault> {
        if let Some(why) = self.invalid {
            return Err(Fault::new(FaultKind::InvalidRequest, why));
        }
        let method = Method::from_bytes(self.operation.method().as_bytes()).map_err(|error| {
            Fault::new(FaultKind::InvalidRequest, "the method is none").because(error)
        })?;
        if self.stream.is_some() {
            // It can be sent once only, and it takes the time it takes.
            self.plan = self.plan.once();
        }
        let target = transport::target(self.target).map_err(unsendable)?;
        let request = Outgoing {
            method,
            target,
            headers: self.headers,
            content_type: self.content_type,
            accept: HeaderValue::from_static(accept),
            body: self.body,
            stream: self.stream,
        };
        let destination = self.destination?;
        destination.note(self.operation);
        Ok(Ready {
            operation: self.operation,
            destination,
            request,
            plan: self.plan,
            chain: self.chain,
            resumed_with: self.resumed_with,
        })
    }

    /// The headers that the parameters have made, if they can be sent.
    pub(super) fn into_headers(self) -> HeaderMap {
        self.headers
    }

    /// Keeps the first refusal.
    fn refuse(&mut self, place: &str, name: &str, why: &str) {
        self.invalid
            .get_or_insert_with(|| format!("the {place} parameter `{name}` {why}"));
    }
}

/// The fault of a path and a query that no request can have, as one that is too
/// long.
pub(super) fn unsendable(why: http::uri::InvalidUri) -> Fault {
    Fault::new(FaultKind::InvalidRequest, "the request cannot be sent").because(why)
}

/// Appends `name=text`, both escaped.
fn push_pair(target: &mut String, name: &str, text: &str) {
    encoding::push(target, name);
    target.push('=');
    encoding::push(target, text);
}

/// What a cookie's value is made of: RFC 6265, section 4.1.1.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

fn read<T, E>(answer: Answered) -> Result<T, CallError<E>>
where
    T: Returned,
    E: ApiError,
{
    if answer.status.is_success() {
        return T::read(answer).map_err(CallError::Fault);
    }
    let Answered {
        status,
        headers,
        body,
        before,
    } = answer;
    let problem = as_problem(&headers, &body);
    match problem.as_ref().and_then(api_error::from_problem) {
        Some(error) => Err(CallError::Api(error)),
        None => {
            let is_not_run = overload::is_not_run(&headers);
            let fault = Fault::of_answer(status, problem, body).saying_not_run(is_not_run);
            Err(CallError::Fault(before.tell(fault)))
        }
    }
}

/// The problem document of an answer that says it is one.
pub(super) fn as_problem(headers: &HeaderMap, body: &[u8]) -> Option<Problem> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    if !content_type.starts_with(problem::CONTENT_TYPE) {
        return None;
    }
    serde_json::from_slice(body).ok()
}
