//! Bad input to every kind of parameter: each mistake that a caller can make is
//! answered with a 4xx that names the parameter, through the router and through
//! a socket, and the service goes on.

#![allow(clippy::unwrap_used)]

mod cases;
mod send;
mod service;

use cases::{Case, Expected, KINDS, MISTAKES};
use mfhm::{App, Problem};
use send::{Answer, Way};
use service::Parameters;

#[tokio::test]
async fn every_mistake_in_every_kind_is_refused_by_name() {
    let router = App::new().service(Parameters).into_router().unwrap();
    let app = App::new()
        .service(Parameters)
        .center("http://127.0.0.1:9")
        .port(0)
        .start()
        .await
        .unwrap();
    let ways = [Way::Router(router), Way::Socket(app.services()[0].addr())];

    let mut failures = Vec::new();
    let mut count = 0;
    for kind in KINDS {
        for mistake in MISTAKES {
            let cases = cases::of(kind, mistake);
            assert!(!cases.is_empty(), "{kind:?}, {mistake:?}: no case");
            for case in cases {
                for way in &ways {
                    if case.needs_socket && matches!(way, Way::Router(_)) {
                        continue;
                    }
                    count += 1;
                    let answer = way.send(&case).await;
                    if let Err(why) = verdict(&case, &answer) {
                        failures.push(format!(
                            "{kind:?}, {mistake:?}, {way:?}: {}: {why}\n  {answer:?}",
                            case.shown()
                        ));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    // A table that loses its rows does not pass.
    assert!(count > 250, "{count}");

    for way in &ways {
        for kind in KINDS {
            let answer = way.send(&cases::good(kind)).await;
            assert_eq!(answer.status, 200, "{kind:?} after all this: {answer:?}");
        }
    }
    app.stop().await;
}

fn verdict(case: &Case, answer: &Answer) -> Result<(), String> {
    let expect = |is_met: bool, what: &str| {
        if is_met {
            Ok(())
        } else {
            Err(format!("expected {what}"))
        }
    };
    match case.expected {
        Expected::Taken => expect(answer.status == 200, "200"),
        Expected::Unnamed(status) => expect(answer.status == status, &status.to_string()),
        Expected::Named(status, location, name) => {
            expect(answer.status == status, &status.to_string())?;
            expect(
                answer.content_type == "application/problem+json",
                "a problem document",
            )?;
            let problem: Problem =
                serde_json::from_str(&answer.body).map_err(|error| error.to_string())?;
            expect(problem.status == status, "the status in the document")?;
            expect(
                problem.code == "mfhm.invalid_parameter",
                "the code mfhm.invalid_parameter",
            )?;
            let named: Vec<_> = problem
                .errors
                .iter()
                .map(|error| (error.location.as_str(), error.name.as_str()))
                .collect();
            expect(
                named == [(location, name)],
                &format!("{location} `{name}` alone to be named"),
            )?;
            expect(
                answer.body.len() < 1_000,
                "an answer that repeats no long text",
            )
        }
    }
}
