//! When the next message may go: a pace, and pauses that Telegram asked for.
//!
//! Pure: told the time, it says "now" or how long to wait. Those who wait hold tickets, so that the
//! more urgent go first when a pause ends.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Priority;
use crate::world::Moment;

/// After a pause, messages to the same place keep this distance for [`SLOW_TIME`].
const SLOW_STEP: Duration = Duration::from_secs(1);
/// How long a place stays slow after Telegram complained.
const SLOW_TIME: Duration = Duration::from_secs(30);
/// How long one more look is put off when somebody more urgent is about to go.
const YIELD_STEP: Duration = Duration::from_millis(20);
/// The most places in the line that are counted for an estimate.
const COUNTED_MAX: usize = 256;

/// A regular pace with room for a burst.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The lasting distance between two messages.
    pub step: Duration,
    /// How far ahead of the pace a burst may run.
    pub burst: Duration,
}

/// A place in a line: the more urgent first, then the earlier.
pub(super) type Ticket = (Priority, u64);

/// One gate: a chat's, or the whole bot's.
#[derive(Debug)]
pub(super) struct Gate {
    pace: Option<Pace>,
    /// When the pace alone would send the next message if there were no bursts.
    due: Moment,
    closed_until: Moment,
    slow_until: Moment,
    waiting: BTreeSet<Ticket>,
}

impl Gate {
    pub(super) const fn new(pace: Option<Pace>) -> Self {
        const START: Moment = Moment::from_millis(i64::MIN);
        Self { pace, due: START, closed_until: START, slow_until: START, waiting: BTreeSet::new() }
    }

    /// Lets the holder of `ticket` through, or says when to look again.
    pub(super) fn pass(&mut self, ticket: Ticket, now: Moment) -> Result<(), Duration> {
        let ahead = self.waiting.range(..ticket).take(COUNTED_MAX).count();
        let open = self.opens(now);
        if ahead == 0 && open <= now {
            self.waiting.remove(&ticket);
            if let Some(pace) = self.pace {
                self.due = self.due.max(now).plus(pace.step);
            }
            if now < self.slow_until {
                self.closed_until = now.plus(SLOW_STEP);
            }
            return Ok(());
        }
        self.waiting.insert(ticket);
        let step = self.step(now).max(YIELD_STEP);
        Err(open.since(now).saturating_add(step.saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX))))
    }

    /// When the gate opens, at `now`.
    pub(super) fn opens(&self, now: Moment) -> Moment {
        let paced = self.pace.map_or(now, |pace| self.due.minus(pace.burst));
        self.closed_until.max(paced)
    }

    fn step(&self, now: Moment) -> Duration {
        if self.opens(now) < self.slow_until {
            return SLOW_STEP;
        }
        self.pace.map_or(Duration::ZERO, |pace| pace.step)
    }

    /// Gives a ticket back.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
    }

    /// Closes the gate for as long as Telegram asked, and slows it for a while after.
    pub(super) fn close(&mut self, wait: Duration, now: Moment) {
        let until = now.plus(wait);
        self.closed_until = self.closed_until.max(until);
        self.slow_until = self.slow_until.max(until.plus(SLOW_TIME));
    }

    /// Closes the gate without slowing it afterwards.
    pub(super) fn close_only(&mut self, wait: Duration, now: Moment) {
        self.closed_until = self.closed_until.max(now.plus(wait));
    }

    /// Whether forgetting this gate changes nothing.
    pub(super) fn is_idle(&self, now: Moment) -> bool {
        self.waiting.is_empty() && self.due <= now && self.closed_until <= now && self.slow_until <= now
    }
}
