//! The whole path in one program: a center, two services, calls between them,
//! an error that arrives as what it was, and a service that goes.
//!
//! ```sh
//! cargo run --example quickstart              # runs and ends
//! cargo run --example quickstart -- --serve   # stays, with curl lines to try
//! ```
//!
//! Center and services would be programs of their own (see the examples
//! `center`, `service01` and `service02`); here they share one so that one
//! command shows everything. They still talk over HTTP: `local_calls(false)`
//! says so.

use mfhm::{App, CallError, Caller, Center, RunningApp, RunningCenter};
use mfhm_examples::hello::{Greeter, ItemError, Relay, Service01Client, Service02Client};

// The steps are the output; MFHM_LOG=info shows what the parts say themselves.
#[mfhm::main(log = "warn")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let is_serving = std::env::args().any(|argument| argument == "--serve");
    let data = tempfile::tempdir()?;

    step("1. A service center starts, with its data in a temporary folder.");
    let center = Center::builder()
        .port(0)
        .data_dir(data.path())
        .start()
        .await?;
    say(format!("it listens on {}", center.url()));

    step("2. Two services start on free ports and register by themselves.");
    let service01 = start(App::new().service(Greeter), &center).await?;
    let service02 = start(App::new().service(Relay::default()), &center).await?;

    if is_serving {
        return serve(center, service01, service02).await;
    }

    step("3. A call from outside finds service01 through the center: by a typed client,");
    let caller = Caller::builder().center(center.url()).build()?;
    let greeter = Service01Client::through(&caller);
    say(format!(
        "service01.hello() = {:?}",
        greeter.hello().await?.message
    ));
    say("and by name, as Python's proxies do:".to_owned());
    let answer = caller.call("service01", "hello").send().await?;
    say(format!(
        "GET service01 hello = {} {}",
        answer.status(),
        answer.text()
    ));

    step("4. service02 calls service01 while it answers: a typed call over HTTP.");
    let relay = Service02Client::through(&caller);
    say(format!(
        "service02.relay() = {:?}",
        relay.relay().await?.message
    ));

    step("5. An error arrives as the enum that the service returned.");
    say(format!(
        "service01.item(1) = {:?}",
        greeter.item(1).await?.name
    ));
    match greeter.item(7).await {
        Err(CallError::Api(ItemError::NotFound { id })) => {
            say(format!(
                "service01.item(7) = Err(ItemError::NotFound {{ id: {id} }})"
            ));
        }
        other => return Err(format!("expected ItemError::NotFound, got {other:?}").into()),
    }

    step("6. service01 stops: it deregisters, and the center knows at once.");
    service01.stop().await;
    match Caller::builder()
        .center(center.url())
        .build()?
        .call("service01", "hello")
        .send()
        .await
    {
        Err(fault) if fault.is_unknown_service() => say(format!("{fault}")),
        other => return Err(format!("expected an unknown service, got {other:?}").into()),
    }
    say(format!(
        "service02 lives on: {:?}",
        relay.hello().await?.message
    ));

    step("7. Everything stops in order.");
    service02.stop().await;
    center.stop().await;
    say("done".to_owned());
    Ok(())
}

/// Starts one service on a free port and waits until the center has it.
async fn start(app: App, center: &RunningCenter) -> mfhm::Result<RunningApp> {
    let app = app
        .center(center.url())
        .port(0)
        .local_calls(false)
        .start()
        .await?;
    app.registered().await;
    for service in app.services() {
        say(format!(
            "{} listens on {} and is registered",
            service.name(),
            service.url()
        ));
    }
    Ok(app)
}

/// Stays up until Ctrl-C.
async fn serve(
    center: RunningCenter,
    service01: RunningApp,
    service02: RunningApp,
) -> Result<(), Box<dyn std::error::Error>> {
    let url = |app: &RunningApp| app.services()[0].url();
    step("3. Everything stays up. Try, in another terminal:");
    say(format!("curl {}/hello", url(&service01)));
    say(format!("curl {}/items/7", url(&service01)));
    say(format!("curl {}/relay", url(&service02)));
    say(format!("curl {}/service/service01", center.url()));
    say(format!("curl {}/v1/services", center.url()));
    say("Ctrl-C ends it.".to_owned());
    tokio::signal::ctrl_c().await?;
    for app in [service01, service02] {
        app.stop().await;
    }
    center.stop().await;
    Ok(())
}

fn step(text: &str) {
    println!("\n{text}");
}

fn say(text: String) {
    println!("   {text}");
}
