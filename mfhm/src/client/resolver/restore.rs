//! Beginning with the list of an earlier process.
//!
//! It is used when no center answers the first question, or when one answers that it
//! knows no instance: then those that accept connections stay, as those of any other
//! list do. Whatever else a center says takes its place as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::reach::leave_out_unreachable;
use super::{Knowledge, Shared};
use crate::client::endpoint::EndpointSet;
use crate::client::saved::SavedLists;

/// How long the first call waits for a center when there is a list on disk.
const PATIENCE: Duration = Duration::from_secs(1);

/// The list on disk, as long as nothing better is known.
#[derive(Debug)]
pub(super) struct Restoring {
    saved: Option<Arc<SavedLists>>,
    /// Read once. Absent inside: there is none.
    restored: OnceCell<Option<Arc<EndpointSet>>>,
    /// It was used, or something better came.
    is_over: AtomicBool,
}

impl Restoring {
    pub(super) fn new(saved: Option<Arc<SavedLists>>) -> Self {
        Self {
            is_over: AtomicBool::new(saved.is_none()),
            saved,
            restored: OnceCell::new(),
        }
    }

    /// A source told this list, after that one.
    pub(super) fn note(&self, service: &str, set: &EndpointSet, before: &EndpointSet) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(saved) = &self.saved
            && !set.endpoints.is_empty()
        {
            saved.note(service, set, !set.is_same(before));
        }
    }
}

impl Shared {
    /// The list on disk, the first time that it is needed.
    pub(super) async fn restore_once(&self) -> Option<Arc<EndpointSet>> {
        let is_over = self.restoring.is_over.load(Ordering::Relaxed);
        // A disk that does not answer must not keep anybody from what a source says
        // later.
        let restored = tokio::time::timeout(PATIENCE, self.restored());
        let set = if is_over {
            None
        } else {
            restored.await.ok().flatten()
        };
        self.restoring.is_over.store(true, Ordering::Relaxed);
        set
    }

    /// Returns when the list on disk is in use because nobody has answered for a
    /// while; never, where there is none.
    pub(super) async fn restored_in_time(&self) {
        if !self.restoring.is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(PATIENCE).await;
            let before = self.knowledge.load_full();
            if matches!(*before, Knowledge::Nothing)
                && let Some(set) = self.restored().await
            {
                // What a source has said meanwhile is better.
                let restored = Arc::new(Knowledge::Known(set));
                self.knowledge.compare_and_swap(&before, restored);
                return;
            }
        }
        std::future::pending().await
    }

    /// Read once, however often it is asked for.
    async fn restored(&self) -> Option<Arc<EndpointSet>> {
        let saved = self.restoring.saved.as_ref()?;
        let restore = async {
            let found = saved.list(&self.service).await?;
            let set = EndpointSet::default().succeed(found.endpoints);
            tracing::warn!(
                service = self.service,
                instances = set.endpoints.len(),
                age_s = found.age.as_secs(),
                "no center tells the instances so far; beginning with the last list on disk"
            );
            // Who has left since is not worth an attempt; it is let in again when it
            // accepts connections.
            leave_out_unreachable(&set).await;
            Some(Arc::new(set))
        };
        let restored = self.restoring.restored.get_or_init(|| restore).await;
        restored.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use futures_util::future::BoxFuture;
    use tokio::net::TcpListener;
    use tokio::sync::watch;
    use tokio::time::Instant;

    use super::super::Resolver;
    use super::*;
    use crate::client::clock;
    use crate::client::endpoint::Endpoint;
    use crate::client::saved::Place;
    use crate::client::source::{Source, SourceError};
    use crate::client::uses::Uses;
    use crate::fault::FaultKind;
    use crate::instance::InstanceId;

    type Answer = Result<Vec<u16>, SourceError>;

    /// Answers what the test says, as soon as it says something.
    #[derive(Debug)]
    struct Script(watch::Sender<Option<Answer>>);

    impl Script {
        fn new(answer: Option<Answer>) -> Arc<Self> {
            Arc::new(Self(watch::Sender::new(answer)))
        }

        fn say(&self, answer: Answer) {
            self.0.send_replace(Some(answer));
        }
    }

    impl Source for Script {
        fn list<'a>(
            &'a self,
            _service: &'a str,
            _known: &'a EndpointSet,
            _uses: &'a Uses,
        ) -> BoxFuture<'a, Result<Vec<Endpoint>, SourceError>> {
            Box::pin(async {
                let mut said = self.0.subscribe();
                let said = said.wait_for(Option::is_some).await.unwrap().clone();
                said.unwrap()
                    .map(|ports| ports.into_iter().map(endpoint).collect())
            })
        }
    }

    fn endpoint(port: u16) -> Endpoint {
        let id = InstanceId::from_random(port.into());
        Endpoint::new(id, "127.0.0.1".to_owned(), port, None, Vec::new())
    }

    /// A resolver of a process that starts now.
    fn started(folder: &Path, script: &Arc<Script>) -> Resolver {
        let saved = SavedLists::new(Place::new(folder.to_owned(), "here"));
        Resolver::with_saved("s".to_owned(), script.clone(), Some(Arc::new(saved)))
    }

    /// What an earlier process learnt.
    async fn left_behind(ports: &[u16]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let saved = SavedLists::new(Place::new(folder.path().to_owned(), "here"));
        let list = ports.iter().map(|&port| endpoint(port)).collect();
        saved.note("s", &EndpointSet::default().succeed(list), true);
        saved.write().await;
        folder
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    async fn ports(resolver: &Resolver) -> Result<Vec<u16>, FaultKind> {
        match resolver.endpoints(soon()).await {
            Ok(set) => Ok(set.endpoints.iter().map(|e| e.port).collect()),
            Err(fault) => Err(fault.kind()),
        }
    }

    fn unreachable() -> Answer {
        Err(SourceError::Unreachable("gone".to_owned()))
    }

    #[tokio::test]
    async fn who_starts_while_no_center_answers_begins_with_the_list_on_disk() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap().port();
        let folder = left_behind(&[alive, 1]).await;
        let script = Script::new(Some(unreachable()));
        let resolver = started(folder.path(), &script);
        let set = resolver.endpoints(soon()).await.unwrap();
        let is_out = |e: &Arc<Endpoint>| e.ejection.is_unreachable(clock::now());
        let states: Vec<_> = set.endpoints.iter().map(|e| (e.port, is_out(e))).collect();
        assert_eq!(
            states,
            [(alive, false), (1, true)],
            "no attempt at the dead one"
        );
        // The first list of a center takes its place.
        script.say(Ok(vec![5, 6]));
        resolver.wait_for_round(soon()).await.unwrap();
        assert_eq!(ports(&resolver).await, Ok(vec![5, 6]));
    }

    #[tokio::test]
    async fn an_empty_center_does_not_take_the_list_on_disk_away() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap().port();
        let folder = left_behind(&[alive, 1]).await;
        let script = Script::new(Some(Err(SourceError::Unknown)));
        let resolver = started(folder.path(), &script);
        assert_eq!(ports(&resolver).await, Ok(vec![alive]));
        for _ in 0..3 {
            resolver.wait_for_round(soon()).await.unwrap();
            assert_eq!(ports(&resolver).await, Ok(vec![alive]));
        }
        drop(listener);
        let _ = resolver.wait_for_round(soon()).await;
        assert_eq!(ports(&resolver).await, Err(FaultKind::UnknownService));
    }

    #[tokio::test(start_paused = true)]
    async fn a_center_that_does_not_answer_at_all_is_waited_for_a_second() {
        let folder = left_behind(&[1, 2]).await;
        let script = Script::new(None);
        let resolver = started(folder.path(), &script);
        let start = Instant::now();
        assert_eq!(ports(&resolver).await, Ok(vec![1, 2]));
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "{:?}",
            start.elapsed()
        );
        let start = Instant::now();
        assert_eq!(ports(&resolver).await, Ok(vec![1, 2]));
        assert_eq!(
            start.elapsed(),
            Duration::ZERO,
            "the next call waits for nothing"
        );
        script.say(Ok(vec![3]));
        resolver.wait_for_round(soon()).await.unwrap();
        assert_eq!(ports(&resolver).await, Ok(vec![3]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_keeps_nobody_from_what_a_source_says() {
        for answer in [unreachable(), Err(SourceError::Unknown)] {
            let folder = left_behind(&[1]).await;
            let place = Place::new(folder.path().to_owned(), "here");
            let saved = Arc::new(SavedLists::new(place));
            let hanging = saved.hang().await;
            let script = Script::new(Some(answer));
            let resolver = Resolver::with_saved("s".to_owned(), script.clone(), Some(saved));
            let start = Instant::now();
            let fault = ports(&resolver).await.unwrap_err();
            assert_ne!(fault, FaultKind::Timeout);
            assert!(start.elapsed() < Duration::from_secs(3), "{fault:?}");
            script.say(Ok(vec![3]));
            resolver.wait_for_round(soon()).await.unwrap();
            assert_eq!(ports(&resolver).await, Ok(vec![3]));
            hanging.abort();
        }
    }

    #[tokio::test]
    async fn a_center_that_answers_is_believed_before_the_disk() {
        let folder = left_behind(&[1]).await;
        let resolver = started(folder.path(), &Script::new(Some(Ok(vec![2]))));
        assert_eq!(ports(&resolver).await, Ok(vec![2]));
        let nothing = tempfile::tempdir().unwrap();
        let resolver = started(nothing.path(), &Script::new(Some(unreachable())));
        assert_eq!(ports(&resolver).await, Err(FaultKind::CenterUnreachable));
    }
}
