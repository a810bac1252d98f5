//! An instance goes up and down all the time.

use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

use crate::address;
use crate::center::CenterProcess;
use crate::options::Options;
use crate::plain::{self, PlainInstance};
use crate::report::heading;
use crate::watcher::{Watcher, What};

const HALF: Duration = Duration::from_millis(700);

pub(crate) async fn run(options: &Options) {
    let time = Duration::from_secs(options.either(31, 11));
    let center = CenterProcess::start_with(&[200, 100, 15_000, 120_000]).await;
    let host = address::numbered(0);
    let listener = TcpListener::bind((host, 0)).await.expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let instance = PlainInstance {
        service: "flapping".to_owned(),
        id: "flapping".to_owned(),
        host,
        port,
    };
    let mut watcher = Watcher::open(host, center.port, "flapping")
        .await
        .expect("the center listens");
    instance.register(center.port).await.expect("it registers");
    let flapping = tokio::spawn(async move {
        let (mut listener, mut changes) = (Some(listener), 0);
        loop {
            match listener.take() {
                Some(listener) => {
                    let _ = tokio::time::timeout(HALF, plain::answer(listener)).await;
                }
                None => {
                    tokio::time::sleep(HALF).await;
                    let socket = TcpSocket::new_v4().expect("a socket");
                    socket.set_reuseaddr(true).expect("an option that there is");
                    socket.bind((host, port).into()).expect("its own port");
                    listener = Some(socket.listen(64).expect("it is bound"));
                }
            }
            changes += 1;
            if changes as u32 * HALF >= time {
                return changes;
            }
        }
    });
    let mut told = 0;
    let mut has_been_up = false;
    while !flapping.is_finished() {
        let next = tokio::time::timeout(Duration::from_millis(100), watcher.next()).await;
        if let Ok(seen) = next {
            let seen = seen.expect("the center runs");
            told += usize::from(has_been_up && matches!(seen.what, What::Up | What::Down));
            has_been_up |= seen.what == What::Up;
        }
    }
    let changes = flapping.await.expect("it flaps to the end");
    heading(
        "An instance flaps",
        &format!(
            "It closes and opens its port {changes} times in {} s; the center pings it every 0.2 s. \
             After it was up for the first time, a watcher is told of its health {told} times: \
             once, and then at most once in 10 s.",
            time.as_secs()
        ),
    );
}
