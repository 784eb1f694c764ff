//! The circuit breaker.
//!
//! ```text
//! Closed ─FAILURES_MAX failures in a row─▶ Open ─time passes─▶ HalfOpen ─one good answer─▶ Closed
//!                                            ▲                    │
//!                                            └─────── failure, twice the wait
//! ```

use std::time::Duration;

use super::super::Breaker;
use crate::world::Moment;

/// So many failures in a row open the breaker.
pub const FAILURES_MAX: u32 = 5;
/// How long it stays open at first; twice as long after every failed look.
pub const OPEN_FIRST: Duration = Duration::from_secs(5);
/// The longest it stays open.
pub const OPEN_MAX: Duration = Duration::from_mins(1);
/// When to come back while somebody else is looking.
const LOOK: Duration = Duration::from_secs(1);

pub(super) enum Fuse {
    Closed { failures: u32 },
    Open { until: Moment, wait: Duration },
    HalfOpen { looking: bool, wait: Duration },
}

/// Something worth a line in the log.
pub(super) enum Change {
    Opened(Duration),
    Closed,
}

impl Default for Fuse {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Fuse {
    pub(super) fn state(&self, now: Moment) -> Breaker {
        match self {
            Self::Closed { .. } => Breaker::Closed,
            Self::Open { until, .. } if *until > now => Breaker::Open,
            Self::Open { .. } | Self::HalfOpen { .. } => Breaker::HalfOpen,
        }
    }

    /// How many requests would be let through now, or how long until one is.
    pub(super) fn room(&self, now: Moment) -> Result<usize, Duration> {
        match self {
            Self::Closed { .. } => Ok(usize::MAX),
            Self::Open { until, .. } if *until > now => Err(until.since(now)),
            Self::HalfOpen { looking: true, .. } => Err(LOOK),
            Self::Open { .. } | Self::HalfOpen { .. } => Ok(1),
        }
    }

    /// Lets one request through and says whether it is the one that looks.
    pub(super) fn admit(&mut self, now: Moment) -> Result<bool, Duration> {
        self.room(now)?;
        match self {
            Self::Closed { .. } => Ok(false),
            Self::Open { wait, .. } | Self::HalfOpen { wait, .. } => {
                *self = Self::HalfOpen { looking: true, wait: *wait };
                Ok(true)
            }
        }
    }

    /// Takes note of how a request ended; `None`: it was given up. Requests sent before the breaker
    /// opened say nothing any more.
    pub(super) fn note(&mut self, now: Moment, look: bool, good: Option<bool>) -> Option<Change> {
        match (&mut *self, look, good) {
            (Self::Closed { failures }, _, Some(true)) => {
                *failures = 0;
                None
            }
            (Self::Closed { failures }, _, Some(false)) => {
                *failures = failures.saturating_add(1);
                (*failures >= FAILURES_MAX).then(|| self.open(now, OPEN_FIRST))
            }
            (Self::HalfOpen { .. }, true, Some(true)) => {
                *self = Self::default();
                Some(Change::Closed)
            }
            (Self::HalfOpen { wait, .. }, true, Some(false)) => {
                let wait = wait.saturating_mul(2).min(OPEN_MAX);
                Some(self.open(now, wait))
            }
            (Self::HalfOpen { looking, .. }, true, None) => {
                *looking = false;
                None
            }
            _ => None,
        }
    }

    fn open(&mut self, now: Moment, wait: Duration) -> Change {
        *self = Self::Open { until: now.plus(wait), wait };
        Change::Opened(wait)
    }
}
