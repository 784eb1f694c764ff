//! How a supplier file talks to its upstream: within its limits, and not against a closed door.
//!
//! There is one [`Line`] for each credential. It promises:
//!
//! * In any window of time the upstream sees at most as many requests as it allows. The log of each
//!   window is a sliding one, because a strict server counts every window, not only those that begin
//!   when ours do. A request takes its place when it is sent and keeps it until a whole window after its
//!   answer, because it arrived there at some moment between the two.
//! * Sales come first: [`Purpose::Background`] leaves half of the window free.
//! * A `429` holds the whole line for as long as the upstream asks.
//! * After [`FAILURES_MAX`] failures in a row nothing is sent for a while, then one request to see.
//!
//! Nothing here waits for room. A caller who finds none gets [`SupplierError::NotSent`] with the time to
//! come back at. Only [`Line::read_patiently`], for many pages in the background, sleeps, on the clock of
//! the [`World`]. Bodies, queries and headers are never logged.

mod fuse;
mod hold;
#[cfg(test)]
mod tests;
mod window;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::fuse::{Change, Fuse};
use self::window::Window;
use super::{Breaker, Capacity, Hold, SupplierError, SupplierName};
use crate::world::{Moment, Request, Response, TransportError, World};

pub use self::fuse::{FAILURES_MAX, OPEN_FIRST, OPEN_MAX};
pub use self::hold::{HOLD_MAX, HOLD_MIN};
pub use self::window::WINDOW_MARGIN;

/// The longest one request of [`Line::read_patiently`] waits for room, all its waits together.
pub const PATIENCE: Duration = Duration::from_secs(150);

/// At most `count` requests in any `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count: u32,
    /// In how long.
    pub window: Duration,
}

/// What an upstream allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All requests; `None`: no limit is stated.
    pub requests: Option<Limit>,
    /// Purchases; `None`: no limit is stated.
    pub purchases: Option<Limit>,
    /// Requests about one and the same thing, see [`Purpose::About`]; `None`: no limit is stated.
    pub per_subject: Option<Limit>,
    /// Whether a purchase also counts as one of [`Self::requests`].
    pub purchases_are_requests: bool,
    /// How long a `429` that does not say holds the line.
    pub hold_default: Duration,
}

/// What a request is for; decides which room it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// Part of a sale: may use all room there is.
    Sale,
    /// Not urgent: leaves half of the window to sales.
    Background,
    /// Buys.
    Purchase,
    /// Part of a sale, and about one subject that has a limit of its own.
    About(&'a str),
}

/// The one way to an upstream for one credential.
pub struct Line {
    name: SupplierName,
    limits: Limits,
    world: World,
    state: Mutex<State>,
}

struct State {
    requests: Window,
    purchases: Window,
    subjects: HashMap<String, Window>,
    held_until: Moment,
    fuse: Fuse,
}

impl Line {
    /// A line nothing was sent on yet.
    pub fn new(name: SupplierName, limits: Limits, world: World) -> Self {
        let state = State {
            requests: Window::new(limits.requests),
            purchases: Window::new(limits.purchases),
            subjects: HashMap::new(),
            held_until: Moment::from_millis(i64::MIN),
            fuse: Fuse::default(),
        };
        Self { name, limits, world, state: Mutex::new(state) }
    }

    /// The present moment on the line's clock.
    pub fn now(&self) -> Moment {
        self.world.now()
    }

    /// Sends one request, once, if there is room for it now.
    ///
    /// The answer is any that the upstream gave on purpose: 2xx, 3xx, and 4xx except 408 and 429.
    ///
    /// # Errors
    /// [`SupplierError::NotSent`] without room, with the breaker open, without a connection, and on
    /// `429`. [`SupplierError::NoAnswer`] on a lost answer, `408` and 5xx.
    pub async fn send(&self, request: Request, purpose: Purpose<'_>) -> Result<Response, SupplierError> {
        let mut ticket = self.admit(purpose)?;
        let answer = self.world.transport.send(request).await;
        let (good, answer) = self.judge(answer);
        ticket.good = Some(good);
        answer
    }

    /// Sends one reading request, as [`Line::send`], but waits for room up to [`PATIENCE`]. For work in
    /// the background that takes many requests, and for nothing a sale depends on.
    ///
    /// # Errors
    /// As [`Line::send`].
    pub async fn read_patiently(&self, request: Request, purpose: Purpose<'_>) -> Result<Response, SupplierError> {
        let mut left = PATIENCE;
        loop {
            let answer = self.send(request.clone(), purpose).await;
            let Err(SupplierError::NotSent { why: Hold::RateLimited, retry_in: Some(wait) }) = answer else {
                return answer;
            };
            let wait = wait.max(WINDOW_MARGIN);
            let Some(rest) = left.checked_sub(wait) else { return answer };
            left = rest;
            self.pause(wait).await;
        }
    }

    /// Sleeps on the world's clock.
    pub async fn pause(&self, wait: Duration) {
        self.world.clock.sleep(wait).await;
    }

    /// How many purchases could be sent now, by every limit that governs them.
    pub fn capacity(&self) -> Capacity {
        let now = self.now();
        let mut state = self.state();
        let half = state.requests.half();
        let calm = state.requests.wait(now, half).is_none();
        let none = |retry_in| Capacity { purchases: 0, retry_in, calm };
        let held = state.held_until.since(now);
        if !held.is_zero() {
            return none(held);
        }
        let through_fuse = match state.fuse.room(now) {
            Ok(room) => room,
            Err(wait) => return none(wait),
        };
        let mut room = state.purchases.left(now).min(through_fuse);
        let mut wait = state.purchases.wait(now, 0);
        if self.limits.purchases_are_requests {
            room = room.min(state.requests.left(now));
            wait = wait.max(state.requests.wait(now, 0));
        }
        Capacity { purchases: u32::try_from(room).unwrap_or(u32::MAX), retry_in: wait.unwrap_or_default(), calm }
    }

    /// The state of the circuit breaker.
    pub fn breaker(&self) -> Breaker {
        self.state().fuse.state(self.now())
    }

    /// Takes a place in every window the purpose counts in, or says when to come back.
    fn admit<'a>(&'a self, purpose: Purpose<'a>) -> Result<Ticket<'a>, SupplierError> {
        let now = self.now();
        let limited = |wait| SupplierError::NotSent { why: Hold::RateLimited, retry_in: Some(wait) };
        let counted = purpose != Purpose::Purchase || self.limits.purchases_are_requests;
        let mut state = self.state();
        let held = state.held_until.since(now);
        if !held.is_zero() {
            return Err(limited(held));
        }
        let reserve = if purpose == Purpose::Background { state.requests.half() } else { 0 };
        let mut wait = None;
        if counted {
            wait = wait.max(state.requests.wait(now, reserve));
        }
        if purpose == Purpose::Purchase {
            wait = wait.max(state.purchases.wait(now, 0));
        }
        if let Purpose::About(subject) = purpose {
            state.subjects.retain(|_, window| !window.is_idle(now));
            wait = wait.max(state.subjects.get_mut(subject).and_then(|window| window.wait(now, 0)));
        }
        if let Some(wait) = wait {
            return Err(limited(wait));
        }
        let probe = state
            .fuse
            .admit(now)
            .map_err(|wait| SupplierError::NotSent { why: Hold::BreakerOpen, retry_in: Some(wait) })?;
        if counted {
            state.requests.take();
        }
        match purpose {
            Purpose::Purchase => state.purchases.take(),
            Purpose::About(subject) => {
                let fresh = || Window::new(self.limits.per_subject);
                state.subjects.entry(subject.to_owned()).or_insert_with(fresh).take();
            }
            Purpose::Sale | Purpose::Background => {}
        }
        drop(state);
        Ok(Ticket { line: self, purpose, counted, probe, good: None })
    }

    /// Whether an answer speaks for the upstream's health, and what it means to the caller.
    fn judge(&self, answer: Result<Response, TransportError>) -> (bool, Result<Response, SupplierError>) {
        match answer {
            Err(TransportError::NotSent) => {
                (false, Err(SupplierError::NotSent { why: Hold::Unreachable, retry_in: None }))
            }
            Err(TransportError::NoAnswer) => (false, Err(SupplierError::NoAnswer)),
            Ok(response) if response.status == 429 => {
                let wait = self.hold(&response);
                (true, Err(SupplierError::NotSent { why: Hold::RateLimited, retry_in: Some(wait) }))
            }
            Ok(response) if response.status == 408 || response.status >= 500 => (false, Err(SupplierError::NoAnswer)),
            Ok(response) => (true, Ok(response)),
        }
    }

    /// Holds the line for as long as a `429` asks.
    fn hold(&self, response: &Response) -> Duration {
        let now = self.now();
        let wait = hold::retry_after(response, now).unwrap_or(self.limits.hold_default).clamp(HOLD_MIN, HOLD_MAX);
        let mut state = self.state();
        state.held_until = state.held_until.max(now.plus(wait));
        drop(state);
        tracing::warn!(supplier = %self.name, wait_ms = wait.as_millis(), "told to slow down");
        wait
    }

    /// The state, also after a panic elsewhere: every change to it is complete in itself.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("name", &self.name).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// A place taken. Given back when dropped, so also when the request's future is given up.
struct Ticket<'a> {
    line: &'a Line,
    purpose: Purpose<'a>,
    counted: bool,
    probe: bool,
    good: Option<bool>,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let now = self.line.now();
        let mut state = self.line.state();
        if self.counted {
            state.requests.finish(now);
        }
        match self.purpose {
            Purpose::Purchase => state.purchases.finish(now),
            Purpose::About(subject) => {
                if let Some(window) = state.subjects.get_mut(subject) {
                    window.finish(now);
                }
            }
            Purpose::Sale | Purpose::Background => {}
        }
        let change = state.fuse.note(now, self.probe, self.good);
        drop(state);
        match change {
            Some(Change::Opened(wait)) => {
                tracing::warn!(supplier = %self.line.name, wait_ms = wait.as_millis(), "failing: nothing is sent for a while");
            }
            Some(Change::Closed) => tracing::info!(supplier = %self.line.name, "answering again"),
            None => {}
        }
    }
}
