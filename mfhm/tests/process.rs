//! What one process shares: its clients find its services, and have the
//! interceptors of its app. One test only, for another app would share it too.

#![allow(clippy::unwrap_used)]

use mfhm::http::HeaderValue;
use mfhm::{App, OutgoingCall};

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
        .center("http://127.0.0.1:9")
        .port_of("inner", 0)
        .port_of("outer", 0)
        .start()
        .await
        .unwrap();
    let url = app.service("outer").unwrap().url();
    let seen = OuterClient::at(&url).unwrap().outer_who().await.unwrap();
    app.stop().await;
    seen
}

#[tokio::test]
async fn calls_within_a_process_have_the_interceptors_of_its_app() {
    let expected = [
        "app, first",
        "app, second",
        "client",
        "inner.who",
        "false",
        "outer_who",
    ];
    assert_eq!(ask().await, expected);
}
