//! `mfhm center`: a center, and its data as text.

mod backup;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use mfhm::{Center, ContractPolicy, Limits};

use super::duration;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Address to listen on; one that other machines reach needs a token (mfhm token new),
    /// --key-auth or --insecure
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Port to listen on; 0 is any free one
    #[arg(long, default_value_t = 21428)]
    port: u16,
    /// Folder for the registrations, the tokens, and the key of --key-auth
    #[arg(long, default_value = "./data", value_name = "DIR")]
    data_dir: PathBuf,
    /// Time between two pings of an instance (2s, 500ms, or a number of seconds)
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = duration::parse)]
    ping_interval: Duration,
    /// How long an instance may take to answer a ping
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = duration::parse)]
    ping_timeout: Duration,
    /// Demand the key in <data-dir>/key (made if there is none) of every request
    #[arg(long)]
    key_auth: bool,
    /// Listen where other machines reach it, and let anyone in
    #[arg(long)]
    insecure: bool,
    /// Start although there were tokens once and their file is gone, and forget it
    #[arg(long)]
    forget_tokens: bool,
    /// An address, a range such as 10.0.0.0/8, or a host name that services may register besides
    /// their own address; may be given several times
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,
    /// What comes of a service whose contract breaks operations that live callers use: warn
    /// registers it and says so, refuse does not register it and needs a token or --key-auth
    /// where other machines reach the center
    #[arg(long, value_enum, default_value = "warn", value_name = "POLICY")]
    contracts: Contracts,
    /// Connections at once, of which each registered instance and each caller holds one
    /// [default: three quarters of the open files that are allowed (ulimit -n), at most 32768]
    #[arg(long, value_name = "NUMBER")]
    max_connections: Option<usize>,
    /// Connections at once from one address; from the machine itself any number
    /// [default: half of --max-connections]
    #[arg(long, value_name = "NUMBER")]
    max_connections_per_address: Option<usize>,
    /// Instances that may be registered, in 4 KiB each on average
    #[arg(long, default_value_t = 100_000, value_name = "NUMBER")]
    max_instances: usize,
    /// Those of them that one address may register
    #[arg(long, default_value_t = 20_000, value_name = "NUMBER")]
    max_instances_per_address: usize,
    /// Those of them that may be registered with one token, or with one certificate
    /// [default: half of --max-instances]
    #[arg(long, value_name = "NUMBER")]
    max_instances_per_token: Option<usize>,
    #[cfg(feature = "tls")]
    #[command(flatten)]
    certificates: super::certificates::Served,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes what a center keeps as JSON, one record a line
    Export(backup::Export),
    /// Gives what was exported to a stopped center: all of it, or nothing
    Import(backup::Import),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lower")]
enum Contracts {
    Warn,
    Refuse,
}

impl From<Contracts> for ContractPolicy {
    fn from(contracts: Contracts) -> Self {
        match contracts {
            Contracts::Warn => Self::Warn,
            Contracts::Refuse => Self::Refuse,
        }
    }
}

impl Arguments {
    /// Whether a center shall run.
    pub(crate) fn is_run(&self) -> bool {
        self.command.is_none()
    }
}

pub(crate) async fn run(arguments: Arguments) -> mfhm::Result<()> {
    let Arguments {
        command,
        host,
        port,
        data_dir,
        ping_interval,
        ping_timeout,
        key_auth,
        insecure,
        forget_tokens,
        allow_host,
        contracts,
        max_connections,
        max_connections_per_address,
        #[cfg(feature = "tls")]
        certificates,
        max_instances,
        max_instances_per_address,
        max_instances_per_token,
    } = arguments;
    match command {
        None => {}
        Some(Command::Export(arguments)) => return backup::export(&arguments).await,
        Some(Command::Import(arguments)) => return backup::import(&arguments),
    }
    let mut limits = Limits::new();
    if let Some(most) = max_connections_per_address {
        limits = limits.connections_per_address(most);
    }
    if let Some(most) = max_connections {
        limits = limits.connections(most);
    }
    let mut center = Center::builder();
    if let Some(most) = max_instances_per_token {
        center = center.max_instances_per_token(most);
    }
    #[cfg(feature = "tls")]
    let center = certificates
        .files()
        .into_iter()
        .fold(center, |center, tls| center.tls(tls));
    allow_host
        .into_iter()
        .fold(center, |center, host| center.allow_host(host))
        .host(host)
        .port(port)
        .data_dir(data_dir)
        .ping_interval(ping_interval)
        .ping_timeout(ping_timeout)
        .key_auth(key_auth)
        .insecure(insecure)
        .forget_tokens(forget_tokens)
        .contract_policy(contracts.into())
        .limits(limits)
        .max_instances(max_instances)
        .max_instances_per_address(max_instances_per_address)
        .run()
        .await
}
