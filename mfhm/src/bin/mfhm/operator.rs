//! What commands that operate a center have in common: where it is, what lets them in,
//! and what it says when it does not.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use mfhm::Problem;
use reqwest::{ClientBuilder, Url};
use serde_json::Value;

/// What a center may ask for.
#[derive(Debug, Default, Args)]
pub(crate) struct Credentials {
    /// File with the key that the center asks for
    #[arg(long, value_name = "FILE", env = "MFHM_CENTER_KEY_FILE")]
    center_key_file: Option<PathBuf>,
    /// File with the token that the center asks for, of the scope `operate`
    #[arg(long, value_name = "FILE", env = "MFHM_TOKEN_FILE")]
    token_file: Option<PathBuf>,
}

impl Credentials {
    /// As they are sent.
    pub(crate) fn headers(&self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        if let Some(key) = secret("key", "MFHM_CENTER_KEY", self.center_key_file.as_ref())? {
            headers.insert("mfhm-authkey", header("key", &key)?);
        }
        if let Some(token) = secret("token", "MFHM_TOKEN", self.token_file.as_ref())? {
            headers.insert(AUTHORIZATION, header("token", &format!("Bearer {token}"))?);
        }
        Ok(headers)
    }
}

/// The address of a center.
pub(crate) fn url(text: &str) -> Result<Url, String> {
    let text = text.trim();
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = Url::parse(&full).ok().filter(|url| url.scheme() == "http");
    url.ok_or_else(|| {
        format!("{text:?} is no address of a center; write one such as http://127.0.0.1:21428")
    })
}

/// The center's address with this path.
pub(crate) fn at(center: &Url, path: &[&str]) -> Url {
    let mut url = center.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

/// A client that sends these with each request.
pub(crate) fn client(headers: HeaderMap) -> ClientBuilder {
    reqwest::Client::builder()
        .default_headers(headers)
        .connect_timeout(Duration::from_secs(1))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
}

/// What became of a request that was not answered.
pub(crate) fn no_answer(center: &Url, error: reqwest::Error) -> String {
    let why = super::chain(&error.without_url());
    format!("no answer from the center at {center}: {why}")
}

/// What a center said in place of doing it.
pub(crate) fn refused(center: &Url, status: StatusCode, answer: &Value) -> String {
    let problem: Option<Problem> = serde_json::from_value(answer.clone()).ok();
    let detail = problem.map(|problem| problem.detail).unwrap_or_default();
    let is_door = matches!(status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED);
    match detail.as_str() {
        "" if is_door => format!(
            "the center at {center} answered {status}; it asks for a token or its key, which are given with --token-file and --center-key-file"
        ),
        "" => format!("the center at {center} answered {status}"),
        detail => format!("the center at {center} answered {status}: {detail}"),
    }
}

/// The content of the file, else of the variable.
fn secret(what: &str, variable: &str, file: Option<&PathBuf>) -> Result<Option<String>, String> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file).map(Some).map_err(|error| {
            format!("the {what} file {} cannot be read: {error}", file.display())
        })?,
        None => std::env::var(variable).ok(),
    };
    let text = text.map(|text| text.trim().to_owned());
    Ok(text.filter(|text| !text.is_empty()))
}

fn header(what: &str, text: &str) -> Result<HeaderValue, String> {
    let value = HeaderValue::from_str(text);
    let mut value =
        value.map_err(|_| format!("the {what} holds characters that no header may have"))?;
    value.set_sensitive(true);
    Ok(value)
}
