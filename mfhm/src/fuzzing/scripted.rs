//! A network in which each connection is answered with bytes of the fuzzer's.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use http::uri::Authority;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::connector::{Connector, Wire};

thread_local! {
    static SCRIPT: RefCell<Option<Arc<Script>>> = const { RefCell::new(None) };
}

/// What is left to answer.
#[derive(Debug)]
struct Script {
    answers: Mutex<VecDeque<Vec<u8>>>,
    /// So many bytes are under way at a time.
    room: usize,
}

/// Until it is dropped, this thread's connections are answered by the script.
#[derive(Debug)]
pub struct Scripted(());

/// Answers each connection with the next of these, in pieces of `room` bytes, and
/// closes it. When none is left, connections are refused.
pub fn script(answers: Vec<Vec<u8>>, room: usize) -> Scripted {
    let script = Script {
        answers: Mutex::new(answers.into()),
        room: room.max(1),
    };
    SCRIPT.set(Some(Arc::new(script)));
    Scripted(())
}

impl Drop for Scripted {
    fn drop(&mut self) {
        SCRIPT.set(None);
    }
}

/// The connector of the script, where there is one.
pub(crate) fn connector() -> Option<Arc<dyn Connector>> {
    let script = SCRIPT.with_borrow(Clone::clone);
    script.map(|script| script as Arc<dyn Connector>)
}

impl Connector for Script {
    fn connect(
        &self,
        _to: Authority,
    ) -> BoxFuture<'static, Result<Box<dyn Wire>, Box<dyn std::error::Error + Send + Sync>>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, room) = (answers.pop_front(), self.room);
        Box::pin(async move {
            let answer = answer.ok_or("refused")?;
            let (near, far) = tokio::io::duplex(room);
            tokio::spawn(async move {
                let (mut reading, mut writing) = tokio::io::split(far);
                // An answer before the question would be none.
                let mut some = [0];
                if !matches!(reading.read(&mut some).await, Ok(1)) {
                    return;
                }
                let unread = async {
                    let _ = tokio::io::copy(&mut reading, &mut tokio::io::sink()).await;
                };
                let answered = async {
                    let _ = writing.write_all(&answer).await;
                    let _ = writing.shutdown().await;
                };
                tokio::join!(unread, answered);
            });
            Ok(Box::new(near) as Box<dyn Wire>)
        })
    }
}
