//! An instance is started again and again on the same address.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::Value;
use support::http;
use tokio::net::TcpListener;

use crate::address;
use crate::center::CenterProcess;
use crate::options::Options;
use crate::plain::{self, PlainInstance};
use crate::report::{heading, seconds};

const SERVICE: &str = "restarted";

pub(crate) async fn run(options: &Options) {
    let rounds = options.rounds(1000, 30);
    let center = CenterProcess::start().await;
    let host = address::numbered(0);
    let listener = TcpListener::bind((host, 0)).await.expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let current = Arc::new(Mutex::new(String::new()));
    let answering = tokio::spawn(plain::answer_as(listener, SERVICE, current.clone()));
    let began = Instant::now();
    let (mut others, mut lost) = (0, 0);
    let mut before: Option<PlainInstance> = None;
    for round in 0..rounds {
        let instance = PlainInstance {
            service: SERVICE.to_owned(),
            id: format!("restart-{round}"),
            host,
            port,
        };
        // From here on it is the new process that answers on the port.
        current
            .lock()
            .expect("nobody panics with it")
            .clone_from(&instance.id);
        instance.register(center.port).await.expect("it registers");
        if let Some(before) = before.replace(instance.clone()) {
            // The old one leaves late; that it is unknown is the right answer.
            let _ = before.leave(center.port).await;
        }
        let listed = listed(&center).await;
        lost += usize::from(!listed.contains(&instance.id));
        others += listed.iter().filter(|id| **id != instance.id).count();
    }
    answering.abort();
    heading(
        "An instance is restarted on the same address",
        &format!(
            "{rounds} times, with a new id each time; the old process says that it leaves only \
             after the new one has registered. The center listed the old id besides {others} times, \
             and not the new one {lost} times; {} s.",
            seconds(began.elapsed())
        ),
    );
}

/// The ids that the center lists.
async fn listed(center: &CenterProcess) -> Vec<String> {
    let path = format!("/v1/services/{SERVICE}");
    let answer = http::get(center.port, &path).await;
    let view = answer.expect("the center answers").json();
    let ids = view["instances"].as_array().into_iter().flatten();
    let id = |instance: &Value| instance["id"].as_str().map(str::to_owned);
    ids.filter_map(id).collect()
}
