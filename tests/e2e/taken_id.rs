//! Somebody registers under an instance's id while its owner cannot reach the center: the
//! owner comes back as somebody new.

use std::net::SocketAddr;

use mfhm::{App, Caller, Center, InstanceId, RunningCenter};
use support::http::Answer;
use support::{http, wait};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The secret of somebody else.
const THEIRS: &str = "a secret of somebody else's";

struct Kept;

#[mfhm::service(name = "kept")]
impl Kept {
    #[get("/hello")]
    async fn hello(&self) -> String {
        "hello".to_owned()
    }
}

async fn center() -> (RunningCenter, TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let center = Center::builder().port(0).data_dir(dir.path());
    (center.start().await.expect("a center"), dir)
}

/// The port of a way to a center, which leads nowhere until it is opened.
async fn way() -> (u16, watch::Sender<Option<SocketAddr>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let (open, is_open) = watch::channel(None::<SocketAddr>);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let to = *is_open.borrow();
            tokio::spawn(async move {
                if let Some(to) = to
                    && let Ok(mut far) = TcpStream::connect(to).await
                {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    });
    (port, open)
}

async fn register(center: &RunningCenter, id: &InstanceId, secret: &str) -> Answer {
    let body =
        format!(r#"{{"service":"kept","id":"{id}","address":{{"port":1}},"secret":"{secret}"}}"#);
    let port = center.addr().port();
    let headers = [("content-type", "application/json")];
    http::request(port, "POST", "/v1/instances", &headers, &body)
        .await
        .expect("an answer")
}

/// The instances that a center has at this port.
async fn ids_at(center: &RunningCenter, port: u16) -> Vec<String> {
    let answer = http::get(center.addr().port(), "/v1/services/kept").await;
    let view = answer.expect("an answer").json();
    let instances = view["instances"].as_array().cloned().unwrap_or_default();
    let of_port = instances.iter().filter(|instance| instance["port"] == port);
    of_port
        .filter_map(|instance| instance["id"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_was_taken_while_its_owner_was_away_keeps_nobody_out() {
    let (squatted, _dir) = center().await;
    let (other, _other_dir) = center().await;
    let (way, open) = way().await;
    let app = App::new()
        .service(Kept)
        .port(0)
        .center(format!("http://127.0.0.1:{way}"))
        .center(other.url());
    let app = app.start().await.expect("an app");
    let service = app.service("kept").expect("the service");
    let (first, port) = (service.id(), service.addr().port());
    wait::until("the other center", async || {
        (ids_at(&other, port).await == [first.to_string()]).then_some(())
    })
    .await;

    // Ids are told to everybody.
    assert_eq!(register(&squatted, &first, THEIRS).await.status, 200);
    open.send_replace(Some(squatted.addr()));
    let second = wait::until("a registration under another id", async || {
        let ids = ids_at(&squatted, port).await;
        (ids.len() == 1).then(|| ids[0].clone())
    })
    .await;
    assert_ne!(second, first.to_string());
    assert_eq!(service.id().to_string(), second);
    let ping = http::get(port, "/ping").await.expect("an answer");
    assert_eq!(ping.header("mfhm-instance"), Some(second.as_str()));
    // Where nobody had taken it, the new one is in the place of the old one.
    wait::until("the same id at the other center", async || {
        (ids_at(&other, port).await == [second.clone()]).then_some(())
    })
    .await;
    // It has the new secret, and nobody else does.
    let id: InstanceId = second.parse().expect("an id");
    assert_eq!(register(&squatted, &id, THEIRS).await.status, 403);

    let caller = Caller::builder().center(squatted.url()).without_cache();
    let caller = caller.build().expect("a caller");
    let answer = caller
        .call("kept", "hello")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.text(), "\"hello\"");

    app.stop().await;
    assert_eq!(
        ids_at(&squatted, port).await,
        [""; 0],
        "it leaves as who it is"
    );
    assert_eq!(ids_at(&other, port).await, [""; 0]);
    squatted.stop().await;
    other.stop().await;
}
