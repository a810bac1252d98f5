//! The end of what let somebody in, for streams that are open when it comes.
//!
//! Thousands of streams may have come in by the same token. They share one future, which
//! follows the tokens, and each keeps a handle to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::Principal;
use crate::center::tokens::follow::KnownTokens;

/// Ends when what let somebody in does not any more.
pub(crate) type Withdrawn = Shared<BoxFuture<'static, ()>>;

type Weak = WeakShared<BoxFuture<'static, ()>>;

/// Those that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Withdrawals {
    /// By the id of the token; of nobody for who came in without one.
    awaited: Mutex<HashMap<Option<String>, Weak>>,
}

impl Withdrawals {
    /// Absent: it always lets them in.
    pub(super) fn of(&self, principal: &Principal, tokens: &Arc<KnownTokens>) -> Option<Withdrawn> {
        let token = match principal {
            Principal::Bearer(token) => Some(token.id.clone()),
            Principal::Anybody => None,
            Principal::KeyHolder | Principal::Certified(_) => return None,
        };
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = awaited.get(&token).and_then(Weak::upgrade) {
            return Some(known);
        }
        let withdrawn = {
            let (tokens, token) = (tokens.clone(), token.clone());
            async move {
                match token {
                    Some(token) => tokens.revoked(&token).await,
                    // Came in before there were tokens.
                    None => tokens.asked_for().await,
                }
            }
        };
        let withdrawn = withdrawn.boxed().shared();
        // What nobody waits for any more goes when something new is waited for.
        awaited.retain(|_, known| known.upgrade().is_some());
        awaited.extend(withdrawn.downgrade().map(|weak| (token, weak)));
        Some(withdrawn)
    }
}
