//! `mfhm check`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use mfhm::compat::{self, Verdict};
use serde_json::Value;

use super::chain;

/// The exit code when something cannot be compared.
const UNUSABLE: u8 = 2;

/// How long a document may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(10);

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
    let old = read(&arguments.old, key).await?;
    let new = read(&arguments.new, key).await?;
    // Each for itself first, so that the message names the right one.
    for (name, document) in [(&arguments.old, &old), (&arguments.new, &new)] {
        compat::compare(document, document).map_err(|error| format!("{name}: {error}"))?;
    }
    compat::compare(&old, &new).map_err(|error| error.to_string())
}

async fn read(source: &str, key: Option<&str>) -> Result<Value, String> {
    let text = if source.starts_with("http://") || source.starts_with("https://") {
        fetch(source, key).await
    } else {
        std::fs::read(Path::new(source)).map_err(|error| error.to_string())
    };
    text.and_then(|text| {
        serde_json::from_slice(&text).map_err(|error| format!("it is not JSON: {error}"))
    })
    .map_err(|problem| format!("{source}: {problem}"))
}

async fn fetch(source: &str, key: Option<&str>) -> Result<Vec<u8>, String> {
    let mut url = reqwest::Url::parse(source).map_err(|error| error.to_string())?;
    if url.path() == "/" {
        url.set_path("/openapi.json");
    }
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| chain(&error))?;
    let mut request = client.get(url);
    if let Some(key) = key {
        request = request.header("MFHM-AuthKey", key);
    }
    let mut response = request.send().await.map_err(|error| chain(&error))?;
    if response.status() != http::StatusCode::OK {
        let hint = if response.status() == http::StatusCode::NOT_FOUND {
            "; is the feature `openapi` of the service on?"
        } else {
            ""
        };
        return Err(format!("the answer is {}{hint}", response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_DOCUMENT {
            return Err(format!("it is larger than {MAX_DOCUMENT} bytes"));
        }
    }
    Ok(body)
}
