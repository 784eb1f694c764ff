//! The system's clock, which a story can turn on: it runs as always, only ahead.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, select};
use tokio::sync::watch;

use crate::world::{Clock, Moment, SystemClock};

/// The system's clock and some. Sleepers wake early when it is turned on past their time.
pub(super) struct Ahead(watch::Sender<Duration>);

impl Ahead {
    /// A clock that shows the system's time.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(Duration::ZERO)))
    }

    /// Turns the clock on.
    pub(super) fn advance(&self, by: Duration) {
        self.0.send_modify(|ahead| *ahead = ahead.saturating_add(by));
    }
}

impl Clock for Ahead {
    fn now(&self) -> Moment {
        SystemClock.now().plus(*self.0.borrow())
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        let until = self.now().plus(wait);
        let mut ahead = self.0.subscribe();
        Box::pin(async move {
            loop {
                let left = until.since(SystemClock.now().plus(*ahead.borrow_and_update()));
                if left.is_zero() {
                    return;
                }
                let turned = Box::pin(async { ahead.changed().await.is_ok() });
                select(SystemClock.sleep(left), turned).await;
            }
        })
    }
}
