//! `mfhm check`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bytes::Bytes;
use clap::Args;
use http::StatusCode;
use mfhm::__private::Stranger;
use mfhm::compat::{self, Verdict};
use reqwest::Url;
use serde_json::Value;

use super::chain;

/// The exit code when something cannot be compared.
const UNUSABLE: u8 = 2;

/// Documents larger than this are not read, in bytes.
const MAX_DOCUMENT: usize = 16 << 20;

/// Prints one line for each difference between two OpenAPI documents. Exit code
/// 0: callers of the old one go on working; 1: something breaks them; 2: the
/// documents cannot be read or compared.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The document that callers were written for: a file, the URL of a
    /// document, or the URL of a running service
    old: String,
    /// The document that shall replace it
    new: String,
    /// File with the key that the services ask for
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The service that is expected at URLs with https: its certificate there has to be
    /// for this name, in place of the host, and is shown the own one
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    #[cfg(feature = "tls")]
    #[command(flatten)]
    certificates: super::certificates::Own,
}

pub(crate) async fn run(arguments: Arguments) -> ExitCode {
    let findings = match compare(&arguments).await {
        Ok(findings) => findings,
        Err(problem) => {
            eprintln!("mfhm: {problem}");
            return ExitCode::from(UNUSABLE);
        }
    };
    for finding in &findings {
        println!("{finding}");
    }
    let is_breaking = |finding: &&compat::Finding| finding.verdict == Verdict::Breaking;
    let breaking = findings.iter().filter(is_breaking).count();
    match (findings.len(), breaking) {
        (0, _) => println!("nothing that callers depend on has changed"),
        (1, 0) => println!("1 compatible change"),
        (all, 0) => println!("{all} compatible changes"),
        (1, _) => println!("1 change, which breaks callers"),
        (all, breaking) => println!("{breaking} of {all} changes break callers"),
    }
    if breaking > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

async fn compare(arguments: &Arguments) -> Result<Vec<compat::Finding>, String> {
    let key =
        match &arguments.key_file {
            None => None,
            Some(file) => Some(std::fs::read_to_string(file).map_err(|error| {
                format!("the key file {} cannot be read: {error}", file.display())
            })?),
        };
    let key = key.as_deref().map(str::trim);
    let old = read(&arguments.old, arguments, key).await?;
    let new = read(&arguments.new, arguments, key).await?;
    // Each for itself first, so that the message names the right one.
    for (name, document) in [(&arguments.old, &old), (&arguments.new, &new)] {
        compat::compare(document, document).map_err(|error| format!("{name}: {error}"))?;
    }
    compat::compare(&old, &new).map_err(|error| error.to_string())
}

async fn read(source: &str, arguments: &Arguments, key: Option<&str>) -> Result<Value, String> {
    let text = if source.starts_with("http://") || source.starts_with("https://") {
        fetch(source, arguments, key).await
    } else {
        std::fs::read(Path::new(source))
            .map(Bytes::from)
            .map_err(|error| error.to_string())
    };
    text.and_then(|text| {
        serde_json::from_slice(&text).map_err(|error| format!("it is not JSON: {error}"))
    })
    .map_err(|problem| format!("{source}: {problem}"))
}

async fn fetch(source: &str, arguments: &Arguments, key: Option<&str>) -> Result<Bytes, String> {
    let mut url = Url::parse(source).map_err(|error| error.to_string())?;
    if url.path() == "/" {
        url.set_path("/openapi.json");
    }
    let service = arguments.service.as_deref().map(str::trim);
    let stranger = Stranger::new(
        service,
        #[cfg(feature = "tls")]
        arguments.certificates.clone().files(),
    );
    let stranger = stranger.map_err(|error| chain(&error))?;
    let said = stranger.get(url.as_str(), key, MAX_DOCUMENT).await;
    let said = said.map_err(|unanswered| {
        let hint = if service.is_none() && url.scheme() == "https" {
            "; of a service that is registered with a center, say which it is: --service NAME"
        } else {
            ""
        };
        format!("{}{hint}", unanswered.why)
    })?;
    if said.status != StatusCode::OK {
        let hint = if said.status == StatusCode::NOT_FOUND {
            "; is the feature `openapi` of the service on?"
        } else {
            ""
        };
        return Err(format!("the answer is {}{hint}", said.status));
    }
    Ok(said.body)
}
