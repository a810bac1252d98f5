//! What one process shares: its clients find its services, and have the
//! interceptors of its app, and what it says of all calls. One test only, for another app would share it too.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use mfhm::http::HeaderValue;
use mfhm::{App, CallOptions, OutgoingCall};

#[mfhm::client(service = "inner")]
trait Inner {
    #[get("/who")]
    async fn who(&self) -> Vec<String>;
}

struct Answers;

#[mfhm::service]
impl Inner for Answers {
    async fn who(&self) -> Vec<String> {
        let request = mfhm::request();
        let marks = request.headers().get_all("x-mark").into_iter();
        let mut seen: Vec<_> = marks
            .map(|mark| mark.to_str().unwrap().to_owned())
            .collect();
        seen.push(format!("{}.{}", request.service(), request.operation()));
        seen.push(request.uri().is_some().to_string());
        seen.extend(request.header("x-tenant").map(str::to_owned));
        seen.push(format!("{:?}", request.time_left().unwrap().as_secs() < 7));
        seen
    }
}

#[mfhm::client(service = "outer")]
trait Outer {
    #[get("/who")]
    async fn outer_who(&self) -> Vec<String>;
}

struct Asks(InnerClient);

#[mfhm::service]
impl Outer for Asks {
    async fn outer_who(&self) -> Vec<String> {
        let mut seen = self.0.who().await.unwrap();
        // What was given is called as what was found.
        let given = InnerClient::local(Answers).who().await.unwrap();
        assert_eq!(given[2..3], ["acme"]);
        // The call within has not taken this request's place.
        seen.push(mfhm::request().operation().to_owned());
        seen
    }
}

fn mark(text: &'static str) -> impl mfhm::Interceptor {
    move |call: &mut OutgoingCall| {
        let mark = HeaderValue::from_static(text);
        call.headers_mut().append("x-mark", mark);
        Ok(())
    }
}

async fn ask() -> Vec<String> {
    let app = App::new()
        .service(Answers)
        .service(Asks(InnerClient::new().intercept(mark("client"))))
        .intercept(mark("app, first"))
        .intercept(mark("app, second"))
        .propagate(["x-tenant"])
        .caller(|caller| caller.options(CallOptions::new().timeout(Duration::from_secs(7))))
        .center("http://127.0.0.1:9")
        .port_of("inner", 0)
        .port_of("outer", 0)
        .start()
        .await
        .unwrap();
    let url = app.service("outer").unwrap().url();
    let outer = OuterClient::at(&url).unwrap();
    let outer = outer.intercept(|call: &mut OutgoingCall| {
        let acme = HeaderValue::from_static("acme");
        call.headers_mut().insert("x-tenant", acme);
        Ok(())
    });
    let seen = outer.outer_who().await.unwrap();
    app.stop().await;
    seen
}

#[tokio::test]
async fn what_cannot_be_chosen_is_told_with_everything_else() {
    let app = App::new()
        .propagate(["x-tenant", "cookie"])
        .propagate(["mfhm-service"])
        .host("nowhere");
    let error = app.start().await.unwrap_err().to_string();
    for text in ["`cookie` is", "`mfhm-service` is", "nowhere"] {
        assert!(error.contains(text), "{text} is missing in: {error}");
    }
}

#[tokio::test]
async fn calls_within_a_process_have_the_interceptors_of_its_app() {
    let expected = [
        "app, first",
        "app, second",
        "client",
        "inner.who",
        "false",
        "acme",
        "true",
        "outer_who",
    ];
    assert_eq!(ask().await, expected);
}
