//! Edits of one message: one at a time, and only the newest of those that wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{MutexGuard as AsyncGuard, watch};

use super::SendFailure;

/// A chat and a message in it.
type Key = (i64, i64);

/// The messages with an edit under way or waiting.
#[derive(Clone, Default)]
pub(super) struct Edits(Arc<Mutex<HashMap<Key, Arc<Message>>>>);

#[derive(Default)]
struct Message {
    latest: watch::Sender<u64>,
    alone: tokio::sync::Mutex<()>,
}

/// One edit's place.
pub(super) struct Turn {
    edits: Edits,
    key: Key,
    message: Arc<Message>,
    number: u64,
}

impl Edits {
    fn messages(&self) -> MutexGuard<'_, HashMap<Key, Arc<Message>>> {
        // The lock guards moves only; a panic cannot leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new edit of a message; those that still wait become old.
    pub(super) fn enter(&self, key: Key) -> Turn {
        let message = Arc::clone(self.messages().entry(key).or_default());
        let mut number = 0;
        message.latest.send_modify(|latest| {
            *latest = latest.wrapping_add(1);
            number = *latest;
        });
        Turn { edits: self.clone(), key, message, number }
    }
}

impl Turn {
    /// Waits until no other edit of the message is under way.
    pub(super) async fn alone(&self) -> Result<AsyncGuard<'_, ()>, SendFailure> {
        unless_old(Some(self), self.message.alone.lock()).await
    }
}

/// Runs `wait` unless, or until, the edit is old. Never put around a request under way.
pub(super) async fn unless_old<T>(turn: Option<&Turn>, wait: impl Future<Output = T>) -> Result<T, SendFailure> {
    let Some(turn) = turn else { return Ok(wait.await) };
    let mut latest = turn.message.latest.subscribe();
    tokio::select! {
        biased;
        _ = latest.wait_for(|latest| *latest != turn.number) => Err(SendFailure::Superseded),
        done = wait => Ok(done),
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut messages = self.edits.messages();
        // The map's and this one: nobody else edits the message. Others enter under this lock only.
        if Arc::strong_count(&self.message) == 2 {
            messages.remove(&self.key);
        }
    }
}
