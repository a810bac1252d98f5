//! What a file of lists holds: JSON, with the number of its format first of all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::endpoint::Endpoint;
use crate::instance::InstanceId;
use crate::wire::v1::OperationEntry;

/// Grows when older programs could not read what is written.
const FORMAT: u32 = 1;

/// One service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedService {
    /// When a source said so last, in seconds since 1970.
    pub at: u64,
    pub instances: Vec<SavedInstance>,
}

/// One instance, without what is secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedInstance {
    id: InstanceId,
    host: String,
    port: u16,
    #[serde(default)]
    operations: Vec<OperationEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    weight: u32,
    /// Reached by TLS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    tls: bool,
    /// In the caller's zone, which is part of the file's name.
    #[serde(default)]
    near: bool,
}

impl SavedInstance {
    /// Absent: it requires a key, which is not written down.
    pub(super) fn of(endpoint: &Endpoint) -> Option<Self> {
        endpoint.key.is_none().then(|| Self {
            id: endpoint.id.clone(),
            host: endpoint.host.clone(),
            port: endpoint.port,
            operations: endpoint.operations.clone(),
            version: endpoint.version.clone(),
            weight: endpoint.weight,
            tls: endpoint.is_tls,
            near: endpoint.is_near,
        })
    }

    pub(super) fn restore(&self) -> Endpoint {
        let Self {
            id,
            host,
            port,
            operations,
            version,
            weight,
            tls,
            near,
        } = self.clone();
        let mut endpoint = Endpoint::new(id, host, port, None, operations)
            .weighing(weight)
            .over_tls(tls)
            .near(near);
        endpoint.version = version;
        endpoint
    }
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    services: &'a BTreeMap<String, SavedService>,
}

#[derive(Deserialize)]
struct Numbered {
    format: u32,
}

#[derive(Deserialize)]
struct Read {
    services: BTreeMap<String, SavedService>,
}

pub(super) fn write(services: &BTreeMap<String, SavedService>) -> Vec<u8> {
    let written = Written {
        format: FORMAT,
        services,
    };
    // Texts and numbers always have a JSON form.
    serde_json::to_vec(&written).unwrap_or_default()
}

/// Reads a file; the error says what is wrong with it.
pub(super) fn read(text: &[u8]) -> Result<BTreeMap<String, SavedService>, String> {
    let Numbered { format } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if format != FORMAT {
        return Err(format!(
            "it is of format {format}, and this program reads format {FORMAT}"
        ));
    }
    let Read { services } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    Ok(services)
}
