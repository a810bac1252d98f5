//! What shares a transaction: everything that is asked for until nothing more comes at
//! once.
//!
//! A sync takes hardly longer for a hundred registrations than for one, and so does a
//! transaction but for their own pages. So the store's thread is given as many as there are.
//! Whatever comes while it works waits for its next turn; and before that begins, those who
//! are about to ask are let go first. Else the thread, which a system
//! prefers to one that has worked for long, would begin with the first of a hundred requests
//! that have already arrived, where both share a processor.
//!
//! Nobody waits for somebody who may come: when the runtime has nothing else to do, the
//! turn begins. Whoever is alone waits for some microseconds.

use tokio::sync::mpsc;
use tokio::task::yield_now;

use super::Request;

/// At most this many requests share a turn.
pub(super) const GROUP: usize = 512;

/// After so many rounds in a row in which nobody came the turn begins. In the first one those
/// who are ready have not run yet, where this task was woken after them.
const QUIET: usize = 2;

/// After so many rounds it begins in any case.
const ROUNDS: usize = 32;

/// What the store's thread shares with the runtime: it takes full lists, and gives them back
/// when it has dealt with them.
pub(super) struct Exchange {
    pub(super) full: mpsc::Receiver<Vec<Request>>,
    pub(super) empty: mpsc::Sender<Vec<Request>>,
}

/// Hands `requests` to the store's thread in groups, until nobody can ask any more or the
/// thread is gone.
pub(super) fn start(requests: mpsc::Receiver<Request>) -> (impl Future<Output = ()>, Exchange) {
    // There is one list: either the thread has it, or it is being filled.
    let (to_thread, full) = mpsc::channel(1);
    let (empty, from_thread) = mpsc::channel(1);
    let lists = (to_thread, from_thread);
    (gather(requests, lists), Exchange { full, empty })
}

type Lists = (mpsc::Sender<Vec<Request>>, mpsc::Receiver<Vec<Request>>);

async fn gather(mut requests: mpsc::Receiver<Request>, (to_thread, mut from_thread): Lists) {
    let mut list = Vec::with_capacity(GROUP);
    while requests.recv_many(&mut list, GROUP).await > 0 {
        let mut quiet = 0;
        for _ in 0..ROUNDS {
            yield_now().await;
            let before = list.len();
            while list.len() < GROUP
                && let Ok(request) = requests.try_recv()
            {
                list.push(request);
            }
            quiet = if list.len() == before { quiet + 1 } else { 0 };
            if quiet == QUIET || list.len() == GROUP {
                break;
            }
        }
        if to_thread.send(list).await.is_err() {
            return;
        }
        match from_thread.recv().await {
            Some(empty) => list = empty,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request::Follow(mpsc::channel(1).0)
    }

    /// On a worker that has all of them to do before it looks for more.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn who_comes_at_once_is_of_one_group_and_who_comes_meanwhile_of_the_next() {
        let (requests, received) = mpsc::channel(GROUP);
        let (gathering, mut exchange) = start(received);
        let working = tokio::spawn(async move {
            let gathering = tokio::spawn(gathering);
            let come = |count| {
                for _ in 0..count {
                    let requests = requests.clone();
                    tokio::spawn(async move { requests.send(request()).await });
                }
            };
            come(200);
            let list = exchange.full.recv().await.unwrap();
            assert_eq!(list.len(), 200);
            come(100);
            for _ in 0..1000 {
                yield_now().await;
            }
            assert!(exchange.full.try_recv().is_err(), "the thread is at work");
            exchange.empty.send(Vec::new()).await.unwrap();
            assert_eq!(exchange.full.recv().await.unwrap().len(), 100);
            drop((exchange, requests));
            gathering.await.unwrap();
        });
        working.await.unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_for_more_than_a_group() {
        let (requests, received) = mpsc::channel(2 * GROUP);
        let (gathering, mut exchange) = start(received);
        let _gathering = tokio::spawn(gathering);
        for _ in 0..GROUP + 1 {
            requests.send(request()).await.unwrap();
        }
        assert_eq!(exchange.full.recv().await.unwrap().len(), GROUP);
        exchange.empty.send(Vec::new()).await.unwrap();
        assert_eq!(exchange.full.recv().await.unwrap().len(), 1);
    }
}
