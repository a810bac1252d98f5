//! Who comes in to the center, and what they may do.
//!
//! A center without a key and without tokens lets everybody in; it listens on
//! loopback then, unless its operator insisted. Else every request must carry a token
//! (`Authorization: Bearer …`, or `MFHM-AuthKey` for Python peers, which can send no
//! other header), the shared key of KeyAuth, which may do everything, or come from
//! somebody who has shown a certificate, which is as good as a token for the names in it.

mod withdrawals;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, header};
use tokio::time::Instant;

use self::withdrawals::Withdrawals;
pub(crate) use self::withdrawals::Withdrawn;
use super::audit::Actor;
use super::task::Task;
use super::tokens::follow::KnownTokens;
use super::tokens::{Scope, TokenEntry};
use crate::key::{self, Key};
use crate::listener::Certified;
use crate::wire::v1::HEADER_LEASE;

/// At most one refusal is logged in this time; the next one says how many were not.
const LOG_PAUSE: Duration = Duration::from_secs(1);

/// The guard at the center's door.
#[derive(Debug)]
pub(crate) struct Admission {
    /// Where tokens are made, for messages.
    data_dir: PathBuf,
    key: Option<Key>,
    tokens: Arc<KnownTokens>,
    /// Other machines reach the center, so it is never open, whatever becomes of the
    /// tokens.
    is_shut: bool,
    refusals: Sparse,
    withdrawals: Withdrawals,
    _follower: Option<Task>,
}

/// What a center asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    Nothing,
    /// The shared key, as Python's KeyAuth.
    Key,
    Token,
}

/// Who sent a request, as far as it proved.
#[derive(Clone, Debug)]
pub(crate) enum Principal {
    /// The center asks nobody.
    Anybody,
    /// Whoever has the shared key.
    KeyHolder,
    Bearer(Arc<TokenEntry>),
    /// Whoever has the certificate of these services.
    Certified(Arc<[Arc<str>]>),
}

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    NothingSent,
    Unknown,
}

/// What a request needs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need<'a> {
    Read,
    /// To register, whatever the name.
    RegisterSome,
    /// To register this service, or to speak for its instances.
    Register(&'a str),
}

/// Who asks: what a handler may know of the other side.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// The socket's other end.
    pub peer: IpAddr,
    pub principal: Principal,
    /// A proxy on the center's own machine passed the request on: who asks is
    /// somewhere else.
    is_forwarded: bool,
    /// The lease secret that came along.
    pub lease: Option<Key>,
}

impl Admission {
    /// The guard of the center with this data directory; starts to follow its tokens.
    pub(crate) fn new(
        data_dir: &Path,
        key: Option<Key>,
        tokens: KnownTokens,
        is_shut: bool,
    ) -> Self {
        let tokens = Arc::new(tokens);
        let follower = {
            let tokens = tokens.clone();
            Task::spawn(async move { tokens.follow().await })
        };
        Self {
            data_dir: data_dir.to_owned(),
            key,
            tokens,
            is_shut,
            refusals: Sparse::default(),
            withdrawals: Withdrawals::default(),
            _follower: Some(follower),
        }
    }

    /// A guard without tokens.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn with_key(key: Option<Key>) -> Self {
        Self {
            data_dir: PathBuf::from("./data"),
            key,
            tokens: Arc::new(KnownTokens::none()),
            is_shut: false,
            refusals: Sparse::default(),
            withdrawals: Withdrawals::default(),
            _follower: None,
        }
    }

    pub(crate) fn tokens(&self) -> &Arc<KnownTokens> {
        &self.tokens
    }

    pub(crate) fn asks(&self) -> Asks {
        if self.is_shut || self.tokens.are_asked_for() {
            if self.key.is_some() && !self.tokens.are_asked_for() {
                return Asks::Key;
            }
            return Asks::Token;
        }
        match self.key {
            Some(_) => Asks::Key,
            None => Asks::Nothing,
        }
    }

    /// Who sent a request with these headers.
    pub(crate) async fn admit(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        certified: Option<&Certified>,
    ) -> Result<Asker, Stopped> {
        let mut recognised = self.recognise(headers, certified);
        if matches!(recognised, Err(Stopped::Unknown)) {
            // The token may have been made just now.
            self.tokens.look().await;
            recognised = self.recognise(headers, certified);
        }
        let principal = match (recognised, named(certified)) {
            // What was sent may be for another center.
            (Err(Stopped::Unknown), Some(principal)) => principal,
            (recognised, _) => recognised?,
        };
        let lease = headers.get(HEADER_LEASE);
        Ok(Asker {
            peer,
            principal,
            is_forwarded: ["forwarded", "x-forwarded-for", "via"]
                .iter()
                .any(|name| headers.contains_key(*name)),
            lease: lease.map(|value| Key::new(String::from_utf8_lossy(value.as_bytes()))),
        })
    }

    /// Who sent a request with these headers over this connection, as far as that can be
    /// said at once: without waiting, and without room on the heap. All that come in do so
    /// by this, those who are answered at once as well.
    ///
    /// Whoever is [`Stopped::Unknown`] may be somebody in a moment: see
    /// [`admit`](Self::admit).
    pub(crate) fn recognise(
        &self,
        headers: &HeaderMap,
        certified: Option<&Certified>,
    ) -> Result<Principal, Stopped> {
        if self.asks() == Asks::Nothing {
            return Ok(Principal::Anybody);
        }
        let mut is_sent = false;
        for text in sent(headers) {
            if self.key.as_ref().is_some_and(|key| key.matches(text)) {
                return Ok(Principal::KeyHolder);
            }
            if let Some(token) = self.tokens.known(text.trim_ascii()) {
                return Ok(Principal::Bearer(token));
            }
            is_sent = true;
        }
        if is_sent {
            return Err(Stopped::Unknown);
        }
        named(certified).ok_or(Stopped::NothingSent)
    }

    /// What a stopped request is told.
    pub(crate) fn explain(&self, stopped: Stopped) -> String {
        match (self.asks(), stopped) {
            (Asks::Key, _) => "this center wants its key in the header MFHM-AuthKey: it is in the \
                 file `key` of the center's data directory; services and callers take it from \
                 MFHM_CENTER_KEY_FILE"
                .to_owned(),
            (_, Stopped::NothingSent) => format!("this center wants a token: {}", Self::MAKE_ONE),
            (_, Stopped::Unknown) => format!(
                "this center does not know this token; perhaps it was revoked: {}",
                Self::MAKE_ONE
            ),
        }
    }

    const MAKE_ONE: &str = "make one with `mfhm token new --name NAME` in the center's data \
         directory (--data-dir), and set MFHM_TOKEN_FILE or MFHM_TOKEN";

    /// Writes down that somebody was not let in, or not let do something.
    pub(crate) fn note(&self, peer: IpAddr, path: &str, why: &str) {
        let Some(others) = self.refusals.next(Instant::now()) else {
            return;
        };
        let path = crate::wire::problem::shown(path, 100);
        let hint = match self.asks() {
            Asks::Key => "the key is in the file `key` of the data directory".to_owned(),
            _ => format!(
                "mfhm token new --name NAME --data-dir {}",
                self.data_dir.display()
            ),
        };
        tracing::warn!(%peer, ?path, why, hint, not_logged = others, "refused");
    }

    /// Ends when what let this principal in does not any more. Absent: it always will.
    pub(crate) fn withdrawn(&self, principal: &Principal) -> Option<Withdrawn> {
        self.withdrawals.of(principal, &self.tokens)
    }
}

/// Whose certificate was shown, if it is somebody's.
fn named(certified: Option<&Certified>) -> Option<Principal> {
    let Certified(names) = certified?;
    (!names.is_empty()).then(|| Principal::Certified(names.clone()))
}

/// What was sent to come in.
fn sent(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
    });
    let key = headers.get(key::HEADER).map(|value| value.as_bytes());
    [bearer, key].into_iter().flatten()
}

impl Principal {
    /// What tells it from others; absent: nothing does.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            // Everybody has the same key.
            Self::Anybody | Self::KeyHolder => None,
            Self::Bearer(token) => Some(format!("token {}", token.id)),
            Self::Certified(names) => Some(format!("certificate {}", names.join(", "))),
        }
    }

    /// Whether it may do this; the error says what it lacks.
    pub(crate) fn require(&self, need: Need<'_>) -> Result<(), String> {
        let token = match self {
            Self::Bearer(token) => token,
            Self::Certified(names) => {
                return match need {
                    Need::Register(name) if !names.iter().any(|own| **own == *name) => {
                        Err(format!(
                            "the certificate that was shown is for {}, not for {name:?}: show one \
                             that has {name:?} among its DNS names, or send a token for it",
                            names.join(", ")
                        ))
                    }
                    Need::Read | Need::RegisterSome | Need::Register(_) => Ok(()),
                };
            }
            Self::Anybody | Self::KeyHolder => return Ok(()),
        };
        let id = &token.id;
        let is_registrar = token.scope() >= Scope::Register;
        match need {
            Need::Read => Ok(()),
            Need::RegisterSome | Need::Register(_) if !is_registrar => Err(format!(
                "the token {id} has the scope {}, and this needs the scope register: make one with \
                 `mfhm token new --name NAME --scope register`",
                token.scope()
            )),
            Need::Register(name) if !token.is_for(name) => {
                let own = match token.names() {
                    [] => "no service".to_owned(),
                    names => names.join(", "),
                };
                Err(format!(
                    "the token {id} is for {own}, not for {name:?}: make one with `mfhm token new \
                     --name {name}`"
                ))
            }
            Need::RegisterSome | Need::Register(_) => Ok(()),
        }
    }
}

impl Asker {
    /// Who did it, for the audit trail.
    pub(crate) fn actor(&self) -> Actor {
        let name = match &self.principal {
            Principal::KeyHolder => Some("key".to_owned()),
            principal => principal.name(),
        };
        Actor::named(self.peer, name)
    }

    /// Whether it may do this; the error says what it lacks.
    pub(crate) fn require(&self, need: Need<'_>) -> Result<(), String> {
        self.principal.require(need)
    }

    /// Whether it may do what operators do. Where nobody is asked, it is whoever sits
    /// at the center's own machine.
    pub(crate) fn is_operator(&self) -> bool {
        match &self.principal {
            Principal::Anybody => self.is_local(),
            Principal::KeyHolder => true,
            Principal::Bearer(token) => token.scope() >= Scope::Operate,
            // A service is no operator: a token says who is.
            Principal::Certified(_) => false,
        }
    }

    /// Whether it may be told the keys of services: it is on this machine, or it
    /// proved who it is.
    pub(crate) fn may_see_keys(&self) -> bool {
        !matches!(self.principal, Principal::Anybody) || self.is_local()
    }

    fn is_local(&self) -> bool {
        self.peer.is_loopback() && !self.is_forwarded
    }
}

/// Lets one of many through in a while.
#[derive(Debug, Default)]
struct Sparse {
    last: Mutex<Option<Instant>>,
    held_back: AtomicU64,
}

impl Sparse {
    /// How many were held back since the last one; absent: this one is, too.
    fn next(&self, now: Instant) -> Option<u64> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| now < last + LOG_PAUSE) {
            self.held_back.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *last = Some(now);
        Some(self.held_back.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let value = HeaderValue::from_str(value).unwrap();
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value)])
    }

    #[tokio::test]
    async fn only_the_exact_key_comes_in() {
        let key = "0123456789abcdef0123456789abcdef";
        let door = Admission::with_key(Some(Key::new(key)));
        let stopped = door.admit(PEER, &HeaderMap::new(), None).await.unwrap_err();
        assert_eq!(stopped, Stopped::NothingSent);
        for wrong in ["", "0123456789ABCDEF0123456789abcdef", "0123456789abcdef"] {
            let stopped = door
                .admit(PEER, &headers("mfhm-authkey", wrong), None)
                .await;
            assert_eq!(stopped.unwrap_err(), Stopped::Unknown, "{wrong}");
        }
        let asker = door.admit(PEER, &headers("mfhm-authkey", key), None).await;
        assert!(matches!(asker.unwrap().principal, Principal::KeyHolder));
    }

    #[tokio::test]
    async fn a_token_comes_in_either_header_and_may_what_it_says() {
        use crate::center::tokens::{TokenGrant, Tokens};
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::in_dir(dir.path());
        let grant = TokenGrant::new(Scope::Register).name("users");
        let token = tokens.issue(grant).unwrap().token;
        let known = KnownTokens::open(tokens).unwrap();
        let door = Admission::new(dir.path(), None, known, false);
        assert_eq!(door.asks(), Asks::Token);
        for (name, value) in [
            ("authorization", format!("Bearer {token}")),
            ("authorization", format!("bearer  {token}")),
            ("mfhm-authkey", token.clone()),
        ] {
            let asker = door
                .admit(PEER, &headers(name, &value), None)
                .await
                .unwrap();
            assert!(asker.require(Need::Register("users")).is_ok());
            let lacking = asker.require(Need::Register("orders")).unwrap_err();
            assert!(lacking.contains("--name orders"), "{lacking}");
            assert!(!asker.is_operator());
        }
        for (name, value) in [
            ("authorization", format!("Basic {token}")),
            ("authorization", token.clone()),
            ("cookie", token.clone()),
        ] {
            let stopped = door
                .admit(PEER, &headers(name, &value), None)
                .await
                .unwrap_err();
            assert_eq!(stopped, Stopped::NothingSent, "{name} {value}");
        }
    }

    #[tokio::test]
    async fn a_certificate_is_as_good_as_a_token_for_its_names_and_no_better() {
        let shut = Admission {
            is_shut: true,
            ..Admission::with_key(None)
        };
        let none = HeaderMap::new();
        let certified = |names: &[&str]| Certified(names.iter().map(|&name| name.into()).collect());
        let orders = certified(&["orders", "billing"]);
        let asker = shut.admit(PEER, &none, Some(&orders)).await.unwrap();
        for name in ["orders", "billing"] {
            assert_eq!(asker.require(Need::Register(name)), Ok(()));
        }
        let lacking = asker.require(Need::Register("users")).unwrap_err();
        assert!(
            lacking.contains("for orders, billing") && lacking.contains("\"users\""),
            "{lacking}"
        );
        assert!(!asker.is_operator() && asker.require(Need::Read).is_ok());
        let nobody = shut.admit(PEER, &none, Some(&certified(&[]))).await;
        assert_eq!(nobody.unwrap_err(), Stopped::NothingSent);
    }

    /// Every kind of center, with everything that may be sent to it: who is recognised at
    /// once is who is let in, and who is not is stopped, or only had to wait.
    #[tokio::test]
    async fn who_is_answered_at_once_is_who_is_let_in() {
        use crate::center::tokens::{TokenGrant, Tokens};
        let (dir, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let tokens = Tokens::in_dir(dir.path());
        let grants = [
            TokenGrant::new(Scope::Read),
            TokenGrant::new(Scope::Register).name("users"),
            TokenGrant::new(Scope::Operate).all_names(),
        ];
        let issued = grants.map(|grant| tokens.issue(grant).unwrap().token);
        let key = "0123456789abcdef0123456789abcdef";
        let mut texts: Vec<_> = issued.iter().map(String::as_str).collect();
        texts.extend([key, "", "mfhm_guess"]);
        let texts = || std::iter::once(None).chain(texts.iter().copied().map(Some));
        let certificates = [&[][..], &["users"], &["orders", "billing"]];
        let certificates = certificates.map(|names| {
            let names = names.iter().map(|&name| name.into());
            Certified(names.collect())
        });
        let mut seen = [0; 3];
        for (dir, key, is_shut) in [
            (empty.path(), None, false),
            (empty.path(), None, true),
            (empty.path(), Some(key), false),
            (dir.path(), None, false),
            (dir.path(), Some(key), true),
        ] {
            let known = KnownTokens::open(Tokens::in_dir(dir)).unwrap();
            // Nobody looks at the file, so nobody waits for that.
            let door = Admission {
                key: key.map(Key::new),
                tokens: Arc::new(known),
                is_shut,
                ..Admission::with_key(None)
            };
            let every = texts().flat_map(|bearer| texts().map(move |key| (bearer, key)));
            for (bearer, key) in every {
                let mut headers = HeaderMap::new();
                if let Some(text) = bearer {
                    let text = format!("Bearer {text}");
                    headers.insert(header::AUTHORIZATION, text.parse().unwrap());
                }
                if let Some(text) = key {
                    headers.insert(key::HEADER, text.parse().unwrap());
                }
                for shown in std::iter::once(None).chain(certificates.iter().map(Some)) {
                    let at_once = door.recognise(&headers, shown);
                    let admitted =
                        tokio::time::timeout(Duration::ZERO, door.admit(PEER, &headers, shown));
                    let what = format!("{bearer:?} {key:?} {shown:?} at {door:?}");
                    let said = |principal: &Principal| format!("{principal:?}");
                    match (at_once, admitted.await) {
                        (Ok(principal), Ok(Ok(asker))) => {
                            assert_eq!(said(&principal), said(&asker.principal), "{what}");
                            let needs = [Need::Read, Need::RegisterSome, Need::Register("users")];
                            for need in needs {
                                assert_eq!(principal.require(need), asker.require(need), "{what}");
                            }
                            seen[0] += 1;
                        }
                        (Err(one), Ok(Err(other))) => {
                            assert_eq!((one, other), (Stopped::NothingSent, one), "{what}");
                            seen[1] += 1;
                        }
                        // What was sent may be a token that was made just now.
                        (Err(Stopped::Unknown), Err(_)) => seen[2] += 1,
                        (at_once, admitted) => panic!("{at_once:?} and {admitted:?}: {what}"),
                    }
                }
            }
        }
        assert!(seen.iter().all(|seen| *seen > 0), "{seen:?}");
    }

    #[test]
    fn a_center_that_others_reach_stays_shut_without_tokens() {
        let door = Admission {
            is_shut: true,
            ..Admission::with_key(None)
        };
        assert_eq!(door.asks(), Asks::Token);
        assert_eq!(Admission::with_key(None).asks(), Asks::Nothing);
    }

    #[tokio::test]
    async fn who_comes_through_a_proxy_is_not_on_this_machine() {
        let door = Admission::with_key(None);
        let asker = door.admit(PEER, &HeaderMap::new(), None).await.unwrap();
        assert!(asker.is_operator() && asker.may_see_keys());
        let passed_on = headers("x-forwarded-for", "10.0.0.5");
        let asker = door.admit(PEER, &passed_on, None).await.unwrap();
        assert!(!asker.is_operator() && !asker.may_see_keys());
    }

    #[test]
    fn many_refusals_are_few_lines() {
        let sparse = Sparse::default();
        let now = Instant::now();
        assert_eq!(sparse.next(now), Some(0));
        assert_eq!(sparse.next(now), None);
        assert_eq!(sparse.next(now), None);
        assert_eq!(sparse.next(now + LOG_PAUSE), Some(2));
    }
}
