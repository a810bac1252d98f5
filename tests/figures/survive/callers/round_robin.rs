//! Round robin as one writes it by hand: a list that is read from the center every
//! two seconds, one instance after the other, as many attempts as mfhm has, and
//! nothing learnt from them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{Call, Calls, Failed, Patience, attempt, http_client};

const REFRESH: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 3;

pub(crate) struct RoundRobin {
    client: reqwest::Client,
    instances: Arc<Mutex<Arc<Vec<String>>>>,
    next: AtomicUsize,
    patience: Patience,
    refresh: JoinHandle<()>,
}

impl RoundRobin {
    pub(crate) async fn new(center: &str, service: &str, patience: Patience) -> Self {
        let client = http_client();
        let url = format!("{center}/v1/services/{service}");
        let first = list(&client, &url).await.unwrap_or_default();
        let instances = Arc::new(Mutex::new(Arc::new(first)));
        let refresh = tokio::spawn({
            let (client, instances) = (client.clone(), instances.clone());
            async move {
                loop {
                    // Until there is one, it is asked for more often.
                    let is_empty = current(&instances).is_empty();
                    tokio::time::sleep(if is_empty { REFRESH / 10 } else { REFRESH }).await;
                    // What is known stays when the center does not answer.
                    if let Some(list) = list(&client, &url).await {
                        *instances.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(list);
                    }
                }
            }
        });
        Self {
            client,
            instances,
            next: AtomicUsize::new(fastrand::usize(..1024)),
            patience,
            refresh,
        }
    }

    async fn run(&self, call: Call) -> Result<u32, Failed> {
        let deadline = Instant::now() + self.patience.call;
        let mut last = Failed {
            kind: "no instance known",
            text: "the list is empty".to_owned(),
        };
        for _ in 0..ATTEMPTS {
            let instances = current(&self.instances);
            if instances.is_empty() {
                break;
            }
            let index = self.next.fetch_add(1, Ordering::Relaxed) % instances.len();
            let left = deadline.saturating_duration_since(Instant::now());
            // What can't be repeated may take all the time.
            let limit = match call.is_write {
                true => left,
                false => left.min(self.patience.attempt),
            };
            match attempt(&self.client, &instances[index], call, limit).await {
                Ok(pid) => return Ok(pid),
                Err(failure) => {
                    let may_repeat = failure.is_unsent || (failure.is_transient && !call.is_write);
                    last = failure.failed;
                    if !may_repeat || Instant::now() >= deadline {
                        break;
                    }
                }
            }
        }
        Err(last)
    }
}

impl Calls for RoundRobin {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<u32, Failed>> {
        Box::pin(self.run(call))
    }
}

impl Drop for RoundRobin {
    fn drop(&mut self) {
        self.refresh.abort();
    }
}

fn current(instances: &Mutex<Arc<Vec<String>>>) -> Arc<Vec<String>> {
    let instances = instances.lock().unwrap_or_else(PoisonError::into_inner);
    instances.clone()
}

/// The usable instances; nothing when the center has no list.
async fn list(client: &reqwest::Client, url: &str) -> Option<Vec<String>> {
    let request = client.get(url).timeout(REFRESH).send().await.ok()?;
    if request.status().as_u16() != 200 {
        return None;
    }
    let view: Value = serde_json::from_slice(&request.bytes().await.ok()?).ok()?;
    let usable = view["instances"]
        .as_array()?
        .iter()
        .filter(|instance| matches!(instance["status"].as_str(), Some("starting" | "up")));
    let base = |instance: &Value| {
        let host = instance["host"].as_str()?;
        Some(format!("http://{host}:{}", instance["port"].as_u64()?))
    };
    usable.map(base).collect()
}
