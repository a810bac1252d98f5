//! `mfhm call`.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use mfhm::Caller;

use super::{duration, failure};

/// The exit code of a call that was answered with an error status.
const ERROR_STATUS: u8 = 3;

/// The body goes to standard output. Exit code 0: the service answered with a
/// success; 3: it answered with an error status; 1: there was no answer, or no
/// such service, operation or method; 2: the command line is wrong.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the service
    service: String,
    /// Name of the operation
    operation: String,
    /// HTTP method; needed only when the operation has several
    #[arg(long, short = 'X', value_name = "METHOD")]
    method: Option<http::Method>,
    /// Address of the center; may be given several times [default: http://127.0.0.1:21428]
    #[arg(long, value_name = "URL", env = "MFHM_CENTER", value_delimiter = ',')]
    center: Vec<String>,
    /// File with the key that the center asks for
    #[arg(long, value_name = "FILE", env = "MFHM_CENTER_KEY_FILE")]
    center_key_file: Option<PathBuf>,
    /// File with the token that the center asks for
    #[arg(long, value_name = "FILE", env = "MFHM_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// Fills a placeholder of the path
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    path: Vec<(String, String)>,
    /// Adds a query parameter
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    query: Vec<(String, String)>,
    /// Adds a header
    #[arg(long, short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// Body; @FILE reads a file, @- standard input
    #[arg(long, short = 'd', value_name = "BODY")]
    body: Option<String>,
    /// Content type of the body
    #[arg(long, default_value = "application/json", value_name = "TYPE")]
    content_type: String,
    /// How long the call may take (2s, 500ms, or a number of seconds)
    #[arg(long, default_value = "15s", value_name = "TIME", value_parser = duration::parse)]
    timeout: Duration,
}

pub(crate) async fn run(arguments: Arguments) -> ExitCode {
    match call(arguments).await {
        Ok(code) => code,
        Err(error) => failure(&*error),
    }
}

async fn call(arguments: Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut caller = arguments
        .center
        .iter()
        .fold(Caller::builder(), |b, url| b.center(url));
    if let Some(file) = &arguments.center_key_file {
        caller = caller.center_key(secret("key", file)?);
    }
    if let Some(file) = &arguments.token_file {
        caller = caller.center_token(secret("token", file)?);
    }
    let mut call = caller
        .build()?
        .call(arguments.service, arguments.operation)
        .options(
            mfhm::CallOptions::new()
                .timeout(arguments.timeout)
                .attempt_timeout(arguments.timeout),
        );
    if let Some(method) = arguments.method {
        call = call.method(method);
    }
    for (name, value) in arguments.path {
        call = call.path_param(name, value);
    }
    for (name, value) in arguments.query {
        call = call.query(name, value);
    }
    for (name, value) in arguments.header {
        call = call.header(name, value);
    }
    if let Some(body) = arguments.body {
        call = call.body(read_body(body)?, &arguments.content_type);
    }
    let answer = call.send().await?;
    let mut out = std::io::stdout().lock();
    out.write_all(answer.bytes())?;
    out.flush()?;
    if answer.status().is_client_error() || answer.status().is_server_error() {
        eprintln!("mfhm: the service answered {}", answer.status());
        return Ok(ExitCode::from(ERROR_STATUS));
    }
    Ok(ExitCode::SUCCESS)
}

fn secret(what: &str, file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("the {what} file {} cannot be read: {error}", file.display()))?;
    Ok(text.trim().to_owned())
}

fn read_body(text: String) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    match text.strip_prefix('@') {
        None => Ok(text.into_bytes()),
        Some("-") => {
            let mut body = Vec::new();
            std::io::stdin().lock().read_to_end(&mut body)?;
            Ok(body)
        }
        Some(file) => std::fs::read(file)
            .map_err(|error| format!("the body {file} cannot be read: {error}").into()),
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    split(text, '=').ok_or_else(|| "write NAME=VALUE".to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    split(text, ':').ok_or_else(|| "write \"NAME: VALUE\"".to_owned())
}

fn split(text: &str, at: char) -> Option<(String, String)> {
    let (name, value) = text.split_once(at)?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}
