//! A center without sockets, disk or prober, and its decoders, for the fuzz targets.

use std::net::IpAddr;
use std::sync::Arc;

use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::admission::Admission;
use super::api::{Api, router};
use super::audit::Numbered;
use super::backup::lines;
use super::contracts::document::Document;
use super::health::PingOutcome;
use super::identity::Signer;
use super::record::Record;
use super::registration::room::Room;
use super::registration::{self, Probe, Probed, Registrar};
use super::registry::Target;
use super::settings::Settings;
use super::store::memory::MemoryStore;
use super::store::{Action, Snapshot, Store as _};
use super::task::Task;
use super::tokens::TokenSet;
use super::view::View;
use super::{identity, import, prober};
use crate::compat::{self, Selected, Verdict};
use crate::fuzzing::same;
use crate::wire::identity::{Claims, PublicKey, PublicKeys, Trusted, sign};
use crate::wire::python;
use crate::wire::v1::DocumentHash;

/// Nobody is there.
struct Silence;

impl Probe for Silence {
    fn probe<'a>(&'a self, _target: &'a Target, _: IpAddr) -> BoxFuture<'a, Option<Probed>> {
        let refused = Probed {
            outcome: PingOutcome::Refused,
            instance: None,
        };
        Box::pin(std::future::ready(Some(refused)))
    }
}

/// What the answer to a ping says, in pieces of one size and of another.
///
/// # Panics
///
/// When it does not say the same in both.
pub async fn ping(bytes: &[u8], rooms: [usize; 2]) {
    let [one, other] = rooms.map(|room| prober::fuzzing::heard(bytes, room));
    assert_eq!(one.await, other.await, "in pieces of {rooms:?}");
}

/// Reads what may be stored: what is good is written and read again.
///
/// # Panics
///
/// When it comes back as something else.
pub fn stored(bytes: &[u8]) {
    if let Ok(export) = lines::read(bytes) {
        let snapshot = Snapshot {
            revision: 0,
            records: export.records,
            documents: export.documents,
            marks: export.marks,
        };
        let mut written = Vec::new();
        lines::write(snapshot.clone(), &mut written).expect("memory has room");
        let again = lines::read(written.as_slice()).expect("what was written is read");
        assert_eq!(again.records, snapshot.records);
        assert_eq!(again.documents, snapshot.documents);
        assert_eq!(again.marks, snapshot.marks);
    }
    if let Ok(record) = serde_json::from_slice::<Record>(bytes) {
        let written = serde_json::to_vec(&record).expect("a record is written");
        let again: Record = serde_json::from_slice(&written).expect("what was written is read");
        assert_eq!(again, record);
    }
    Numbered::read(1, bytes);
    TokenSet::check(bytes);
    identity::check(bytes);
    let hash = DocumentHash::of(bytes);
    if let Ok(document) = Document::check(hash, bytes.to_vec().into()) {
        assert!(document.value().is_object());
    }
    if let Ok((instances, _)) = python::decode_cache(bytes) {
        let mut random = fastrand::Rng::with_seed(5);
        let batch = import::batch(instances, &Snapshot::default(), &mut random);
        for write in &batch.writes {
            let Action::Put(record) = &write.action else {
                panic!("an import removes nothing");
            };
            let written = serde_json::to_vec(&**record).expect("a record is written");
            assert_eq!(same::<Record>(&written).as_ref(), Some(&**record));
        }
    }
}

const NOW: u64 = 1_800_000_000;

/// Who calls, as somebody says it who has the center's key, or has not.
///
/// `parts` are the header and the claims of an assertion that is signed; `changed` says
/// which of its characters becomes which other one. `text` is any other assertion.
///
/// # Panics
///
/// When one is believed that the center did not sign, or that is for somebody else.
pub fn assertion(parts: (&[u8], &[u8]), changed: (u16, u8), text: &str, audience: &str) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let trusted = Trusted::new([&PublicKey::of("k", &key)]);
    let encoded = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
    let check = |text: &str| {
        let claims = trusted.check(text, audience, NOW).ok()?;
        let (signed, signature) = text.rsplit_once('.').expect("three parts");
        let right = key.sign(signed.as_bytes()).to_bytes();
        assert_eq!(signature, encoded(&right), "{text}");
        assert_eq!(claims.aud, audience);
        assert!(claims.exp.saturating_add(30) > NOW && claims.iat <= NOW + 30);
        Some(claims)
    };
    check(text);
    // A header that only needs a signature, and whatever else there may be.
    for header in [br#"{"alg":"EdDSA","kid":"k"}"#, parts.0] {
        let signed = format!("{}.{}", encoded(header), encoded(parts.1));
        let signature = key.sign(signed.as_bytes()).to_bytes();
        check(&format!("{signed}.{}", encoded(&signature)));
    }
    let claims = Claims {
        sub: text.to_owned(),
        aud: audience.to_owned(),
        iat: NOW,
        exp: NOW + 600,
    };
    let mut honest = sign(&claims, "k", &key).into_bytes();
    let believed = check(&String::from_utf8_lossy(&honest));
    assert!(believed == Some(claims) || honest.len() > 2048);
    let at = usize::from(changed.0) % honest.len();
    if honest[at] != changed.1 {
        honest[at] = changed.1;
        assert_eq!(check(&String::from_utf8_lossy(&honest)), None);
    }
}

/// The keys by which a service believes who calls.
///
/// # Panics
///
/// When they come back as others, or an assertion is believed that none of them signed.
pub fn key_set(bytes: &[u8]) {
    let Some(keys) = same::<PublicKeys>(bytes) else {
        return;
    };
    let trusted = Trusted::new(&keys.keys);
    let claims = Claims {
        sub: "orders".to_owned(),
        aud: "users".to_owned(),
        iat: NOW,
        exp: NOW + 600,
    };
    let stranger = SigningKey::from_bytes(&[9; 32]);
    let is_of_stranger = |key: &&PublicKey| key.x == PublicKey::of("", &stranger).x;
    if !keys.keys.iter().any(|key| is_of_stranger(&key)) {
        for key in &keys.keys {
            let text = sign(&claims, &key.kid, &stranger);
            assert!(trusted.check(&text, "users", NOW).is_err());
        }
    }
}

/// Two OpenAPI documents that are compared, by `mfhm check` and by a center.
///
/// # Panics
///
/// When one breaks with itself.
pub fn documents(old: &[u8], new: &[u8]) {
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    let (Some(old), Some(new)) = (read(old), read(new)) else {
        return;
    };
    let names: Vec<String> = match compat::compare(&old, &new) {
        Ok(findings) => findings.into_iter().map(|found| found.operation).collect(),
        Err(_) => Vec::new(),
    };
    let mut pairs: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), name.as_str()))
        .collect();
    pairs.truncate(8);
    assert_eq!(
        compat::compare_selected(&old, &new, &pairs).len(),
        pairs.len()
    );
    for one in [&old, &new] {
        if let Ok(findings) = compat::compare(one, one) {
            let breaks = findings
                .iter()
                .find(|found| found.verdict == Verdict::Breaking);
            assert_eq!(breaks, None, "{one}");
        }
        for selected in compat::compare_selected(one, one, &pairs) {
            if let Selected::Findings(findings) = selected {
                assert_eq!(findings, [], "{one}");
            }
        }
    }
}

/// A center that knows of nobody yet.
pub async fn center() -> Router {
    let store = Arc::new(MemoryStore::default());
    let limits = Settings::default().limits();
    let view = Arc::new(View::new(limits, fastrand::Rng::with_seed(5)));
    let changes = store.changes().await.expect("the memory does not fail");
    let follower = Task::spawn({
        let view = view.clone();
        async move { view.follow(changes).await }
    });
    let registrar = Arc::new(Registrar {
        view,
        store,
        probe: Arc::new(Silence),
        allowed: Arc::default(),
        policy: Settings::default().contract_policy,
        can_ping_tls: false,
        room: Room::new(Settings::default().capacity()),
        judging: registration::judging(),
    });
    let api = Api {
        registrar,
        admission: Arc::new(Admission::with_key(None)),
        signer: Arc::new(Signer::of_test()),
        watches: Arc::default(),
    };
    // The router owns the follower.
    router(api).layer(Extension(Arc::new(follower)))
}
