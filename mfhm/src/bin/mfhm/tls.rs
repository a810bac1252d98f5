//! `mfhm tls dev`: an authority of one's own, and certificates by it.

mod authority;
mod certificate;
mod folder;
mod name;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use rcgen::KeyPair;

use self::authority::Authority;
use self::certificate::Certificate;
use self::folder::{Folder, Pair};
use self::name::{Host, check_service};

/// The name of the center's certificate.
const CENTER: &str = "center";

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Certificates with which a center, services and callers know each other (mutual TLS).
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes an authority of your own, and certificates for the center and for services
    Dev(Dev),
}

/// Makes a certificate authority (ca.pem, ca.key), and by it a certificate and a key for
/// the center (center.pem, center.key) and for each NAME. What is there stays: run again,
/// it makes certificates for new names, and renews those of which less than a third of
/// their time is left; a renewed one keeps its key. It is meant for development and for
/// teams that have no authority: whoever has ca.key can be anybody.
#[derive(Debug, Args)]
struct Dev {
    /// A service or a caller that shall have a certificate; may be given several times
    name: Vec<String>,
    /// Folder for the files; made if there is none
    #[arg(long, default_value = "./tls", value_name = "DIR")]
    dir: PathBuf,
    /// A host name or an address that the certificates are for besides: of the names that
    /// are given, else of the center. Who has a certificate may be any service that it
    /// names. May be given several times
    #[arg(long, value_name = "HOST", value_parser = Host::parse)]
    host: Vec<Host>,
    /// For how many days certificates are good
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// For how many days the authority is good, when it is made
    #[arg(long, default_value_t = 365, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    ca_days: u32,
    /// Renew the certificates of the names that are given, else all of them, however long
    /// they are good
    #[arg(long)]
    renew: bool,
}

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let Command::Dev(dev) = arguments.command;
    match dev.make(SystemTime::now()) {
        Ok(report) => {
            print!("{}", dev.tell(&report));
            ExitCode::SUCCESS
        }
        Err(problems) => {
            for problem in problems {
                eprintln!("mfhm: {problem}");
            }
            ExitCode::FAILURE
        }
    }
}

/// What came of it.
struct Report {
    authority: Line,
    certificates: Vec<Line>,
}

struct Line {
    name: String,
    ends: SystemTime,
    hosts: BTreeSet<Host>,
    was: &'static str,
}

/// What is to be done for one name.
enum Plan {
    Make(BTreeSet<Host>),
    Renew {
        hosts: BTreeSet<Host>,
        key: Box<KeyPair>,
        why: &'static str,
    },
    Keep(Certificate),
}

impl Dev {
    /// Makes what is missing and renews what has to be; nothing when anything is wrong.
    fn make(&self, now: SystemTime) -> Result<Report, Vec<String>> {
        let problems: Vec<_> = self
            .name
            .iter()
            .filter_map(|name| check_service(name).err())
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let one = |problem| vec![problem];
        let folder = Folder::open(&self.dir).map_err(one)?;
        let (authority, was) = self.authority(&folder, now).map_err(one)?;
        let names = self.names(&folder, &authority).map_err(one)?;
        let mut plans = Vec::with_capacity(names.len());
        let mut problems = Vec::new();
        for name in names {
            match self.plan(&folder, &authority, &name, now) {
                Ok(plan) => plans.push((name, plan)),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let certificates = plans
            .into_iter()
            .map(|(name, plan)| self.carry_out(&folder, &authority, name, plan, now));
        Ok(Report {
            certificates: certificates.collect::<Result<_, _>>().map_err(one)?,
            authority: Line {
                name: "ca".to_owned(),
                ends: authority.certificate.ends,
                hosts: BTreeSet::new(),
                was,
            },
        })
    }

    fn authority(
        &self,
        folder: &Folder,
        now: SystemTime,
    ) -> Result<(Authority, &'static str), String> {
        let shown = folder.certificate("ca").display().to_string();
        let broken = |why| format!("the authority {shown} can't be used: {why}");
        if let Pair::Both { certificate, key } = folder.read("ca")? {
            let there = Authority::read(certificate, &key).map_err(broken)?;
            if there.certificate.ends <= now {
                return Err(format!(
                    "the authority {shown} was good until {}: begin anew in another folder, and \
                     give the new files to everybody",
                    date(there.certificate.ends)
                ));
            }
            return Ok((there, "as it was"));
        }
        let made = Authority::make(now, DAY * self.ca_days)?;
        folder.write_pair("ca", &made.certificate, &made.key)?;
        let new = Authority::read(made.certificate, &made.key).map_err(broken)?;
        Ok((new, "new"))
    }

    /// Whose certificates are looked at: the center's, those that were asked for, and
    /// those that the authority has made before.
    fn names(&self, folder: &Folder, authority: &Authority) -> Result<Vec<String>, String> {
        let mut names = vec![CENTER.to_owned()];
        names.extend(self.name.iter().cloned());
        for name in folder.names()? {
            // What else is in the folder is none of this command's business.
            let Ok(Pair::Both { certificate, .. }) = folder.read(&name) else {
                continue;
            };
            let there = Certificate::read(certificate);
            if there.is_ok_and(|there| there.is_by(&authority.certificate)) {
                names.push(name);
            }
        }
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        Ok(names)
    }

    fn plan(
        &self,
        folder: &Folder,
        authority: &Authority,
        name: &str,
        now: SystemTime,
    ) -> Result<Plan, String> {
        let is_meant = self.name.iter().any(|named| named == name);
        let mut wanted = BTreeSet::from([Host::Name(name.to_owned())]);
        if name == CENTER {
            wanted.extend([
                Host::Name("localhost".to_owned()),
                Host::Address(Ipv4Addr::LOCALHOST.into()),
                Host::Address(Ipv6Addr::LOCALHOST.into()),
            ]);
        }
        if is_meant || (self.name.is_empty() && name == CENTER) {
            wanted.extend(self.host.iter().cloned());
        }
        let Pair::Both { certificate, key } = folder.read(name)? else {
            return Ok(Plan::Make(wanted));
        };
        let shown = folder.certificate(name).display().to_string();
        let there = Certificate::read(certificate).map_err(|why| format!("{shown}: {why}"))?;
        let key_file = folder.key(name).display().to_string();
        let key = KeyPair::from_pem(&key).map_err(|_| format!("{key_file} is no key in PEM"))?;
        if !there.is_of(&key) {
            return Err(format!(
                "{key_file} is not the key of {shown}: put the right one back, or remove both to \
                 have them made anew"
            ));
        }
        if !there.is_by(&authority.certificate) {
            return Err(format!(
                "{shown} is not by the authority {}: remove it and {key_file} to have them made anew",
                folder.certificate("ca").display()
            ));
        }
        let why = if self.renew && (is_meant || self.name.is_empty()) {
            "renewed"
        } else if there.ends <= now {
            "renewed, for it had ended"
        } else if !wanted.is_subset(&there.hosts) {
            "renewed, for more hosts"
        } else if there.is_due(now) {
            "renewed, for it would have ended soon"
        } else {
            return Ok(Plan::Keep(there));
        };
        wanted.extend(there.hosts);
        Ok(Plan::Renew {
            hosts: wanted,
            key: Box::new(key),
            why,
        })
    }

    fn carry_out(
        &self,
        folder: &Folder,
        authority: &Authority,
        name: String,
        plan: Plan,
        now: SystemTime,
    ) -> Result<Line, String> {
        let issue = |hosts: &_, key| authority.issue(&name, hosts, key, now, DAY * self.days);
        let (certificate, was) = match plan {
            Plan::Keep(there) => (there, "as it was"),
            Plan::Make(hosts) => {
                let made = issue(&hosts, None)?;
                folder.write_pair(&name, &made.certificate, &made.key)?;
                (Certificate::read(made.certificate)?, "new")
            }
            // With the key that is there only one file changes, and whoever reads the two
            // at any moment has two that belong together.
            Plan::Renew { hosts, key, why } => {
                let made = issue(&hosts, Some(*key))?;
                folder.write_certificate(&name, &made.certificate)?;
                (Certificate::read(made.certificate)?, why)
            }
        };
        Ok(Line {
            name,
            ends: certificate.ends,
            hosts: certificate.hosts,
            was,
        })
    }

    /// What was done, and what to do with it.
    fn tell(&self, report: &Report) -> String {
        let file = |name: &str, kind: &str| {
            let file = self.dir.join(format!("{name}.{kind}"));
            file.display().to_string()
        };
        let mut out = String::new();
        let ends = report.authority.ends;
        let _ = writeln!(
            out,
            "{}: the authority, good until {} ({})",
            file("ca", "pem"),
            date(ends),
            report.authority.was
        );
        let mut is_cut = false;
        for line in &report.certificates {
            let hosts: Vec<_> = line.hosts.iter().map(ToString::to_string).collect();
            let _ = writeln!(
                out,
                "{}: {}; good until {} ({})",
                file(&line.name, "pem"),
                hosts.join(", "),
                date(line.ends),
                line.was
            );
            is_cut |= line.ends == ends;
        }
        if is_cut {
            let _ = writeln!(
                out,
                "No certificate is good for longer than the authority: begin anew in another folder \
                 before {}.",
                date(ends)
            );
        }
        let (ca, pem, key) = (file("ca", "pem"), file(CENTER, "pem"), file(CENTER, "key"));
        let _ = write!(
            out,
            "
A center that nobody comes in to without such a certificate:
  mfhm center --tls-cert {pem} --tls-key {key} --tls-ca {ca} --tls-require-client-cert
"
        );
        let others = report.certificates.iter().map(|line| line.name.as_str());
        let asked = self.name.iter().map(String::as_str);
        let example = asked.chain(others).find(|name| *name != CENTER);
        let name = example.unwrap_or("NAME");
        if example.is_none() {
            let _ = writeln!(out, "\nA certificate for a service:\n  mfhm tls dev NAME");
        }
        let _ = write!(
            out,
            "
A service `{name}`, or a caller of that name:
  export MFHM_CENTER=https://127.0.0.1:21428
  export MFHM_TLS_CA={ca} MFHM_TLS_CERT={} MFHM_TLS_KEY={}

Whoever has {} can be anybody: it stays on this machine. The others need {ca} and
their own two files.
",
            file(name, "pem"),
            file(name, "key"),
            file("ca", "key"),
        );
        out
    }
}

/// The day, in UTC.
fn date(time: SystemTime) -> String {
    let mut text = humantime::format_rfc3339_seconds(time).to_string();
    text.truncate("2026-01-01".len());
    text
}
