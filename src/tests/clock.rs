//! A clock that stands still until a test turns it, and a world around it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use tokio::sync::{oneshot, watch};

use crate::world::{Clock, Moment, Request, Response, SystemEntropy, Transport, TransportError, World};

/// When tests take place.
pub(crate) const START: Moment = Moment::from_millis(1_800_000_000_000);

/// A clock turned by hand. Sleepers wake when it is turned past their time.
pub(crate) struct TestClock {
    state: Mutex<State>,
    sleepers: watch::Sender<usize>,
}

struct State {
    now: Moment,
    sleeping: Vec<(Moment, oneshot::Sender<()>)>,
}

impl TestClock {
    /// A clock that shows [`START`].
    pub(crate) fn new() -> Arc<Self> {
        let state = Mutex::new(State { now: START, sleeping: Vec::new() });
        Arc::new(Self { state, sleepers: watch::Sender::new(0) })
    }

    /// Shows another time, also an earlier one.
    pub(crate) fn set(&self, now: Moment) {
        let mut state = self.state.lock().unwrap();
        state.now = now;
        let (due, later) = std::mem::take(&mut state.sleeping).into_iter().partition(|(until, _)| *until <= now);
        state.sleeping = later;
        let left = state.sleeping.len();
        drop(state);
        self.sleepers.send_replace(left);
        let due: Vec<(Moment, oneshot::Sender<()>)> = due;
        for (_, sleeper) in due {
            // Whoever slept may be gone.
            let _ = sleeper.send(());
        }
    }

    /// Turns the clock on.
    pub(crate) fn advance(&self, by: Duration) {
        let now = self.now().plus(by);
        self.set(now);
    }

    /// Waits until at least `count` are asleep.
    pub(crate) async fn sleeping(&self, count: usize) {
        self.sleepers.subscribe().wait_for(|sleepers| *sleepers >= count).await.unwrap();
    }
}

impl Clock for TestClock {
    fn now(&self) -> Moment {
        self.state.lock().unwrap().now
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.state.lock().unwrap();
        let until = state.now.plus(wait);
        if until <= state.now {
            return Box::pin(std::future::ready(()));
        }
        let (sender, receiver) = oneshot::channel();
        state.sleeping.retain(|(_, sleeper)| !sleeper.is_closed());
        state.sleeping.push((until, sender));
        let count = state.sleeping.len();
        drop(state);
        self.sleepers.send_replace(count);
        Box::pin(async move {
            if receiver.await.is_err() {
                // The clock is gone and will never be turned again.
                std::future::pending::<()>().await;
            }
        })
    }
}

struct NoTransport;

#[async_trait]
impl Transport for NoTransport {
    async fn send(&self, _: Request) -> Result<Response, TransportError> {
        Err(TransportError::NotSent)
    }
}

/// A world with this clock, real randomness and no suppliers.
pub(crate) fn world(clock: &Arc<TestClock>) -> World {
    let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(clock);
    World { clock, entropy: Arc::new(SystemEntropy), transport: Arc::new(NoTransport) }
}
