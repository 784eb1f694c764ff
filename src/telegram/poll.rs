//! Asking Telegram for updates.
//!
//! Only one process may ask, so asking is a lease: the row `telegram.poll`. A standby looks at it every
//! [`STANDBY_PAUSE`] and takes over when it has run out. Should two ask at once all the same, Telegram
//! ends one request, and updates seen twice are ignored by the inbox; nothing is lost.
//!
//! An update is confirmed by the next request's offset, which moves only after the inbox has stored it.
//! The offset is not kept anywhere: a fresh process asks without one, is given what is unconfirmed, and
//! confirms what it has.

use std::time::Duration;

use tokio::sync::watch;

use super::inbox::{Inbox, InboxError, Replicas};
use super::incoming::peek;
use super::{RawUpdate, SendFailure, Telegram};
use crate::store::{Db, StoreError, args};
use crate::world::{Moment, World};

/// The lease's name.
const LEASE_NAME: &str = "telegram.poll";
/// How long the lease lasts. With [`STANDBY_PAUSE`], a standby takes over within 30 s.
const LEASE: Duration = Duration::from_secs(24);
/// The lease is renewed when it has less than this left: longer than one request may take.
const LEASE_MARGIN: Duration = Duration::from_secs(18);
/// How often a standby looks whether it is needed.
const STANDBY_PAUSE: Duration = Duration::from_secs(2);
/// The wait after the first failure; doubled after each.
const BACKOFF_MIN: Duration = Duration::from_millis(500);
/// The longest wait after a failure.
const BACKOFF_MAX: Duration = Duration::from_secs(15);
/// The wait when another process asks with the same token.
const OTHER_POLLER_PAUSE: Duration = Duration::from_secs(3);
/// The wait when the token is refused: only a person can mend that.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);

/// Asks for updates and stores them.
#[derive(Debug)]
pub struct Poller {
    telegram: Telegram,
    inbox: Inbox,
    db: Db,
    world: World,
    offset: Option<i64>,
    leased_until: Option<Moment>,
    /// Whether the lease is taken even from somebody else: once, by the only replica, because the
    /// holder is then an earlier process that ended without giving it up.
    insist: bool,
    backoff: Duration,
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Telegram(#[from] SendFailure),
    #[error(transparent)]
    Inbox(#[from] InboxError),
}

impl Poller {
    /// A poller that stores into `inbox`. Asks nothing yet.
    pub fn new(telegram: Telegram, inbox: Inbox, db: Db, world: World) -> Self {
        let insist = inbox.replicas() == Replicas::One;
        Self { telegram, inbox, db, world, offset: None, leased_until: None, insist, backoff: BACKOFF_MIN }
    }

    /// Asks until `stop` turns true; a request under way is then dropped, and nothing more is confirmed.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = async {
                    let wait = self.poll_once().await;
                    if !wait.is_zero() {
                        self.world.clock.sleep(wait).await;
                    }
                } => {}
            }
        }
        if let Err(error) = self.give_up().await {
            tracing::warn!(%error, "could not give polling up; its lease will run out");
        }
    }

    /// One request, if it is our turn. Says when to ask again; never fails.
    pub async fn poll_once(&mut self) -> Duration {
        match self.take_lease().await {
            Ok(true) => {}
            Ok(false) => return STANDBY_PAUSE,
            Err(error) => {
                tracing::error!(%error, "cannot tell whose turn it is to poll");
                return self.back_off();
            }
        }
        match self.fetch().await {
            Ok(()) => {
                self.backoff = BACKOFF_MIN;
                Duration::ZERO
            }
            Err(PollError::Inbox(error)) => {
                tracing::error!(%error, "updates were not stored and are not confirmed");
                self.back_off()
            }
            Err(PollError::Telegram(failure)) => self.after(failure).await,
        }
    }

    async fn fetch(&mut self) -> Result<(), PollError> {
        let updates = self.telegram.updates(self.offset).await?;
        let last = updates.iter().filter_map(|raw: &RawUpdate| peek(raw.get())).map(|glance| glance.update_id).max();
        if updates.is_empty() {
            return Ok(());
        }
        self.inbox.store(updates).await?;
        if let Some(last) = last {
            // Not the larger of the two: after a quiet week Telegram starts again at a random number.
            self.offset = Some(last.saturating_add(1));
        }
        Ok(())
    }

    async fn after(&mut self, failure: SendFailure) -> Duration {
        match failure {
            SendFailure::WebhookActive => {
                tracing::warn!("a webhook was set; it is removed, because this process polls");
                match self.telegram.delete_webhook().await {
                    Ok(()) => Duration::ZERO,
                    Err(_) => self.back_off(),
                }
            }
            SendFailure::OtherPoller => {
                tracing::warn!("another process polls with this token");
                self.world.entropy.jittered(OTHER_POLLER_PAUSE.saturating_mul(2))
            }
            SendFailure::Unauthorized => {
                tracing::error!("Telegram refuses the bot token: check KIOSK_TELEGRAM__TOKEN");
                REFUSED_PAUSE
            }
            SendFailure::TooManyRequests(wait) => wait,
            other => {
                tracing::warn!(failure = other.word(), "no updates from Telegram");
                self.back_off()
            }
        }
    }

    fn back_off(&mut self) -> Duration {
        let wait = self.world.entropy.jittered(self.backoff);
        self.backoff = self.backoff.saturating_mul(2).min(BACKOFF_MAX);
        wait
    }

    /// Whether it is our turn; renews the lease when it runs short.
    async fn take_lease(&mut self) -> Result<bool, StoreError> {
        let now = self.world.now();
        if self.leased_until.is_some_and(|until| until.since(now) > LEASE_MARGIN) {
            return Ok(true);
        }
        let until = now.plus(LEASE);
        let mut tx = self.db.begin().await?;
        let rows = tx
            .execute(
                "INSERT INTO leases (name, owner, until_ms) VALUES ($1, $2, $3)
                 ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until_ms = excluded.until_ms
                 WHERE leases.owner = $2 OR leases.until_ms <= $4 OR $5 = 1",
                args![LEASE_NAME, self.inbox.owner(), until, now, self.insist],
            )
            .await?;
        tx.commit().await?;
        self.insist = false;
        let ours = rows == 1;
        if ours != self.leased_until.is_some() {
            tracing::info!(ours, "polling changed hands");
        }
        if !ours {
            // Whoever polls in between moves on; start from what is unconfirmed.
            self.offset = None;
        }
        self.leased_until = ours.then_some(until);
        Ok(ours)
    }

    async fn give_up(&self) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        tx.execute(
            "UPDATE leases SET until_ms = 0 WHERE name = $1 AND owner = $2",
            args![LEASE_NAME, self.inbox.owner()],
        )
        .await?;
        tx.commit().await
    }
}
