//! Services, a center and callers that speak HTTP/2, over sockets, with curl as a peer
//! that is not ours.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mfhm::{App, CallOptions, Caller, Center, Http2, Json, RunningApp, RunningCenter, Tls};
use tokio::process::Command;

use self::authority::Authority;

#[path = "../src/tls/testing.rs"]
mod authority;

#[derive(Clone, Default)]
struct Things {
    runs: Arc<AtomicUsize>,
    is_dropped: Arc<AtomicBool>,
}

struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[mfhm::service(name = "things")]
impl Things {
    #[get("/version")]
    async fn version(&self, #[extract] version: http::Version) -> String {
        format!("{version:?}")
    }

    #[get("/things/{id}")]
    async fn thing(
        &self,
        id: u32,
        #[header("host")] host: &str,
        #[cookie("a")] a: Option<&str>,
    ) -> String {
        let host = host.split(':').next().unwrap_or_default();
        format!("{id} {host} {a:?}")
    }

    #[post("/things")]
    async fn add(&self, numbers: Vec<u32>) -> Json<u32> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(2)).await;
        Json(numbers.iter().sum())
    }

    #[get("/lines")]
    async fn lines(&self) -> mfhm::ByteStream {
        let lines =
            (0..1_000).map(|number| mfhm::Bytes::from(format!("{number} {}\n", "x".repeat(500))));
        mfhm::ByteStream::new(futures_util::stream::iter(lines))
    }

    #[get("/slow")]
    async fn slow(&self) -> u32 {
        let _dropped = Dropped(self.is_dropped.clone());
        tokio::time::sleep(Duration::from_secs(30)).await;
        1
    }
}

async fn center(dir: &Path) -> RunningCenter {
    let center = Center::builder().port(0).data_dir(dir);
    center.start().await.unwrap()
}

async fn started(app: App) -> RunningApp {
    let app = app.start().await.unwrap();
    app.registered().await;
    app
}

fn caller(center: &RunningCenter, http2: Http2) -> Caller {
    let caller = Caller::builder().center(center.url()).http2(http2);
    caller.without_cache().build().unwrap()
}

async fn version(caller: &Caller) -> String {
    let answer = caller.call("things", "version").send().await.unwrap();
    answer.json().unwrap()
}

async fn curl(arguments: &[&str]) -> String {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "20"]).args(arguments);
    let output = curl.output().await.expect("curl is needed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_gets_the_same_answers_by_each_version_with_tls_and_without() {
    let authority = Authority::new();
    authority.give("things", &["things"]);
    let tls = Tls::new()
        .certificate(
            authority.path("things", "pem"),
            authority.path("things", "key"),
        )
        .ca(authority.ca());
    let plain = App::new().port(0).center("off").service(Things::default());
    let plain = plain.start().await.unwrap();
    let secure = App::new().port(0).center("off").tls(tls);
    let secure = secure.service(Things::default()).start().await.unwrap();

    let ca = authority.ca().display().to_string();
    let ports = [
        plain.services()[0].addr().port(),
        secure.services()[0].addr().port(),
    ];
    let connect = ports.map(|port| format!("things:{port}:127.0.0.1:{port}"));
    let large = format!("[{}1]", "1,".repeat(2_000_000));
    let file = authority.folder().join("large");
    std::fs::write(&file, large).unwrap();
    let large = format!("@{}", file.display());
    let json = ["-H", "content-type: application/json", "-d"];
    let requests: [(&str, &[&str], u16); 9] = [
        ("/things/7", &["-H", "cookie: a=1; b=2"], 200),
        ("/things/seven", &[], 400),
        ("/things", &[json[0], json[1], json[2], "[1,2,3]"], 200),
        ("/things", &[json[0], json[1], json[2], "[1,"], 400),
        ("/things", &[json[0], json[1], json[2], &large], 413),
        ("/lines", &[], 200),
        ("/nowhere", &[], 404),
        ("/version", &["-X", "DELETE"], 405),
        ("/ping", &["-I"], 200),
    ];
    let ways = [
        ("http", 0, &["--http1.1"][..], "1.1"),
        ("http", 0, &["--http2-prior-knowledge"], "2"),
        ("https", 1, &["--http1.1"], "1.1"),
        ("https", 1, &["--http2"], "2"),
    ];
    for (path, arguments, status) in requests {
        let mut answers = HashSet::new();
        for (scheme, at, way, version) in ways {
            let url = format!("{scheme}://things:{}{path}", ports[at]);
            let seen = "\n%{http_code} %{content_type}\n%{http_version}";
            let usual = [
                &url,
                "--connect-to",
                &connect[at],
                "--cacert",
                &ca,
                "-w",
                seen,
            ];
            let answer = curl(&[&usual, way, arguments].concat()).await;
            let (answer, spoken) = answer.rsplit_once('\n').unwrap();
            assert_eq!(spoken, version, "{url}");
            let code = answer.rsplit_once('\n').unwrap().1;
            assert!(code.starts_with(&status.to_string()), "{url}: {code}");
            if arguments.contains(&"-I") {
                // Header by header.
                let mut lines: Vec<_> = answer.lines().map(str::trim).collect();
                lines.retain(|line| !line.starts_with("HTTP/") && !line.starts_with("date"));
                // Each service has an id of its own.
                lines.retain(|line| !line.contains("instance"));
                lines.sort_unstable();
                answers.insert(lines.join("\n"));
            } else {
                answers.insert(answer.to_owned());
            }
        }
        assert_eq!(answers.len(), 1, "{path}: {answers:?}");
    }
    plain.stop().await;
    secure.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_by_http2_where_both_want_it_or_one_knows() {
    let dir = tempfile::tempdir().unwrap();
    let center = center(dir.path()).await;
    let app = App::new().port(0).center(center.url());
    let app = started(app.service(Things::default())).await;
    for (http2, expected) in [
        (Http2::Negotiated, "HTTP/1.1"),
        (Http2::Off, "HTTP/1.1"),
        (Http2::PriorKnowledge, "HTTP/2.0"),
    ] {
        assert_eq!(
            version(&caller(&center, http2)).await,
            expected,
            "{http2:?}"
        );
    }
    app.stop().await;
    center.stop().await;

    let authority = Authority::new();
    let tls = |name: &str| {
        authority.give(name, &[name, "127.0.0.1"]);
        Tls::new()
            .certificate(authority.path(name, "pem"), authority.path(name, "key"))
            .ca(authority.ca())
    };
    let dir = tempfile::tempdir().unwrap();
    let center = Center::builder().port(0).data_dir(dir.path());
    let center = center.tls(tls("center")).start().await.unwrap();
    let app = App::new().port(0).center(center.url()).tls(tls("things"));
    let app = started(app.service(Things::default())).await;
    for (http2, expected) in [
        (Http2::Negotiated, "HTTP/2.0"),
        (Http2::PriorKnowledge, "HTTP/2.0"),
        (Http2::Off, "HTTP/1.1"),
    ] {
        let caller = Caller::builder().center(center.url()).tls(tls("others"));
        let caller = caller.http2(http2).without_cache().build().unwrap();
        assert_eq!(version(&caller).await, expected, "{http2:?}");
    }
    app.stop().await;
    center.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_given_up_drops_its_handler_and_no_other_call() {
    let dir = tempfile::tempdir().unwrap();
    let center = center(dir.path()).await;
    let things = Things::default();
    let app = App::new().port(0).center(center.url());
    let app = started(app.service(things.clone())).await;
    let caller = caller(&center, Http2::PriorKnowledge);
    version(&caller).await;
    let options = CallOptions::new()
        .timeout(Duration::from_secs(20))
        .attempts(1);
    let slow = caller.call("things", "slow").options(options).send();
    assert!(
        tokio::time::timeout(Duration::from_millis(300), slow)
            .await
            .is_err()
    );
    let dropped = async {
        while !things.is_dropped.load(Ordering::SeqCst) {
            assert_eq!(version(&caller).await, "HTTP/2.0");
        }
    };
    tokio::time::timeout(Duration::from_secs(10), dropped)
        .await
        .unwrap();
    app.stop().await;
    center.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_over_http2_costs_no_call() {
    let dir = tempfile::tempdir().unwrap();
    let center = center(dir.path()).await;
    let things = Things::default();
    let instance = || {
        let app = App::new().port(0).center(center.url());
        started(app.service(things.clone()))
    };
    let mut apps = [instance().await, instance().await];
    let caller = caller(&center, Http2::PriorKnowledge);
    assert_eq!(version(&caller).await, "HTTP/2.0");
    let is_over = Arc::new(AtomicBool::new(false));
    let before = things.runs.load(Ordering::SeqCst);
    let calling: Vec<_> = (0..20)
        .map(|_| {
            let (caller, is_over) = (caller.clone(), is_over.clone());
            tokio::spawn(async move {
                let mut calls = 0;
                while !is_over.load(Ordering::SeqCst) {
                    // A POST: what may have run is not sent again.
                    let call = caller.call("things", "add").json(&[1, 2, 3]);
                    let answer = call.send().await.unwrap_or_else(|fault| {
                        panic!("{fault:?}");
                    });
                    assert_eq!(answer.text(), "6");
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    for round in 0..6 {
        let new = instance().await;
        let old = std::mem::replace(&mut apps[round % 2], new);
        old.drain(Duration::from_millis(500)).await;
    }
    is_over.store(true, Ordering::SeqCst);
    let mut calls = 0;
    for calling in calling {
        calls += calling.await.unwrap();
    }
    // Each ran once.
    assert_eq!(things.runs.load(Ordering::SeqCst) - before, calls);
    assert!(calls > 500, "{calls}");
    for app in apps {
        app.stop().await;
    }
    center.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_center_tells_its_watchers_over_http2_too() {
    let dir = tempfile::tempdir().unwrap();
    let center = center(dir.path()).await;
    let app = App::new().port(0).center(center.url());
    let app = started(app.service(Things::default())).await;
    let url = format!("{}/v1/watch?service=things", center.url());
    for way in ["--http1.1", "--http2-prior-knowledge"] {
        // It lasts: curl gives up after two seconds.
        let mut curl = Command::new("curl");
        let curl = curl.args(["-sSN", "--max-time", "2", way, &url]);
        let told = curl.output().await.expect("curl is needed").stdout;
        let told = String::from_utf8(told).unwrap();
        assert!(
            told.contains("event:") && told.contains("things"),
            "{way}: {told}"
        );
    }
    app.stop().await;
    center.stop().await;
}
