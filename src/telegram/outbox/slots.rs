//! A bounded number of requests at once, handed out by priority.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::Priority;

/// Places for requests under way.
#[derive(Clone)]
pub(super) struct Slots(Arc<Mutex<Line>>);

struct Line {
    free: usize,
    /// Who waits: the most urgent first, then the earliest.
    waiting: BTreeMap<(Priority, u64), oneshot::Sender<Slot>>,
    next: u64,
}

/// One place; given to the next in line when dropped.
pub(super) struct Slot(Option<Slots>);

impl Slots {
    pub(super) fn new(free: usize) -> Self {
        Self(Arc::new(Mutex::new(Line { free, waiting: BTreeMap::new(), next: 0 })))
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // The lock guards moves only; a panic cannot leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, at once or when those before are through. `None` never happens while the line lives.
    pub(super) async fn take(&self, priority: Priority) -> Option<Slot> {
        let turn = {
            let mut line = self.line();
            if let Some(rest) = line.free.checked_sub(1) {
                line.free = rest;
                return Some(Slot(Some(self.clone())));
            }
            let (sender, receiver) = oneshot::channel();
            let ticket = (priority, line.next);
            line.next = line.next.wrapping_add(1);
            line.waiting.insert(ticket, sender);
            receiver
        };
        turn.await.ok()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(slots) = self.0.take() else { return };
        loop {
            let mut line = slots.line();
            let Some((_, next)) = line.waiting.pop_first() else {
                line.free = line.free.saturating_add(1);
                return;
            };
            drop(line);
            match next.send(Slot(Some(slots.clone()))) {
                Ok(()) => return,
                // Whoever waited is gone. Emptied, so that the place is not given back twice.
                Err(mut back) => back.0 = None,
            }
        }
    }
}
