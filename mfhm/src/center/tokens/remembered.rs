//! That a center asks for tokens, remembered in its store. When the file of the tokens is
//! lost, a center that starts again would find none, and let everybody in.

use std::sync::Arc;
use std::time::Duration;

use super::Tokens;
use super::follow::KnownTokens;
use crate::center::admission::{Admission, Asks};
use crate::center::settings::Settings;
use crate::center::store::{Batch, Mark, Snapshot, Store};
use crate::center::task::Task;
use crate::error::{Error, Result};

const MARK: &str = "tokens";

/// How long to wait after the store could not be written.
const PAUSE: Duration = Duration::from_secs(10);

/// Looks whether tokens are missing, by what is stored. The task sees that it is
/// remembered when there are some.
///
/// # Errors
///
/// They are missing, and the center would be open without them.
pub(crate) async fn check(
    stored: &Snapshot,
    admission: &Admission,
    store: &Arc<dyn Store>,
    settings: &Settings,
) -> Result<Option<Task>> {
    let tokens = admission.tokens();
    if stored.marks.contains(MARK) {
        let is_lost = !tokens.are_asked_for();
        if is_lost && settings.forget_tokens {
            forget(&**store).await;
        } else if is_lost && admission.asks() == Asks::Nothing {
            return Err(lost(settings));
        } else {
            return Ok(None);
        }
    }
    let remembering = remember(tokens.clone(), store.clone());
    Ok(Some(Task::spawn(remembering)))
}

fn lost(settings: &Settings) -> Error {
    let dir = &settings.data_dir;
    let file = Tokens::in_dir(dir).file();
    let (file, dir) = (file.display(), dir.display());
    Error::new(format!(
        "this center asked for tokens, and their file {file} is gone: without it everybody would \
         come in. Restore it from a back-up; or make new tokens with `mfhm token new --data-dir \
         {dir}`; or, if nobody shall be asked any more, start the center once with --forget-tokens \
         (.forget_tokens(true))"
    ))
}

async fn forget(store: &dyn Store) {
    let mark = Mark::Clear(MARK.to_owned());
    match store.commit(Batch::mark(mark)).await {
        Ok(_) => tracing::info!("it is forgotten that there were tokens"),
        Err(error) => tracing::error!(
            %error,
            "it can't be forgotten that there were tokens: the next start needs --forget-tokens too"
        ),
    }
}

/// Waits until tokens are asked for.
async fn remember(tokens: Arc<KnownTokens>, store: Arc<dyn Store>) {
    tokens.asked_for().await;
    let mark = || Batch::mark(Mark::Set(MARK.to_owned()));
    let mut is_told = false;
    while let Err(error) = store.commit(mark()).await {
        if !std::mem::replace(&mut is_told, true) {
            tracing::error!(
                %error,
                "it can't be stored that there are tokens: should their file be lost before the \
                 next start, the center would not miss it; this is tried again"
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}
