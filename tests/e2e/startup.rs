//! What happens at the start: a center that is not there yet, ports that are
//! taken, settings that cannot work.

use std::net::TcpListener;

use support::services::Service01Client;
use support::{http, port};
use tempfile::tempdir;

use mfhm::State;

use crate::programs::{CenterProcess, center_program, service_process, service_program};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_waits_for_its_center_and_serves_meanwhile() {
    let center_port = port::free();
    let url = format!("http://127.0.0.1:{center_port}");
    let service_port = port::free();
    let mut service = service_process("service01", &url, service_port).await;
    let client =
        Service01Client::at(&format!("http://127.0.0.1:{service_port}")).expect("a client");
    client.hello().await.expect("it serves without a center");

    let center = CenterProcess::start_on(center_port).await;
    center.has("service01", 1).await;
    Service01Client::through(&center.caller())
        .hello()
        .await
        .expect("hello");
    assert!(!service.has_ended());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_of_a_service_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let center = CenterProcess::start().await;
    let program = service_program(&["service01"], &center.url()).env("MFHM_PORT", port);
    let (status, stdout, stderr) = program.run().await;
    assert!(!status.success(), "{stdout}{stderr}");
    assert!(stderr.contains(&port.to_string()), "{stderr}");
    assert!(
        stderr.contains("MFHM_PORT"),
        "it says how to choose another: {stderr}"
    );
    // It never said that it is there. (A center that has just begun with nothing
    // does not know yet who is.)
    let answer = http::get(center.port, "/v1/services/service01").await;
    let status = answer.expect("an answer").status;
    assert!(matches!(status, 404 | 503), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_of_a_center_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let data = tempdir().expect("a folder");
    let (status, stdout, stderr) = center_program(port, data.path()).run().await;
    assert!(!status.success(), "{stdout}{stderr}");
    assert!(stderr.contains(&port.to_string()), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_is_a_file_is_refused() {
    let data = tempdir().expect("a folder");
    let file = data.path().join("data");
    std::fs::write(&file, "not a folder").expect("a file");
    let (status, stdout, stderr) = center_program(port::free(), &file).run().await;
    assert!(!status.success(), "{stdout}{stderr}");
    assert!(stderr.contains(&file.display().to_string()), "{stderr}");
    assert_eq!(
        std::fs::read_to_string(&file).expect("the file"),
        "not a folder"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_settings_of_a_service_are_refused_together() {
    let program = service_program(&["service01"], "not a url").env("MFHM_PORT", 70_000);
    let (status, stdout, stderr) = program.run().await;
    assert!(!status.success(), "{stdout}{stderr}");
    assert!(
        stderr.contains("MFHM_PORT") && stderr.contains("70000"),
        "{stderr}"
    );
    assert!(
        stderr.contains("MFHM_CENTER") && stderr.contains("not a url"),
        "{stderr}"
    );
}

#[derive(Clone)]
struct Pool;

struct Users;

#[mfhm::service(name = "users", port = 1)]
impl Users {
    #[get("/users/{id}")]
    async fn user(&self, id: u64, State(_): State<Pool>) -> u64 {
        id
    }

    #[get("/ping")]
    async fn pong(&self) -> u64 {
        1
    }
}

struct Orders;

#[mfhm::service(name = "orders", port = 1)]
impl Orders {
    #[get("/orders/{*rest}")]
    async fn rest(&self, rest: String) -> String {
        rest
    }

    #[get("/orders/{id}")]
    async fn order(&self, id: u64) -> u64 {
        id
    }
}

/// Also what the attributes can't see: routes that take the same requests, a
/// state that nobody gave, a name and a port that are taken.
#[tokio::test]
async fn what_is_wrong_with_the_services_is_told_together() {
    let app = mfhm::App::new()
        .service(Users)
        .service(Orders)
        .service(Orders)
        .port_of("oders", 0)
        .host("localhorst");
    let error = app.start().await.expect_err("nothing of it can work");
    let problems: Vec<_> = error.problems().collect();
    let expected: [&[&str]; 9] = [
        &[
            "`user` (GET /users/{id})",
            "State<",
            "Pool>",
            "`App::new().state(…)`",
        ],
        &["GET /ping is mfhm's own"],
        &["/orders/{*rest} and /orders/{id} take the same requests"],
        &["/orders/{*rest} and /orders/{id} take the same requests"],
        &["two services are called `orders`"],
        &["`users`", "`orders`", "the same port 1"],
        &["`orders`", "the same port 1"],
        &["`oders`, which is not a service"],
        &["\"localhorst\" is no address"],
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for texts in expected {
        let is_told = |problem: &&str| texts.iter().all(|text| problem.contains(text));
        assert!(problems.iter().any(is_told), "{texts:?}: {problems:#?}");
    }
    // Whatever is in the source says where.
    let places = problems
        .iter()
        .filter(|problem| problem.contains("e2e/startup.rs:"));
    assert_eq!(places.count(), 7, "{problems:#?}");
}

#[tokio::test]
async fn a_state_that_is_given_is_enough() {
    let app = mfhm::App::new().service(Invoices).state(Pool).port(0);
    let app = app.start().await.expect("it starts");
    app.stop().await;
}

struct Invoices;

#[mfhm::service(name = "invoices")]
impl Invoices {
    #[get("/invoices")]
    async fn count(&self, State(_): State<Pool>) -> u64 {
        1
    }
}
