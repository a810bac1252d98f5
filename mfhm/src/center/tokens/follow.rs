//! The tokens of a running center: its copy of the file, and the task that keeps it
//! fresh.
//!
//! The file is looked at once a second, and besides when somebody comes with a token
//! that is not known, so that a new token works at once. Requests wait for a look,
//! they never make one: strangers can't cause more than twenty a second.

use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::{TokenEntry, TokenSet, Tokens};
use crate::error::Result;

/// How often the file is looked at when nothing happens.
const PERIOD: Duration = Duration::from_secs(1);

/// The least time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// How long somebody with an unknown token waits for a look.
const PATIENCE: Duration = Duration::from_millis(500);

/// The tokens as they were when the file was last looked at.
#[derive(Debug)]
pub(crate) struct KnownTokens {
    tokens: Tokens,
    /// What the file was like before it was first read: a change since then is seen.
    at_first: Option<Stamp>,
    set: watch::Sender<Arc<TokenSet>>,
    /// Looks that began.
    begun: AtomicU64,
    /// Looks that ended.
    done: watch::Sender<u64>,
    wanted: Notify,
}

impl KnownTokens {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// It is there and can't be read.
    pub(crate) fn open(tokens: Tokens) -> Result<Self> {
        let at_first = std::fs::metadata(tokens.file()).ok().map(Stamp::of);
        let set = Arc::new(tokens.read()?);
        Ok(Self {
            tokens,
            at_first,
            set: watch::Sender::new(set),
            begun: AtomicU64::new(0),
            done: watch::Sender::new(0),
            wanted: Notify::new(),
        })
    }

    /// No tokens, and no file that is followed.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn none() -> Self {
        Self::open(Tokens::in_dir("/nowhere")).expect("there is no such folder")
    }

    /// Whether a token is asked for.
    pub(crate) fn are_asked_for(&self) -> bool {
        self.set.borrow().is_there
    }

    /// The token that this text is, by what is known of the file.
    pub(crate) fn known(&self, text: &[u8]) -> Option<Arc<TokenEntry>> {
        self.set.borrow().find(text)
    }

    /// Has the file looked at once more, and waits for that: somebody came with a token
    /// that is not known.
    pub(crate) async fn look(&self) {
        // The next look begins after this, so it sees what was written before it.
        let next = self.begun.load(Ordering::SeqCst) + 1;
        self.wanted.notify_one();
        let mut done = self.done.subscribe();
        let looked = done.wait_for(|done| *done >= next);
        let _ = tokio::time::timeout(PATIENCE, looked).await;
    }

    /// Waits until a token is asked for.
    pub(crate) async fn asked_for(&self) {
        let mut set = self.set.subscribe();
        let _ = set.wait_for(|set| set.is_there).await;
    }

    /// Waits until this token is revoked.
    pub(crate) async fn revoked(&self, id: &str) {
        let mut set = self.set.subscribe();
        // The sender is this very object.
        let _ = set.wait_for(|set| !set.has(id)).await;
    }

    /// Looks at the file, for ever.
    pub(crate) async fn follow(&self) {
        let file = self.tokens.file();
        let mut seen = Seen {
            read: self.at_first,
            failed: None,
        };
        loop {
            let looked = Instant::now();
            let _ = tokio::time::timeout(PERIOD, self.wanted.notified()).await;
            tokio::time::sleep_until(looked + PAUSE).await;
            let look = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            self.look_at(&file, &mut seen).await;
            self.done.send_replace(look);
        }
    }

    async fn look_at(&self, file: &Path, seen: &mut Seen) {
        let now = tokio::fs::metadata(file).await.ok().map(Stamp::of);
        if now == seen.read {
            return;
        }
        let text = tokio::fs::read(file).await;
        match TokenSet::read(file, text) {
            Ok(mut set) => {
                *seen = Seen {
                    read: now,
                    failed: None,
                };
                let before = self.set.borrow().clone();
                if !set.is_there && before.is_there {
                    tracing::warn!(
                        file = %file.display(),
                        "the file of the tokens is gone: nobody comes in any more; make a token \
                         with `mfhm token new`, or start the center once with --forget-tokens"
                    );
                }
                set.is_there |= before.is_there;
                tracing::info!(file = %file.display(), tokens = set.tokens.len(), "the tokens have changed");
                self.set.send_replace(Arc::new(set));
            }
            // It is read again each time: what is missing may be a file descriptor, or
            // the right to read it. Somebody has made tokens, so the door is shut.
            Err(error) => {
                let before = self.set.borrow().clone();
                if !before.is_there {
                    let shut = TokenSet {
                        is_there: true,
                        ..(*before).clone()
                    };
                    self.set.send_replace(Arc::new(shut));
                }
                if seen.failed != now {
                    seen.failed = now;
                    tracing::error!(
                        ?error,
                        "the tokens can't be read; those known so far stay, also revoked ones, and \
                         nobody else comes in"
                    );
                }
            }
        }
    }
}

/// What the file was like when it was last read, and when that last failed.
struct Seen {
    read: Option<Stamp>,
    failed: Option<Stamp>,
}

/// What tells one content of a file from another: it is replaced as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl Stamp {
    fn of(metadata: Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            inode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::center::task::Task;
    use crate::center::tokens::{IssuedToken, Scope, TokenGrant};

    fn followed() -> (tempfile::TempDir, Tokens, Arc<KnownTokens>, Task) {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::in_dir(dir.path());
        let known = Arc::new(KnownTokens::open(tokens.clone()).unwrap());
        let follower = known.clone();
        let task = Task::spawn(async move { follower.follow().await });
        (dir, tokens, known, task)
    }

    impl KnownTokens {
        /// The token that this text is, as somebody who comes with it is found.
        async fn find(&self, text: &[u8]) -> Option<Arc<TokenEntry>> {
            if let Some(token) = self.known(text) {
                return Some(token);
            }
            self.look().await;
            self.known(text)
        }
    }

    fn issue(tokens: &Tokens) -> IssuedToken {
        tokens.issue(TokenGrant::new(Scope::Read)).unwrap()
    }

    #[tokio::test]
    async fn a_new_token_works_at_once_and_a_revoked_one_soon_no_more() {
        let (_dir, tokens, known, _task) = followed();
        assert!(!known.are_asked_for());
        let issued = issue(&tokens);
        let found = known.find(issued.token.as_bytes()).await.unwrap();
        assert_eq!(found.id, issued.id);
        assert!(known.are_asked_for());
        tokens.revoke(&issued.id).unwrap();
        tokio::time::timeout(Duration::from_secs(10), known.revoked(&issued.id))
            .await
            .unwrap();
        assert!(known.find(issued.token.as_bytes()).await.is_none());
        assert!(known.are_asked_for(), "the door stays shut");
    }

    /// Whoever has made it wanted the door shut, and it can be read in a while.
    #[tokio::test]
    async fn a_first_file_that_cannot_be_read_shuts_the_door_and_is_read_again() {
        let (_dir, tokens, known, _task) = followed();
        let file = tokens.file();
        std::fs::create_dir(&file).unwrap();
        let shut = tokio::time::timeout(Duration::from_secs(10), known.asked_for());
        shut.await.unwrap();
        std::fs::remove_dir(&file).unwrap();
        let issued = issue(&tokens);
        assert!(known.find(issued.token.as_bytes()).await.is_some());
    }

    #[tokio::test]
    async fn a_file_that_goes_opens_nothing_and_a_broken_one_changes_nothing() {
        let (_dir, tokens, known, _task) = followed();
        let issued = issue(&tokens);
        let is_known = async || known.find(issued.token.as_bytes()).await.is_some();
        assert!(is_known().await);
        std::fs::write(tokens.file(), "{").unwrap();
        // Asking for another one has the file looked at.
        assert!(known.find(b"other").await.is_none());
        assert!(is_known().await);
        std::fs::remove_file(tokens.file()).unwrap();
        assert!(known.find(b"other").await.is_none());
        assert!(!is_known().await);
        assert!(known.are_asked_for());
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_do_not_make_the_center_look_more_often() {
        let (_dir, _tokens, known, _task) = followed();
        let began = Instant::now();
        for _ in 0..40 {
            assert!(known.find(b"unknown").await.is_none());
        }
        let looks = u32::try_from(known.begun.load(Ordering::SeqCst)).unwrap();
        assert!(began.elapsed() >= PAUSE * (looks - 1), "{looks} looks");
    }
}
