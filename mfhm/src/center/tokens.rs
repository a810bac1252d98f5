//! Tokens: secrets that say what their bearer may do at a center.
//!
//! They are in the file `tokens.json` of the center's data directory: the digest of
//! each, never the token itself, which is told once, when it is made. A running
//! center notices changes of the file by itself ([`follow`]).
//!
//! Once the file exists the center asks for a token. It goes on asking when all are
//! revoked: a leaked token that is taken back must not open the door to everybody.

pub(crate) mod follow;
pub(crate) mod remembered;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::digest::SecretDigest;
use super::private_file::{self, hex, random};
use crate::error::{Error, Result};
use crate::instance::ServiceName;

/// Name of the file in the data directory.
const FILE: &str = "tokens.json";

/// Two programs that change the file at once take turns by a lock on this one.
const LOCK: &str = ".tokens.lock";

/// The format that this version writes, and the only one so far.
const FORMAT: u32 = 1;

/// What a token begins with, so that people and secret scanners know what it is.
const PREFIX: &str = "mfhm_";

/// What the bearer of a token may do. Each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Scope {
    /// Look services up, watch them, read their documents, report that an instance
    /// failed.
    Read,
    /// Register instances of the services that the token names, and renew, hold,
    /// drain and remove them.
    Register,
    /// Everything, whatever the service.
    Operate,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Register => "register",
            Self::Operate => "operate",
        })
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "read" => Ok(Self::Read),
            "register" => Ok(Self::Register),
            "operate" => Ok(Self::Operate),
            other => Err(Error::new(format!(
                "there is no scope {other:?}; write read, register or operate"
            ))),
        }
    }
}

/// What a new token shall allow.
///
/// ```
/// use mfhm::{Scope, TokenGrant};
///
/// let for_users = TokenGrant::new(Scope::Register).name("users");
/// let for_everybody = TokenGrant::new(Scope::Register).all_names();
/// let for_dashboards = TokenGrant::new(Scope::Read);
/// ```
#[derive(Clone, Debug)]
pub struct TokenGrant {
    scope: Scope,
    names: Vec<String>,
    all: bool,
}

impl TokenGrant {
    /// A token with this scope, and no name yet.
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            names: Vec::new(),
            all: false,
        }
    }

    /// Lets the bearer be this service. Can be called several times.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// Lets the bearer be any service.
    pub fn all_names(mut self) -> Self {
        self.all = true;
        self
    }

    fn check(&self) -> Result<()> {
        for name in &self.names {
            name.parse::<ServiceName>().map_err(|error| {
                Error::new(format!("{name:?} is no name of a service: {error}"))
            })?;
        }
        if self.all && !self.names.is_empty() {
            return Err(Error::new(
                "a token is for some names or for all of them: leave one of the two out",
            ));
        }
        if self.scope == Scope::Register && !self.all && self.names.is_empty() {
            return Err(Error::new(
                "say which services the token may register: --name NAME (.name(…)), or --all \
                 (.all_names())",
            ));
        }
        if self.scope == Scope::Operate && !self.names.is_empty() {
            return Err(Error::new(
                "who operates does so for all services: leave --name (.name(…)) out",
            ));
        }
        Ok(())
    }
}

/// A token that was just made. Its `Debug` does not show the token.
#[derive(Clone)]
pub struct IssuedToken {
    /// Names it when it is to be revoked.
    pub id: String,
    /// The token itself. It is told here and nowhere else.
    pub token: String,
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// One token of a center, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenEntry {
    /// Names it when it is to be revoked.
    pub id: String,
    digest: SecretDigest,
    scope: Scope,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    all: bool,
    /// In seconds since 1970.
    created: u64,
}

impl TokenEntry {
    /// What its bearer may do.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The services that its bearer may be; see also [`all_names`](Self::all_names).
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether its bearer may be any service.
    pub fn all_names(&self) -> bool {
        self.all || self.scope == Scope::Operate
    }

    /// When it was made.
    pub fn created(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.created)
    }

    /// Whether its bearer may be this service.
    pub(crate) fn is_for(&self, name: &str) -> bool {
        self.all_names() || self.names.iter().any(|own| own == name)
    }
}

/// The file as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    format: u32,
    tokens: Vec<TokenEntry>,
}

/// All tokens of a center.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenSet {
    /// Whether there is a file, be it without tokens.
    pub is_there: bool,
    tokens: Vec<Arc<TokenEntry>>,
}

impl TokenSet {
    /// The token that this text is. Each is looked at, so that the time it takes
    /// tells nothing.
    pub(crate) fn find(&self, text: &[u8]) -> Option<Arc<TokenEntry>> {
        let digest = SecretDigest::of(text);
        let mut found = None;
        for token in &self.tokens {
            if token.digest == digest {
                found = Some(token);
            }
        }
        found.cloned()
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.tokens.iter().any(|token| token.id == id)
    }

    /// For fuzzing: what this text holds is read again as the same.
    #[cfg(fuzzing)]
    pub(crate) fn check(text: &[u8]) {
        let Ok(read) = Self::read(Path::new(FILE), Ok(text.to_vec())) else {
            return;
        };
        let contents = Contents {
            format: FORMAT,
            tokens: read.clone().into_entries(),
        };
        let written = serde_json::to_vec(&contents).expect("tokens are written");
        let again = Self::read(Path::new(FILE), Ok(written)).expect("what was written is read");
        assert_eq!(again.tokens, read.tokens);
        assert_eq!(again.is_there, read.is_there);
    }

    fn into_entries(self) -> Vec<TokenEntry> {
        let tokens = self.tokens.into_iter();
        tokens.map(Arc::unwrap_or_clone).collect()
    }

    /// Reads what was found in the file; nothing is no file.
    fn read(file: &Path, text: io::Result<Vec<u8>>) -> Result<Self> {
        let shown = file.display();
        let text = match text {
            Ok(text) => text,
            Err(error) if is_no_file(&error) => return Ok(Self::default()),
            Err(error) => {
                let context = format!("the tokens in {shown} can't be read");
                return Err(Error::with_source(context, error));
            }
        };
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let advice =
            "restore it from a back-up; or remove it, and make new tokens with `mfhm token new`";
        let broken = |error| {
            let context = format!("{shown} is no list of tokens: {advice}");
            Error::with_source(context, error)
        };
        let Version { format } = serde_json::from_slice(&text).map_err(broken)?;
        if format != FORMAT {
            return Err(Error::new(format!(
                "{shown} has the format {format}, and this version of mfhm knows {FORMAT}: use a \
                 newer one"
            )));
        }
        let contents: Contents = serde_json::from_slice(&text).map_err(broken)?;
        Ok(Self {
            is_there: true,
            tokens: contents.tokens.into_iter().map(Arc::new).collect(),
        })
    }
}

/// The tokens of the center with this data directory: makes them, lists them, and
/// takes them back, whether the center runs or not.
///
/// The program `mfhm` has the same as `mfhm token`.
///
/// ```
/// # fn main() -> mfhm::Result<()> {
/// # let dir = std::env::temp_dir().join(format!("mfhm-tokens-{}", std::process::id()));
/// use mfhm::{Scope, TokenGrant, Tokens};
///
/// let tokens = Tokens::in_dir(&dir);
/// let issued = tokens.issue(TokenGrant::new(Scope::Register).name("users"))?;
/// assert!(issued.token.starts_with("mfhm_"));
/// assert_eq!(tokens.list()?[0].names(), ["users"]);
/// assert!(tokens.revoke(&issued.id)?);
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tokens {
    dir: PathBuf,
}

impl Tokens {
    /// The tokens of the center with this data directory.
    pub fn in_dir(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The file that they are in.
    pub fn file(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    /// Makes a token of 32 random bytes and keeps its digest.
    ///
    /// # Errors
    ///
    /// The grant makes no sense, or the file can't be read or written.
    pub fn issue(&self, grant: TokenGrant) -> Result<IssuedToken> {
        grant.check()?;
        let token = format!("{PREFIX}{}", hex(&random::<32>()?));
        let digest = SecretDigest::of(token.as_bytes());
        self.change(|tokens| {
            let mut id = hex(&random::<4>()?);
            while tokens.iter().any(|token| token.id == id) {
                id = hex(&random::<4>()?);
            }
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            tokens.push(TokenEntry {
                id: id.clone(),
                digest,
                scope: grant.scope,
                names: grant.names,
                all: grant.all,
                created: now.map_or(0, |since| since.as_secs()),
            });
            Ok(IssuedToken { id, token })
        })
    }

    /// All tokens, the oldest first.
    ///
    /// # Errors
    ///
    /// The file can't be read.
    pub fn list(&self) -> Result<Vec<TokenEntry>> {
        Ok(self.read()?.into_entries())
    }

    /// Takes the token with this id back; false when there is none. Streams that were
    /// opened with it end, and what was registered with it goes when its lease ends
    /// and it does not answer any more.
    ///
    /// # Errors
    ///
    /// The file can't be read or written.
    pub fn revoke(&self, id: &str) -> Result<bool> {
        if !self.read()?.has(id) {
            return Ok(false);
        }
        self.change(|tokens| {
            let before = tokens.len();
            tokens.retain(|token| token.id != id);
            Ok(tokens.len() < before)
        })
    }

    pub(crate) fn read(&self) -> Result<TokenSet> {
        let file = self.file();
        TokenSet::read(&file, fs::read(&file))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<TokenEntry>) -> Result<T>) -> Result<T> {
        let cannot = |error| {
            let context = format!("the tokens in {} can't be written", self.file().display());
            Error::with_source(context, error)
        };
        let lock = private_file::lock(&self.dir, LOCK).map_err(cannot)?;
        let mut tokens = self.read()?.into_entries();
        let result = change(&mut tokens)?;
        let contents = Contents {
            format: FORMAT,
            tokens,
        };
        let text = serde_json::to_vec_pretty(&contents).map_err(io::Error::other);
        text.and_then(|text| private_file::write(&self.dir, FILE, &text))
            .map_err(cannot)?;
        drop(lock);
        Ok(result)
    }
}

/// That the data directory is none is said elsewhere.
fn is_no_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> (tempfile::TempDir, Tokens) {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::in_dir(dir.path().join("data"));
        (dir, tokens)
    }

    #[test]
    fn a_token_is_long_and_only_its_digest_is_kept() {
        let (_dir, tokens) = tokens();
        let grant = TokenGrant::new(Scope::Register).name("users");
        let one = tokens.issue(grant.clone()).unwrap();
        let other = tokens.issue(grant).unwrap();
        assert_eq!(one.token.len(), "mfhm_".len() + 64);
        assert_ne!(one.token, other.token);
        let text = fs::read_to_string(tokens.file()).unwrap();
        assert!(!text.contains(&one.token["mfhm_".len()..]), "{text}");
        assert!(!format!("{one:?} {:?}", tokens.list()).contains(&one.token[5..]));
        let set = tokens.read().unwrap();
        let found = set.find(one.token.as_bytes()).unwrap();
        assert_eq!((&found.id, found.is_for("users")), (&one.id, true));
        for wrong in ["", &one.token[..68], &one.token.to_uppercase()] {
            assert!(set.find(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_dir, tokens) = tokens();
        tokens.issue(TokenGrant::new(Scope::Read)).unwrap();
        for file in fs::read_dir(&tokens.dir).unwrap() {
            let mode = file.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_revoked_token_is_gone_and_the_file_stays() {
        let (_dir, tokens) = tokens();
        assert!(!tokens.read().unwrap().is_there);
        assert!(!tokens.revoke("nobody").unwrap());
        assert!(!tokens.read().unwrap().is_there, "nothing was written");
        let issued = tokens.issue(TokenGrant::new(Scope::Operate)).unwrap();
        assert!(tokens.revoke(&issued.id).unwrap());
        let set = tokens.read().unwrap();
        assert!(set.is_there && set.find(issued.token.as_bytes()).is_none());
    }

    #[test]
    fn what_makes_no_sense_is_not_made() {
        let (_dir, tokens) = tokens();
        for (grant, says) in [
            (TokenGrant::new(Scope::Register), "--name"),
            (TokenGrant::new(Scope::Register).name("a b"), "\"a b\""),
            (
                TokenGrant::new(Scope::Register).name("a").all_names(),
                "leave one",
            ),
            (TokenGrant::new(Scope::Operate).name("a"), "leave --name"),
        ] {
            let error = tokens.issue(grant).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!(!tokens.file().exists());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_kept() {
        for content in [
            "",
            "[]",
            r#"{"format": 2}"#,
            r#"{"format": 1, "tokens": [{}]}"#,
        ] {
            let (_dir, tokens) = tokens();
            fs::create_dir_all(&tokens.dir).unwrap();
            fs::write(tokens.file(), content).unwrap();
            let error = tokens.issue(TokenGrant::new(Scope::Read)).unwrap_err();
            let name = tokens.file().display().to_string();
            assert!(error.to_string().contains(&name), "{error}");
            assert_eq!(fs::read_to_string(tokens.file()).unwrap(), content);
        }
    }

    #[test]
    fn programs_that_make_tokens_at_once_take_turns() {
        let (_dir, tokens) = tokens();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| tokens.issue(TokenGrant::new(Scope::Read)).unwrap());
            }
        });
        assert_eq!(tokens.list().unwrap().len(), 8);
    }
}
