//! What services answer to calls, read as every kind of answer.

#![no_main]

use std::collections::HashMap;
use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use mfhm::fuzzing::script;
use mfhm::{ByteStream, CallError, Caller, Events, File, Headed, Lines, Raw};
use mfhm_fuzz::answer::Said;
use mfhm_fuzz::run_in_no_time;
use mfhm_fuzz::service::Tree;

/// An error with fields and one without.
#[derive(Debug, mfhm::ApiError)]
pub enum Refused {
    #[status(404)]
    NotFound { id: u64 },
    #[status(409)]
    Taken,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Debug::fmt(self, f)
    }
}

impl std::error::Error for Refused {}

/// One operation for each kind of answer.
#[mfhm::client(service = "answers")]
pub trait Answers {
    #[get("/nothing")]
    async fn nothing(&self) -> Result<(), Refused>;

    #[get("/tree")]
    async fn tree(&self) -> Result<Tree, Refused>;

    #[post("/map")]
    async fn map(&self, tree: &Tree) -> Result<HashMap<String, Option<u8>>, Refused>;

    #[get("/headed")]
    async fn headed(&self) -> Result<Headed<Tree>, Refused>;

    #[get("/raw")]
    async fn raw(&self) -> Result<Raw, Refused>;

    #[get("/file")]
    async fn file(&self) -> Result<File, Refused>;

    #[get("/lines")]
    async fn lines(&self) -> Result<Lines<Tree>, Refused>;

    #[get("/events")]
    async fn events(&self) -> Result<Events<Tree>, Refused>;

    #[get("/stream")]
    async fn stream(&self) -> Result<ByteStream, Refused>;
}

/// A fault says what it is, whatever the answer was.
fn told<T>(called: Result<T, CallError<Refused>>) -> Option<T> {
    match called {
        Ok(value) => Some(value),
        Err(CallError::Api(Refused::NotFound { .. } | Refused::Taken)) => None,
        Err(CallError::Fault(fault)) => {
            assert!(!fault.to_string().is_empty() && fault.to_string().len() < 4096);
            assert!(fault.status().is_none_or(|status| status.as_u16() >= 100));
            let _ = (fault.problem(), fault.may_have_executed());
            None
        }
    }
}

async fn call(which: u8, client: &AnswersClient) {
    match which % 9 {
        0 => drop(told(client.nothing().await)),
        1 => drop(told(client.tree().await)),
        2 => {
            let tree = serde_json::from_str(r#"{"name":"a"}"#).expect("a tree");
            drop(told(client.map(&tree).await));
        }
        3 => {
            if let Some(headed) = told(client.headed().await) {
                assert!(!headed.headers.contains_key("content-length"));
            }
        }
        4 => drop(told(client.raw().await)),
        5 => {
            if let Some(file) = told(client.file().await) {
                let _ = (file.file_name(), file.last_modified(), file.etag());
                drop(file.read_to_end(1 << 16).await);
            }
        }
        6 => {
            if let Some(mut lines) = told(client.lines().await) {
                while let Some(Ok(_)) = lines.next().await {}
                assert!(lines.next().await.is_none());
            }
        }
        7 => {
            if let Some(mut events) = told(client.events().await) {
                while let Some(Ok(_)) = events.next().await {}
                assert!(events.next().await.is_none());
            }
        }
        _ => {
            if let Some(mut stream) = told(client.stream().await) {
                while let Some(Ok(_)) = stream.next().await {}
                assert!(stream.next().await.is_none());
            }
        }
    }
}

fuzz_target!(|input: (u8, u8, Vec<Said<'_>>)| {
    let (which, room, said) = input;
    let answers = said.iter().take(8).map(Said::bytes).collect();
    let _script = script(answers, usize::from(room) * 16 + 1);
    run_in_no_time(async {
        let caller = Caller::builder()
            .center("off")
            .instances("answers", ["10.0.0.1:1", "10.0.0.2:1"])
            .without_cache()
            .build()
            .expect("the settings are sound");
        let client = AnswersClient::through(&caller);
        call(which, &client).await;
        call(which, &client).await;
    });
});
