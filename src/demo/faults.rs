//! Breaking a stand-in on purpose, limiting it, and counting what it was asked.
//!
//! A planned [`Fault`] waits for the next call of its endpoint and is spent by it. Nothing here
//! knows any particular upstream.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::wire::Answer;
use crate::world::Moment;

/// Locks a mutex; a panic elsewhere in a test must not hide the first failure behind a second.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A ready-made HTTP answer.
#[derive(Debug, Clone)]
pub struct Canned {
    status: u16,
    content_type: &'static str,
    body: String,
    retry_after_s: Option<u64>,
}

impl Canned {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", body: body.to_string(), retry_after_s: None }
    }

    /// An HTML page, as a proxy in front of the upstream would send it.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let body = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
        Self { status, content_type: "text/html", body, retry_after_s: None }
    }

    /// Any text under any content type.
    #[must_use]
    pub fn text(status: u16, content_type: &'static str, body: &str) -> Self {
        Self { status, content_type, body: body.to_owned(), retry_after_s: None }
    }

    /// The same answer with a `Retry-After` header.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    fn answer(self) -> Answer {
        let answer = Answer::body(self.status, self.content_type, self.body.into_bytes());
        match self.retry_after_s {
            Some(seconds) => answer.header("retry-after", seconds.to_string()),
            None => answer,
        }
    }
}

/// A door a call waits at until the test opens it.
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<(bool, usize)>);

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new((false, 0)))
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.0.send_modify(|state| state.0 = true);
    }

    /// Waits until `calls` calls have arrived at the gate.
    pub async fn reached(&self, calls: usize) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|state| state.1 >= calls).await;
    }

    async fn pass(&self) {
        self.0.send_modify(|state| state.1 = state.1.saturating_add(1));
        let _ = self.0.subscribe().wait_for(|state| state.0).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// What goes wrong with one call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This is answered, and nothing happens.
    Answer(Canned),
    /// It happens, but this is answered.
    AnswerAfter(Canned),
    /// It happens this much later.
    Delay(Duration),
    /// It happens at once, and the answer comes this much later.
    DelayAfter(Duration),
    /// It happens when the gate opens.
    Hold(Gate),
    /// It happens at once, and the answer comes when the gate opens.
    HoldAfter(Gate),
    /// The connection closes without a byte, and nothing happens.
    DropBefore,
    /// It happens, and the connection closes without a byte.
    DropAfter,
    /// It happens, and the connection closes in the middle of the body.
    Truncate,
}

impl Fault {
    /// Does what the call would have done, or not, and answers as planned.
    pub(super) async fn around(fault: Option<Self>, effect: impl Future<Output = Answer>) -> Answer {
        match fault {
            None => effect.await,
            Some(Self::Answer(canned)) => canned.answer(),
            Some(Self::AnswerAfter(canned)) => {
                effect.await;
                canned.answer()
            }
            Some(Self::Delay(wait)) => {
                tokio::time::sleep(wait).await;
                effect.await
            }
            Some(Self::DelayAfter(wait)) => {
                let answer = effect.await;
                tokio::time::sleep(wait).await;
                answer
            }
            Some(Self::Hold(gate)) => {
                gate.pass().await;
                effect.await
            }
            Some(Self::HoldAfter(gate)) => {
                let answer = effect.await;
                gate.pass().await;
                answer
            }
            Some(Self::DropBefore) => Answer::dropped(),
            Some(Self::DropAfter) => {
                effect.await;
                Answer::dropped()
            }
            Some(Self::Truncate) => effect.await.truncated(),
        }
    }
}

#[derive(Debug)]
struct Planned {
    scope: Option<i64>,
    left: usize,
    fault: Fault,
}

/// The faults planned for a stand-in, by endpoint.
#[derive(Debug, Default)]
pub(super) struct Faults {
    planned: Mutex<HashMap<String, VecDeque<Planned>>>,
    // Read first, so that a stand-in with nothing planned takes no lock.
    waiting: AtomicUsize,
}

impl Faults {
    /// The next `times` calls of `endpoint` (in `scope`, if given) meet `fault`.
    pub(super) fn plan(&self, endpoint: &str, scope: Option<i64>, times: usize, fault: Fault) {
        if times > 0 {
            let planned = Planned { scope, left: times, fault };
            lock(&self.planned).entry(endpoint.to_owned()).or_default().push_back(planned);
            self.waiting.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Forgets everything planned.
    pub(super) fn clear(&self) {
        lock(&self.planned).clear();
        self.waiting.store(0, Ordering::SeqCst);
    }

    /// Spends the fault planned for this call, if any.
    pub(super) fn take(&self, endpoint: &str, scope: Option<i64>) -> Option<Fault> {
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let mut planned = lock(&self.planned);
        let queue = planned.get_mut(endpoint)?;
        let at = queue.iter().position(|one| one.scope.is_none() || one.scope == scope)?;
        let one = queue.get_mut(at)?;
        one.left = one.left.saturating_sub(1);
        let fault = one.fault.clone();
        if one.left == 0 {
            queue.remove(at);
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        Some(fault)
    }
}

/// At most `limit` calls in any `span`: a sliding window, as strict as a limiter can be.
#[derive(Debug)]
pub(super) struct Window {
    limit: Option<usize>,
    span: Duration,
    hits: VecDeque<Moment>,
}

impl Window {
    pub(super) fn new(limit: usize, span: Duration) -> Self {
        Self { limit: Some(limit), span, hits: VecDeque::new() }
    }

    /// Sets another limit; `None` lifts it.
    pub(super) fn set_limit(&mut self, limit: Option<usize>) {
        self.limit = limit;
        self.hits.clear();
    }

    /// What is left for the present span.
    pub(super) fn remaining(&self) -> Option<usize> {
        self.limit.map(|limit| limit.saturating_sub(self.hits.len()))
    }

    /// Counts this call, or says in how many seconds the next one is allowed. A refused call does not count.
    pub(super) fn admit(&mut self, now: Moment) -> Result<(), u64> {
        let Some(limit) = self.limit else { return Ok(()) };
        while self.hits.front().is_some_and(|hit| now.since(*hit) >= self.span) {
            self.hits.pop_front();
        }
        if self.hits.len() < limit {
            self.hits.push_back(now);
            return Ok(());
        }
        let wait = self.hits.front().map_or(self.span, |hit| hit.plus(self.span).since(now));
        Err(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).div_ceil(1000).max(1))
    }
}

/// How often each thing happened.
#[derive(Debug, Default)]
pub(super) struct Counters(Mutex<BTreeMap<String, u64>>);

impl Counters {
    pub(super) fn count(&self, what: &str) {
        let mut counts = lock(&self.0);
        if let Some(count) = counts.get_mut(what) {
            *count = count.saturating_add(1);
        } else {
            counts.insert(what.to_owned(), 1);
        }
    }

    pub(super) fn get(&self, what: &str) -> u64 {
        lock(&self.0).get(what).copied().unwrap_or(0)
    }

    pub(super) fn all(&self) -> BTreeMap<String, u64> {
        lock(&self.0).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_spent_by_the_calls_it_was_planned_for() {
        let faults = Faults::default();
        faults.plan("buy", Some(7), 2, Fault::DropAfter);
        assert!(faults.take("wallet", Some(7)).is_none());
        assert!(faults.take("buy", Some(8)).is_none());
        assert!(faults.take("buy", Some(7)).is_some());
        assert!(faults.take("buy", Some(7)).is_some());
        assert!(faults.take("buy", Some(7)).is_none());
    }

    #[test]
    fn a_window_slides() {
        let at = Moment::from_millis;
        let mut window = Window::new(2, Duration::from_secs(10));
        assert_eq!(window.admit(at(0)), Ok(()));
        assert_eq!(window.admit(at(9_000)), Ok(()));
        assert_eq!(window.admit(at(9_500)), Err(1));
        assert_eq!(window.admit(at(10_000)), Ok(()));
        assert_eq!(window.admit(at(10_001)), Err(9));
        window.set_limit(None);
        assert_eq!(window.admit(at(10_001)), Ok(()));
    }
}
