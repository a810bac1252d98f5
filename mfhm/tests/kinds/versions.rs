//! Two versions of a contract in one service.

use mfhm::{App, RunningApp};

use crate::support::{raw, url};

mod v1 {
    #[mfhm::client(service = "people", path = "/v1/people")]
    pub(crate) trait People {
        #[get("/{id}")]
        async fn person(&self, id: u64) -> String;
    }
}

mod v2 {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Person {
        pub(crate) id: u64,
        pub(crate) name: String,
    }

    #[mfhm::client(service = "people", path = "/v2/people", version = "v2")]
    pub(crate) trait People {
        #[get("/{id}")]
        async fn person(&self, id: u64) -> Option<Person>;

        #[get("/count", name = "size")]
        async fn count(&self) -> u64;
    }
}

/// Both versions on one type.
struct Both;

#[mfhm::service(contracts(v2::People))]
impl v1::People for Both {
    async fn person(&self, id: u64) -> String {
        format!("person {id}")
    }
}

impl v2::People for Both {
    async fn person(&self, id: u64) -> Option<v2::Person> {
        let name = v1::People::person(self, id).await;
        (id != 0).then_some(v2::Person { id, name })
    }

    async fn count(&self) -> u64 {
        2
    }
}

/// Each version on a type of its own.
struct Old;

#[mfhm::service]
impl v1::People for Old {
    async fn person(&self, id: u64) -> String {
        v1::People::person(&Both, id).await
    }
}

struct New;

#[mfhm::service]
impl v2::People for New {
    async fn person(&self, id: u64) -> Option<v2::Person> {
        v2::People::person(&Both, id).await
    }

    async fn count(&self) -> u64 {
        2
    }
}

async fn check(old: v1::PeopleClient, new: v2::PeopleClient) {
    assert_eq!(old.person(7).await.unwrap(), "person 7");
    let expected = v2::Person {
        id: 7,
        name: "person 7".to_owned(),
    };
    assert_eq!(new.person(7).await.unwrap(), Some(expected));
    assert_eq!(new.person(0).await.unwrap(), None);
    assert_eq!(new.count().await.unwrap(), 2);
}

async fn check_app(app: App, is_local: bool) {
    let app: RunningApp = app
        .center("http://127.0.0.1:9")
        .port(0)
        .local_calls(is_local)
        .start()
        .await
        .unwrap();
    assert_eq!(app.services().len(), 1);
    let url = url(&app);
    let at = (v1::PeopleClient::at(&url), v2::PeopleClient::at(&url));
    check(at.0.unwrap(), at.1.unwrap()).await;
    if is_local {
        // Each is found as the implementation of its own contract.
        check(v1::PeopleClient::new(), v2::PeopleClient::new()).await;
    }
    let gone = raw(app.services()[0].addr(), "GET /v3/people/7", b"").await;
    assert_eq!(gone.status, 404);
    app.stop().await;
}

#[tokio::test]
async fn all_ways_give_the_same() {
    check(v1::PeopleClient::local(Both), v2::PeopleClient::local(Both)).await;
    check(
        v1::PeopleClient::routed(Both),
        v2::PeopleClient::routed(Both),
    )
    .await;
    check_app(App::new().service(Both), false).await;
    check_app(App::new().service(Old).service(New), false).await;
    check_app(App::new().service(New).service(Old), true).await;
}

/// Both have an operation `person`.
struct Unversioned;

mod v3 {
    #[mfhm::client(service = "people", path = "/v3/people")]
    pub(crate) trait People {
        #[get("/{id}")]
        async fn person(&self, id: u64) -> String;
    }
}

#[mfhm::service(contracts(v3::People))]
impl v1::People for Unversioned {
    async fn person(&self, id: u64) -> String {
        v1::People::person(&Both, id).await
    }
}

impl v3::People for Unversioned {
    async fn person(&self, id: u64) -> String {
        v1::People::person(&Both, id).await
    }
}

#[tokio::test]
async fn what_cannot_be_told_apart_is_said_at_start() {
    for (app, says) in [
        (
            App::new().service(Unversioned),
            "give one of two contracts a version",
        ),
        (
            App::new().service(Old).service(Old),
            "two services are called `people`",
        ),
        (
            App::new().service(Old).service(Both),
            "two services are called `people`",
        ),
    ] {
        let error = app.port(0).start().await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}
