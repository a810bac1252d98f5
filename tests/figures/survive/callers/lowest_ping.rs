//! As Python's `CallProxy` does it: the center is asked once, names the instance with
//! the lowest ping, and that one gets every call from then on. No call is tried
//! again. (Python's has no time-out either; here it waits as long as the others.)

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Call, Calls, Failed, Patience, attempt, http_client};

pub(crate) struct LowestPing {
    client: reqwest::Client,
    /// Absent: the center named nobody.
    base: Option<String>,
    patience: Patience,
}

impl LowestPing {
    pub(crate) async fn new(center: &str, service: &str, patience: Patience) -> Self {
        let client = http_client();
        let base = look_up(&client, &format!("{center}/service/{service}")).await;
        Self {
            client,
            base,
            patience,
        }
    }

    async fn run(&self, call: Call) -> Result<u32, Failed> {
        let Some(base) = &self.base else {
            return Err(Failed {
                kind: "no instance known",
                text: "the center named nobody".to_owned(),
            });
        };
        let answer = attempt(&self.client, base, call, self.patience.call).await;
        answer.map_err(|failure| failure.failed)
    }
}

impl Calls for LowestPing {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<u32, Failed>> {
        Box::pin(self.run(call))
    }
}

async fn look_up(client: &reqwest::Client, url: &str) -> Option<String> {
    let answer = client.get(url).send().await.ok()?;
    let found: Value = serde_json::from_slice(&answer.bytes().await.ok()?).ok()?;
    if found["code"] != 0 {
        return None;
    }
    let host = found["host"].as_str()?;
    Some(format!("http://{host}:{}", found["port"].as_u64()?))
}
