//! Two versions of a contract in one service, found through a center: by typed
//! clients, by name, and by Python's look-up.

use mfhm::App;
use support::http;

use crate::programs::CenterProcess;

mod v1 {
    #[mfhm::client(service = "people", path = "/v1/people")]
    pub(crate) trait People {
        #[get("/{id}")]
        async fn person(&self, id: u64) -> String;
    }
}

mod v2 {
    #[mfhm::client(service = "people", path = "/v2/people", version = "v2")]
    pub(crate) trait People {
        #[get("/{id}")]
        async fn person(&self, id: u64) -> Vec<u64>;
    }
}

struct Both;

#[mfhm::service(contracts(v2::People))]
impl v1::People for Both {
    async fn person(&self, id: u64) -> String {
        format!("person {id}")
    }
}

impl v2::People for Both {
    async fn person(&self, id: u64) -> Vec<u64> {
        vec![id]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_are_found() {
    let center = CenterProcess::start().await;
    let app = App::new()
        .service(Both)
        .center(center.url())
        .port(0)
        .start()
        .await
        .expect("it starts");
    center.has("people", 1).await;
    let caller = center.caller();
    let old = v1::PeopleClient::through(&caller).person(7).await;
    assert_eq!(old.expect("an answer"), "person 7");
    let new = v2::PeopleClient::through(&caller).person(7).await;
    assert_eq!(new.expect("an answer"), [7]);

    for (name, path, text) in [
        ("person", "/v1/people/{id}", "\"person 7\""),
        ("v2_person", "/v2/people/{id}", "[7]"),
    ] {
        let call = caller.call("people", name).path_param("id", 7);
        let answer = call.send().await.expect("an answer");
        assert_eq!(answer.text(), text);
        let found = http::get(center.port, &format!("/api/people/{name}")).await;
        let found = found.expect("an answer").json();
        assert!(found.to_string().contains(path), "{found}");
    }
    app.stop().await;
}
