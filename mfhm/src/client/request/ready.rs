//! [`Ready`]: a request that can be sent, and sent again when its stream breaks.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use super::as_problem;
use crate::client::attempt::{self, Destination, Wanted};
use crate::client::error::Fault;
use crate::client::inherit::CallTime;
use crate::client::intercept::{Chain, End};
use crate::client::options::CallPlan;
use crate::client::transport::{Again, Opened, Outgoing};
use crate::contract::Operation;
use crate::wire::overload;

/// The standard's name for what a stream is resumed from.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A request that can be sent.
pub(super) struct Ready {
    pub(super) operation: &'static Operation,
    pub(super) destination: Destination,
    pub(super) request: Outgoing,
    pub(super) plan: CallPlan,
    pub(super) chain: Chain,
    pub(super) resumed_with: Option<HeaderMap>,
}

impl Ready {
    pub(super) async fn open(
        &self,
        is_idempotent: bool,
        deadline: Instant,
    ) -> Result<Opened, Fault> {
        let wanted = Wanted::Operation(self.operation);
        attempt::open(
            &self.destination,
            &self.request,
            is_idempotent,
            self.plan,
            deadline,
            wanted,
        )
        .await
    }

    /// The same with what stands around a call.
    async fn open_again(mut self, call: (&'static str, &'static str)) -> Result<Opened, Fault> {
        // Whoever reads the stream may do so for another request, or for none.
        let time = CallTime::of_call(&self.plan);
        let deadline = time.deadline;
        time.check()?;
        if self.chain.is_empty() {
            return self
                .open(true, deadline)
                .await
                .map_err(|fault| time.tell(fault));
        }
        let chain = std::mem::take(&mut self.chain);
        let headers = std::mem::take(&mut self.request.headers);
        let (service, operation) = (Cow::Borrowed(call.0), Cow::Borrowed(call.1));
        let intercepted = chain.before(service, operation, headers, deadline).await?;
        self.request.headers = intercepted.headers();
        let opened = self.open(true, deadline).await;
        let opened = opened.map_err(|fault| time.tell(fault));
        intercepted.after(match &opened {
            Ok(opened) => End::Answered(Some(opened.status)),
            Err(fault) => End::Fault(fault),
        });
        opened
    }
}

/// How a stream that broke is gone on with. Only operations that may run twice
/// are declared so.
pub(super) fn again(ready: Arc<Ready>, call: (&'static str, &'static str)) -> Again {
    Again::new(move |last_event_id| {
        let ready = ready.clone();
        Box::pin(async move {
            let mut request = ready.request.clone();
            let last_event_id = last_event_id.filter(|id| !id.is_empty());
            if let Some(id) = last_event_id.and_then(|id| HeaderValue::from_str(&id).ok()) {
                request.headers.insert(LAST_EVENT_ID, id);
            }
            let next = Ready {
                operation: ready.operation,
                destination: ready.destination.clone(),
                request,
                plan: ready.plan,
                chain: ready.chain.clone(),
                resumed_with: None,
            };
            let mut opened = next.open_again(call).await?;
            opened.call = call;
            if !opened.status.is_success() {
                let status = opened.status;
                let is_not_run = overload::is_not_run(&opened.headers);
                let limit = ready.plan.attempt_limit(false);
                let answer = tokio::time::timeout(limit, opened.collect());
                let body = answer.await.ok().and_then(Result::ok);
                let problem = body
                    .as_ref()
                    .and_then(|answer| as_problem(&answer.headers, &answer.body));
                let body = body.map(|answer| answer.body).unwrap_or_default();
                let fault = Fault::of_answer(status, problem, body);
                return Err(fault.saying_not_run(is_not_run));
            }
            opened.again = Some(again(ready, call));
            Ok(opened)
        })
    })
}
