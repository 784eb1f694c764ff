//! One sliding window: who was let through lately.

use std::collections::VecDeque;
use std::time::Duration;

use super::Limit;
use crate::world::Moment;

/// Added to every window, for clocks that do not run alike and for their granularity.
pub const WINDOW_MARGIN: Duration = Duration::from_millis(100);

/// The log of one limit. Requests in flight take a place without a time, finished ones keep it for a
/// window after their answer.
pub(super) struct Window {
    limit: Option<Limit>,
    finished: VecDeque<Moment>,
    in_flight: usize,
}

impl Window {
    pub(super) const fn new(limit: Option<Limit>) -> Self {
        Self { limit, finished: VecDeque::new(), in_flight: 0 }
    }

    /// How many may be sent now.
    pub(super) fn left(&mut self, now: Moment) -> usize {
        let Some(limit) = self.limit else { return usize::MAX };
        self.forget(now, limit);
        let taken = self.finished.len().saturating_add(self.in_flight);
        usize::try_from(limit.count).unwrap_or(usize::MAX).saturating_sub(taken)
    }

    /// How long until one more may be sent with `reserve` places to spare; `None`: now.
    pub(super) fn wait(&mut self, now: Moment, reserve: usize) -> Option<Duration> {
        let limit = self.limit?;
        let missing = reserve.checked_sub(self.left(now))?;
        // Places come free from the oldest on; one that is in flight is at least a window away.
        let freed = self.finished.get(missing).copied().unwrap_or(now);
        Some(freed.plus(span(limit)).since(now))
    }

    /// Half of the places, rounded down.
    pub(super) fn half(&self) -> usize {
        self.limit.and_then(|limit| usize::try_from(limit.count / 2).ok()).unwrap_or(0)
    }

    /// Takes a place.
    pub(super) fn take(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    /// The request that took a place has its answer, or never will.
    pub(super) fn finish(&mut self, now: Moment) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.limit.is_some() {
            self.finished.push_back(now);
        }
    }

    /// Whether nothing is remembered.
    pub(super) fn is_idle(&mut self, now: Moment) -> bool {
        if let Some(limit) = self.limit {
            self.forget(now, limit);
        }
        self.in_flight == 0 && self.finished.is_empty()
    }

    fn forget(&mut self, now: Moment, limit: Limit) {
        // A clock that was set back must not hold places for longer than a window.
        if self.finished.back().is_some_and(|last| *last > now) {
            for moment in &mut self.finished {
                *moment = (*moment).min(now);
            }
        }
        while self.finished.front().is_some_and(|first| now.since(*first) >= span(limit)) {
            self.finished.pop_front();
        }
    }
}

fn span(limit: Limit) -> Duration {
    limit.window.saturating_add(WINDOW_MARGIN)
}
