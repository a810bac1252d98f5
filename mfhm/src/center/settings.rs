//! How a center is set up, and which set-ups can't work.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

use super::address::AllowList;
use super::contracts::ContractPolicy;
use super::registration::room::Capacity;
use super::registry::Limits;
use crate::directory;
use crate::tls::Tls;

/// Longer durations are mistakes, and would overflow the clock.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// So many connections may wait to be accepted, where the system allows it: when the
/// center was away, all services and callers come back at once, and one whose
/// connection finds no place here tries for seconds.
const BACKLOG: u32 = 4096;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub host: String,
    pub port: u16,
    pub data_dir: PathBuf,
    pub ping_interval: Duration,
    pub ping_timeout: Duration,
    pub key_auth: bool,
    pub insecure: bool,
    pub forget_tokens: bool,
    pub allow_hosts: Vec<String>,
    pub lease_ttl: Duration,
    pub forget_after: Duration,
    pub forget_python_after: Duration,
    pub contract_policy: ContractPolicy,
    pub max_instances: usize,
    pub max_instances_per_address: usize,
    /// Absent: half of all.
    pub max_instances_per_token: Option<usize>,
    pub connections: crate::listener::Limits,
    pub tls: Option<Tls>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 21428,
            data_dir: PathBuf::from("./data"),
            ping_interval: Duration::from_secs(5),
            ping_timeout: Duration::from_secs(2),
            key_auth: false,
            insecure: false,
            forget_tokens: false,
            allow_hosts: Vec::new(),
            lease_ttl: Duration::from_secs(15),
            forget_after: Duration::from_secs(30),
            forget_python_after: Duration::from_secs(600),
            contract_policy: ContractPolicy::default(),
            max_instances: 100_000,
            max_instances_per_address: 20_000,
            max_instances_per_token: None,
            connections: crate::listener::Limits::default(),
            tls: None,
        }
    }
}

impl Settings {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            lease_ttl: self.lease_ttl,
            forget_after: self.forget_after,
            forget_python_after: self.forget_python_after,
        }
    }

    pub(crate) fn capacity(&self) -> Capacity {
        Capacity {
            instances: self.max_instances,
            per_address: self.max_instances_per_address,
            per_principal: self.max_instances_per_token(),
        }
    }

    fn max_instances_per_token(&self) -> usize {
        let half = self.max_instances.div_ceil(2);
        self.max_instances_per_token.unwrap_or(half)
    }

    /// Checks everything and binds the port. `has_tokens`: requests must carry one.
    ///
    /// # Errors
    ///
    /// Every problem that was found, each with what to do.
    pub(crate) async fn bind(
        &self,
        has_tokens: bool,
    ) -> Result<(TcpListener, AllowList), Vec<String>> {
        let mut problems = self.check_durations();
        for (option, number) in [
            ("--max-instances, .max_instances(…)", self.max_instances),
            (
                "--max-instances-per-address, .max_instances_per_address(…)",
                self.max_instances_per_address,
            ),
            (
                "--max-instances-per-token, .max_instances_per_token(…)",
                self.max_instances_per_token.unwrap_or(1),
            ),
        ] {
            if number == 0 {
                problems.push(format!(
                    "no instance could register: set a number above 0 ({option})"
                ));
            }
        }
        problems.extend(check_data_dir(&self.data_dir).err());
        let allowed = AllowList::new(&self.allow_hosts).unwrap_or_else(|bad| {
            problems.extend(bad);
            AllowList::default()
        });
        match self.listen(has_tokens).await {
            Ok(listener) if problems.is_empty() => return Ok((listener, allowed)),
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
        Err(problems)
    }

    /// Whether nobody comes in without a certificate.
    pub(crate) fn requires_certificates(&self) -> bool {
        self.tls.as_ref().is_some_and(Tls::requires_certificates)
    }

    fn check_durations(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, duration) in [
            (
                "ping interval (--ping-interval, .ping_interval(…))",
                self.ping_interval,
            ),
            (
                "ping time-out (--ping-timeout, .ping_timeout(…))",
                self.ping_timeout,
            ),
            ("lease (.lease_ttl(…))", self.lease_ttl),
            ("time until deletion (.forget_after(…))", self.forget_after),
            (
                "time until deletion of Python services (.forget_python_after(…))",
                self.forget_python_after,
            ),
        ] {
            if duration.is_zero() {
                problems.push(format!("the {name} is zero: set a longer one"));
            } else if duration > LONGEST {
                problems.push(format!(
                    "the {name} is longer than a year: set a shorter one"
                ));
            }
        }
        if self.ping_timeout > self.ping_interval {
            problems.push(format!(
                "the ping time-out ({:?}) is longer than the ping interval ({:?}): set a shorter \
                 time-out (--ping-timeout, .ping_timeout(…)) or a longer interval \
                 (--ping-interval, .ping_interval(…))",
                self.ping_timeout, self.ping_interval
            ));
        }
        if self.forget_after < self.lease_ttl {
            problems.push(format!(
                "the time until deletion ({:?}) is shorter than the lease ({:?}): set a longer \
                 .forget_after(…) or a shorter .lease_ttl(…)",
                self.forget_after, self.lease_ttl
            ));
        }
        problems
    }

    async fn listen(&self, has_tokens: bool) -> Result<TcpListener, String> {
        let is_guarded = self.key_auth || has_tokens || self.requires_certificates();
        let addresses = self.addresses().await?;
        let is_open = addresses
            .iter()
            .any(|address| !address.ip().to_canonical().is_loopback());
        let make_token = format!(
            "make a token with `mfhm token new --name NAME --data-dir {}`",
            self.data_dir.display()
        );
        if is_open && !is_guarded && !self.insecure {
            return Err(format!(
                "{} can be reached from other machines, where anybody could register services: \
                 {make_token}, let only those in who have a certificate (--tls-cert, --tls-key, \
                 --tls-ca and --tls-require-client-cert), demand a key with --key-auth \
                 (.key_auth(true)), or say --insecure (.insecure(true)) if the network keeps \
                 others out",
                self.host
            ));
        }
        if is_open && !is_guarded && self.contract_policy == ContractPolicy::Refuse {
            return Err(format!(
                "{} can be reached from other machines, where anybody could say to be a caller, \
                 and so keep services from being registered under --contracts refuse \
                 (ContractPolicy::Refuse): {make_token}, demand a key with --key-auth \
                 (.key_auth(true)), or only warn with --contracts warn (ContractPolicy::Warn)",
                self.host
            ));
        }
        bind(&addresses).map_err(|error| {
            let (host, port) = (&self.host, self.port);
            match error.kind() {
                std::io::ErrorKind::AddrInUse => format!(
                    "port {port} on {host} is taken by another program: choose another one with \
                     --port (.port(…)), or 0 for any free one"
                ),
                std::io::ErrorKind::PermissionDenied => format!(
                    "port {port} on {host} may not be used by this user: choose one above 1023 \
                     with --port (.port(…)), or 0 for any free one"
                ),
                _ => format!(
                    "port {port} on {host} can't be used ({error}): choose an address of this \
                     machine with --host (.host(…)) and a port with --port (.port(…))"
                ),
            }
        })
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let unusable = |cause: String| {
            format!(
                "the host {host:?} can't be used ({cause}): set --host (.host(…)) to an address \
                     of this machine"
            )
        };
        let found = tokio::net::lookup_host((host, self.port)).await;
        let found: Vec<_> = found
            .map_err(|error| unusable(error.to_string()))?
            .collect();
        if found.is_empty() {
            Err(unusable("it has no address".to_owned()))
        } else {
            Ok(found)
        }
    }
}

/// Listens on the first address that can be had.
fn bind(addresses: &[SocketAddr]) -> io::Result<TcpListener> {
    let one = |address: &SocketAddr| {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A center that was killed gets its port again at once.
        #[cfg(not(windows))]
        socket.set_reuseaddr(true)?;
        socket.bind(*address)?;
        socket.listen(BACKLOG)
    };
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for address in addresses {
        match one(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Whether something could not be written for lack of room, which may be made.
pub(crate) fn lacks_room(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Makes the directory and finds out whether files can be made in it.
fn check_data_dir(dir: &Path) -> Result<(), String> {
    let advice = "choose another data directory (--data-dir, .data_dir(…))";
    let shown = dir.display();
    if dir.exists() && !dir.is_dir() {
        return Err(format!("the data directory {shown} is a file: {advice}"));
    }
    directory::create_all(dir)
        .map_err(|error| format!("the data directory {shown} can't be made ({error}): {advice}"))?;
    let trial = dir.join(format!(".mfhm-trial-{}", std::process::id()));
    let written = std::fs::write(&trial, b"");
    let _ = std::fs::remove_file(&trial);
    judge_trial(written).map_err(|error| {
        format!("the data directory {shown} can't be written to ({error}): {advice}")
    })
}

/// A full disk is no reason to stay away: what is registered can be looked up and
/// pinged.
fn judge_trial(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if lacks_room(&error) => {
            tracing::warn!(%error, "the data directory has no room for another file");
            Ok(())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn problems(change: impl FnOnce(&mut Settings)) -> Vec<String> {
        problems_of(change, false).await
    }

    async fn problems_of(change: impl FnOnce(&mut Settings), has_tokens: bool) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = Settings {
            port: 0,
            data_dir: dir.path().join("data"),
            ..Settings::default()
        };
        change(&mut settings);
        settings.bind(has_tokens).await.err().unwrap_or_default()
    }

    #[tokio::test]
    async fn the_defaults_work() {
        assert_eq!(problems(|_| {}).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_time_out_longer_than_the_interval_is_refused() {
        let found = problems(|s| s.ping_timeout = Duration::from_secs(6)).await;
        assert!(
            found[0].contains("6s") && found[0].contains("--ping-timeout"),
            "{found:?}"
        );
        assert_eq!(
            problems(|s| s.ping_timeout = Duration::from_secs(5))
                .await
                .len(),
            0
        );
    }

    #[tokio::test]
    async fn durations_are_neither_zero_nor_endless() {
        assert_eq!(problems(|s| s.ping_timeout = Duration::ZERO).await.len(), 1);
        assert_eq!(
            problems(|s| s.forget_python_after = Duration::MAX)
                .await
                .len(),
            1
        );
        assert_eq!(
            problems(|s| s.forget_after = Duration::from_secs(1))
                .await
                .len(),
            1
        );
    }

    #[tokio::test]
    async fn room_for_no_instance_is_refused() {
        let none = |s: &mut Settings| {
            (s.max_instances, s.max_instances_per_address) = (0, 0);
            s.max_instances_per_token = Some(0);
        };
        let found = problems(none).await;
        assert_eq!(found.len(), 3);
        assert!(
            found[1].contains("--max-instances-per-address"),
            "{found:?}"
        );
    }

    #[tokio::test]
    async fn a_data_directory_that_is_a_file_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let found = problems(|s| s.data_dir = file.path().to_owned()).await;
        assert!(
            found[0].contains("is a file") && found[0].contains("--data-dir"),
            "{found:?}"
        );
        let below = problems(|s| s.data_dir = file.path().join("below")).await;
        assert!(below[0].contains("can't be made"), "{below:?}");
    }

    #[test]
    fn a_full_disk_does_not_keep_a_center_from_starting() {
        assert!(judge_trial(Err(io::ErrorKind::StorageFull.into())).is_ok());
        assert!(judge_trial(Err(io::ErrorKind::QuotaExceeded.into())).is_ok());
        assert!(judge_trial(Err(io::ErrorKind::PermissionDenied.into())).is_err());
        assert!(judge_trial(Ok(())).is_ok());
    }

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = other.local_addr().unwrap().port();
        let found = problems(|s| s.port = port).await;
        assert!(found[0].contains(&port.to_string()), "{found:?}");
        assert!(
            found[0].contains("--port") && found[0].contains(" 0 "),
            "{found:?}"
        );
    }

    #[tokio::test]
    async fn an_open_center_needs_a_token_a_key_or_a_word() {
        for host in ["0.0.0.0", "::", "::ffff:0.0.0.0"] {
            let found = problems(|s| s.host = host.to_owned()).await;
            assert!(
                found[0].contains("mfhm token new")
                    && found[0].contains("--insecure")
                    && found[0].contains("--tls-require-client-cert"),
                "{found:?}"
            );
        }
        let open = |s: &mut Settings| s.host = "0.0.0.0".to_owned();
        assert_eq!(problems_of(open, true).await.len(), 0, "it has a token");
        assert_eq!(problems(|s| (open(s), s.insecure = true).1).await.len(), 0);
        assert_eq!(problems(|s| (open(s), s.key_auth = true).1).await.len(), 0);
        assert_eq!(problems(|s| s.host = "localhost".to_owned()).await.len(), 0);
        #[cfg(feature = "tls")]
        for (is_required, expected) in [(true, 0), (false, 1)] {
            let found = problems(|s| {
                open(s);
                let tls = Tls::new().certificate("a.pem", "a.key").ca("ca.pem");
                s.tls = Some(tls.require_client_certificate(is_required));
            });
            assert_eq!(found.await.len(), expected, "required: {is_required}");
        }
    }

    #[tokio::test]
    async fn an_open_center_refuses_contracts_only_with_a_key() {
        let refuse = |s: &mut Settings| s.contract_policy = ContractPolicy::Refuse;
        let open = |s: &mut Settings| {
            s.host = "0.0.0.0".to_owned();
            s.insecure = true;
            s.contract_policy = ContractPolicy::Refuse;
        };
        let found = problems(open).await;
        assert!(
            found[0].contains("mfhm token new") && found[0].contains("--contracts warn"),
            "{found:?}"
        );
        assert_eq!(problems(|s| (open(s), s.key_auth = true).1).await.len(), 0);
        assert_eq!(problems(refuse).await.len(), 0, "loopback");
    }

    #[tokio::test]
    async fn an_allowed_host_that_is_none_is_named() {
        let found = problems(|s| s.allow_hosts = vec!["10.0.0.0/33".to_owned()]).await;
        assert!(found[0].contains("\"10.0.0.0/33\""), "{found:?}");
    }

    #[tokio::test]
    async fn all_problems_are_found_together() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let found = problems(|s| {
            s.ping_timeout = Duration::from_secs(60);
            s.data_dir = file.path().to_owned();
            s.host = "0.0.0.0".to_owned();
        });
        assert_eq!(found.await.len(), 3);
    }
}
