//! What commands that operate a center have in common: where it is, what lets them in,
//! and what it says when it does not.

use std::path::PathBuf;

use clap::Args;
use http::StatusCode;
use mfhm::__private::{Operator, Stranger};
use mfhm::Problem;
use reqwest::Url;
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
    #[cfg(feature = "tls")]
    #[command(flatten)]
    certificates: super::certificates::Own,
}

impl Credentials {
    /// Whoever has these.
    pub(crate) fn operator(&self) -> Result<Operator, String> {
        let key = secret("key", "MFHM_CENTER_KEY", self.center_key_file.as_ref())?;
        let token = secret("token", "MFHM_TOKEN", self.token_file.as_ref())?;
        let operator = Operator::new(
            key,
            token,
            #[cfg(feature = "tls")]
            self.certificates.clone().files(),
        );
        operator.map_err(|error| super::chain(&error))
    }

    /// Who asks instances of this service: with these certificates, and nothing else.
    pub(crate) fn stranger(&self, service: &str) -> Result<Stranger, String> {
        let stranger = Stranger::new(
            Some(service.trim()),
            #[cfg(feature = "tls")]
            self.certificates.clone().files(),
        );
        stranger.map_err(|error| super::chain(&error))
    }
}

/// A center that was named.
#[derive(Debug)]
pub(crate) struct Center(Url);

impl Center {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let url = Url::parse(&full).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        url.map(Self).ok_or_else(|| {
            format!("{text:?} is no address of a center; write one such as http://127.0.0.1:21428")
        })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The path of this on it.
    pub(crate) fn path(&self, segments: &[&str]) -> String {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url.path().to_owned()
    }
}

/// What a center said in place of doing it.
pub(crate) fn refused(center: &str, status: StatusCode, answer: &Value) -> String {
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
