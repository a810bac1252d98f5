//! A form as it goes over a connection.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;

use super::{Multipart, MultipartError, Part, Source};
use crate::fault::Fault;
use crate::stream::ByteStream;

impl Multipart {
    /// The content type, and the body that is encoded while it is read. The
    /// error completes "the parameter …".
    pub(crate) fn encode(self) -> Result<(HeaderValue, ByteStream), String> {
        if let Some(failed) = self.failed {
            return Err(failed.to_string());
        }
        // The hasher's keys are the system's randomness: nobody who gives a
        // part's content can know the boundary before.
        let random = RandomState::new();
        let boundary = format!(
            "mfhm-{:016x}{:016x}",
            random.hash_one(1),
            random.hash_one(2)
        );
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let content_type =
            HeaderValue::from_str(&content_type).map_err(|_| "has no content type".to_owned())?;
        let length = match &self.source {
            Source::Made(parts) => {
                let mut length = Some(end(&boundary).len() as u64);
                for part in parts {
                    let head = head(part, &boundary)?.len() as u64 + 2;
                    let body = part.body.length();
                    length = length.zip(body).map(|(all, body)| all + head + body);
                }
                length
            }
            #[cfg(feature = "server")]
            Source::Received(_) => None,
        };
        let encoder = Encoder {
            form: self,
            boundary,
            stage: Stage::Between,
        };
        let chunks = stream::try_unfold(encoder, |mut encoder| async move {
            let chunk = encoder.next().await?;
            Ok::<_, Fault>(chunk.map(|chunk| (chunk, encoder)))
        });
        Ok((
            content_type,
            ByteStream::of_faults(chunks).with_length(length),
        ))
    }
}

struct Encoder {
    form: Multipart,
    boundary: String,
    stage: Stage,
}

enum Stage {
    Between,
    In(Part),
    Done,
}

impl Encoder {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        match &mut self.stage {
            Stage::Done => Ok(None),
            Stage::In(part) => {
                let chunk = part.body.next().await.transpose()?;
                Ok(Some(chunk.unwrap_or_else(|| {
                    self.stage = Stage::Between;
                    Bytes::from_static(b"\r\n")
                })))
            }
            Stage::Between => {
                let next = self.form.next().await.map_err(MultipartError::into_fault)?;
                let Some(part) = next else {
                    self.stage = Stage::Done;
                    return Ok(Some(end(&self.boundary).into()));
                };
                let head = head(&part, &self.boundary)
                    .map_err(|why| MultipartError::invalid(None, why).into_fault())?;
                self.stage = Stage::In(part);
                Ok(Some(head.into()))
            }
        }
    }
}

fn end(boundary: &str) -> String {
    format!("--{boundary}--\r\n")
}

/// What stands before a part's bytes.
fn head(part: &Part, boundary: &str) -> Result<String, String> {
    let name = escape(&part.name, "name")?;
    let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
    if let Some(file_name) = &part.file_name {
        let file_name = escape(file_name, "file name")?;
        head.push_str(&format!("; filename=\"{file_name}\""));
    }
    if let Some(content_type) = &part.content_type {
        if HeaderValue::from_str(content_type).is_err() {
            return Err(format!(
                "has a part `{}` whose content type is none",
                part.name
            ));
        }
        head.push_str("\r\nContent-Type: ");
        head.push_str(content_type);
    }
    head.push_str("\r\n\r\n");
    Ok(head)
}

/// As the HTML standard says that browsers do.
fn escape(name: &str, what: &str) -> Result<String, String> {
    // Receivers differ in whether a backslash before the closing quote escapes it.
    if name.ends_with('\\') {
        return Err(format!("has a part whose {what} ends with a backslash"));
    }
    if let Some(control) = name
        .chars()
        .find(|c| c.is_ascii_control() && !"\r\n\t".contains(*c))
    {
        return Err(format!("has a part whose {what} has {control:?} in it"));
    }
    Ok(name
        .replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A"))
}
