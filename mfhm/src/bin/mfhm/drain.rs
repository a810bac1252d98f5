//! `mfhm drain`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use http::{Method, StatusCode};
use mfhm::__private::{Operator, Stranger};
use serde_json::Value;

use super::duration;
use super::operator::{Center, Credentials, refused};

/// The exit code when there is nobody to drain, or it is not clear who is meant.
const NOBODY: u8 = 3;
/// The exit code when an instance has not left in time.
const STILL_THERE: u8 = 4;

/// So much is read of what an instance answers to a ping, in bytes.
const MAX_PONG: usize = 64 << 10;
/// Between two looks whether an instance has left.
const PAUSE: Duration = Duration::from_millis(200);

/// Has an instance leave: callers get it no more, and it is told to deregister, to
/// finish what it runs, and to end. Exit code 0: it is draining (with --wait: it has
/// left); 1: a center did not answer, or refused; 2: the command line is wrong; 3: there
/// is no such service or instance, or there are several and none was named; 4: it had not
/// left when --wait was over.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the service
    service: String,
    /// Which of its instances: the id or its beginning, or HOST:PORT; needed only when
    /// there are several
    instance: Option<String>,
    /// All of its instances
    #[arg(long, conflicts_with = "instance")]
    all: bool,
    /// Address of the center; may be given several times, and each is asked
    #[arg(
        long,
        value_name = "URL",
        env = "MFHM_CENTER",
        value_delimiter = ',',
        default_value = "http://127.0.0.1:21428"
    )]
    center: Vec<String>,
    #[command(flatten)]
    credentials: Credentials,
    /// Wait until it is registered no more and takes no more connections
    #[arg(long)]
    wait: bool,
    /// How long to wait (2s, 500ms, or a number of seconds)
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = duration::parse, requires = "wait")]
    timeout: Duration,
}

/// What ended the command early: the exit code, and what to say.
struct Ended(u8, String);

impl Ended {
    fn failed(why: impl Into<String>) -> Self {
        Self(1, why.into())
    }
}

pub(crate) async fn run(arguments: Arguments) -> ExitCode {
    match drain(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ended(code, why)) => {
            eprintln!("mfhm: {why}");
            ExitCode::from(code)
        }
    }
}

async fn drain(arguments: &Arguments) -> Result<(), Ended> {
    let centers = Centers::new(arguments).map_err(Ended::failed)?;
    let service = arguments.service.trim();
    let known = centers.instances(service).await.map_err(Ended::failed)?;
    let chosen = choose(service, known, arguments)?;
    for instance in &chosen {
        let told = centers.drain(&instance.id).await.map_err(Ended::failed)?;
        if told {
            println!("{service} {instance}: gets no new calls, and was told to leave");
        } else {
            println!(
                "{service} {instance}: gets no new calls; it holds no stream to the center and could not be told to leave, so end its process"
            );
        }
    }
    if arguments.wait {
        let until = Instant::now() + arguments.timeout;
        for instance in &chosen {
            centers.wait_for_end(service, instance, until).await?;
            println!("{service} {instance}: has left");
        }
    }
    Ok(())
}

/// An instance as a center tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Instance {
    id: String,
    address: String,
    /// Whether TLS is spoken there.
    tls: bool,
}

impl std::fmt::Display for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.id, self.address)
    }
}

impl Instance {
    fn read(told: &Value) -> Option<Self> {
        let host = told["host"].as_str()?;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        Some(Self {
            id: told["id"].as_str()?.to_owned(),
            address: format!("{host}:{}", told["port"].as_u64()?),
            tls: told["tls"] == true,
        })
    }

    fn is_called(&self, text: &str) -> bool {
        self.address == text || self.id.starts_with(text)
    }
}

/// Whom the command line means.
fn choose(
    service: &str,
    known: Vec<Instance>,
    arguments: &Arguments,
) -> Result<Vec<Instance>, Ended> {
    let list = |instances: &[Instance]| {
        let lines = instances.iter().map(|instance| format!("\n  {instance}"));
        lines.collect::<String>()
    };
    if known.is_empty() {
        return Err(Ended(
            NOBODY,
            format!("no instance of `{service}` is registered"),
        ));
    }
    let Some(text) = arguments.instance.as_deref().map(str::trim) else {
        if arguments.all || known.len() == 1 {
            return Ok(known);
        }
        let why = format!(
            "`{service}` has {} instances; say which, or --all:{}",
            known.len(),
            list(&known)
        );
        return Err(Ended(NOBODY, why));
    };
    // The whole id goes before one that only begins so.
    let meant: Vec<_> = match known.iter().find(|instance| instance.id == text) {
        Some(exactly) => vec![exactly.clone()],
        None if text.is_empty() => Vec::new(),
        None => {
            let called = known.iter().filter(|instance| instance.is_called(text));
            called.cloned().collect()
        }
    };
    match meant.len() {
        1 => Ok(meant),
        0 => Err(Ended(
            NOBODY,
            format!(
                "`{service}` has no instance {text:?}; it has{}",
                list(&known)
            ),
        )),
        several => Err(Ended(
            NOBODY,
            format!(
                "{several} instances of `{service}` are called {text:?}; write more of the id:{}",
                list(&meant)
            ),
        )),
    }
}

/// The centers that were named.
struct Centers {
    centers: Vec<Center>,
    operator: Operator,
    /// Without the credentials, which are none of an instance's business.
    stranger: Stranger,
}

impl Centers {
    fn new(arguments: &Arguments) -> Result<Self, String> {
        let centers = arguments.center.iter().map(|text| Center::parse(text));
        Ok(Self {
            centers: centers.collect::<Result<_, _>>()?,
            operator: arguments.credentials.operator()?,
            stranger: arguments.credentials.stranger(&arguments.service)?,
        })
    }

    /// The instances of a service that any of the centers has. Each has to answer:
    /// else an instance would go on being called by those who ask the one that did not.
    async fn instances(&self, service: &str) -> Result<Vec<Instance>, String> {
        let mut all = BTreeMap::new();
        for center in &self.centers {
            let (status, answer) = self
                .ask(Method::GET, center, &["v1", "services", service])
                .await?;
            match status {
                StatusCode::OK => {
                    let told = answer["instances"].as_array().into_iter().flatten();
                    let told = told.filter_map(Instance::read);
                    all.extend(told.map(|instance| (instance.id.clone(), instance)));
                }
                StatusCode::NOT_FOUND => {}
                _ => return Err(refused(&center.origin(), status, &answer)),
            }
        }
        Ok(all.into_values().collect())
    }

    /// Whether the instance was told, by any of the centers that know it.
    async fn drain(&self, id: &str) -> Result<bool, String> {
        let mut is_told = false;
        let mut is_known = false;
        for center in &self.centers {
            let path = ["v1", "instances", id, "drain"];
            let (status, answer) = self.ask(Method::POST, center, &path).await?;
            match status {
                StatusCode::ACCEPTED => {
                    is_known = true;
                    is_told |= answer["told"] == true;
                }
                StatusCode::NOT_FOUND => {}
                _ => return Err(refused(&center.origin(), status, &answer)),
            }
        }
        if is_known {
            Ok(is_told)
        } else {
            Err(format!("the instance {id} has left in the meantime"))
        }
    }

    async fn wait_for_end(
        &self,
        service: &str,
        instance: &Instance,
        until: Instant,
    ) -> Result<(), Ended> {
        loop {
            let known = self.instances(service).await.map_err(Ended::failed)?;
            let is_registered = known.iter().any(|known| known.id == instance.id);
            if !is_registered && !self.listens(instance).await {
                return Ok(());
            }
            if Instant::now() >= until {
                let what = if is_registered {
                    "is still registered"
                } else {
                    "still takes connections"
                };
                let why = format!("{service} {instance} {what}; it goes on draining");
                return Err(Ended(STILL_THERE, why));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether the instance, and nobody in its place, takes connections.
    async fn listens(&self, instance: &Instance) -> bool {
        let scheme = if instance.tls { "https" } else { "http" };
        let url = format!("{scheme}://{}/ping", instance.address);
        if !Stranger::listens(&url).await {
            return false;
        }
        match self.stranger.get(&url, None, MAX_PONG).await {
            Ok(said) => said
                .instance
                .is_none_or(|id| id.as_bytes() == instance.id.as_bytes()),
            // Without an authority to check it with, nobody can tell who it is.
            Err(unanswered) => !unanswered.is_stranger,
        }
    }

    async fn ask(
        &self,
        method: Method,
        center: &Center,
        path: &[&str],
    ) -> Result<(StatusCode, Value), String> {
        let (origin, path) = (center.origin(), center.path(path));
        let (status, body) = self.operator.ask(method, &origin, &path).await?;
        match serde_json::from_slice(&body) {
            Ok(json) => Ok((status, json)),
            Err(_) if status.is_success() => Err(format!("what answers at {origin} is no center")),
            Err(_) => Ok((status, Value::Null)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(instance: Option<&str>, all: bool) -> Arguments {
        Arguments {
            service: "users".to_owned(),
            instance: instance.map(str::to_owned),
            all,
            center: Vec::new(),
            credentials: Credentials::default(),
            wait: false,
            timeout: Duration::ZERO,
        }
    }

    fn chosen(known: &[(&str, &str)], instance: Option<&str>, all: bool) -> Result<usize, String> {
        let known = known.iter().map(|(id, address)| Instance {
            id: (*id).to_owned(),
            address: (*address).to_owned(),
            tls: false,
        });
        choose("users", known.collect(), &arguments(instance, all))
            .map(|chosen| chosen.len())
            .map_err(|Ended(code, why)| {
                assert_eq!(code, NOBODY);
                why
            })
    }

    #[test]
    fn who_is_meant_is_clear_or_asked_for() {
        let one = [("77aa02", "127.0.0.1:1")];
        let two = [
            ("77aa02", "127.0.0.1:1"),
            ("77bb", "127.0.0.1:2"),
            ("77", "127.0.0.1:3"),
        ];
        assert_eq!(chosen(&one, None, false), Ok(1));
        assert_eq!(chosen(&two, None, true), Ok(3));
        for text in ["77a", "77aa02", "127.0.0.1:2", "77"] {
            assert_eq!(chosen(&two, Some(text), false), Ok(1), "{text}");
        }
        for (known, text, says) in [
            (&[][..], None, "no instance of `users`"),
            (&two, None, "say which, or --all"),
            (&two, Some("7"), "3 instances of `users`"),
            (&two, Some("88"), "no instance \"88\""),
            (&two, Some(""), "no instance \"\""),
        ] {
            let why = chosen(known, text, false).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }
}
