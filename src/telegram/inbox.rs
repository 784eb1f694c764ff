//! Updates, stored before they are confirmed and handled in order.
//!
//! **At least once.** [`Inbox::store`] returns when the updates are on disk; only then does the offset
//! move or the webhook answer 200. An update is marked done after its handler returned, and marks are
//! written in batches, so a crash may have an update handled again: handlers are idempotent by the
//! update's number. An update seen before is ignored. Inline queries are not stored: they change
//! nothing, and Telegram forgets them after half a minute itself.
//!
//! **Lanes.** One person's updates are handled one at a time, in order; different people's side by
//! side. A lane keeps at most [`LANE_WAITING_MAX`] updates in memory, the rest wait in the table, and it
//! vanishes when it is empty. Handlers take turns first come, first served, one per lane, so a
//! flood delays only its sender. Checkout answers have lanes and turns of their own. Of
//! one person's inline queries only the latest waits.
//!
//! **Panics.** A handler that panics takes nothing else with it; after [`PANICS_MAX`] times the update
//! is given to [`Handler::failed`] and done with.
//!
//! **Replicas.** A row is leased to one replica. [`Inbox::tick`] renews, takes over what a dead replica
//! left, and deletes what is old. A person's next update waits until the earlier one, held elsewhere, is
//! done.

mod lane;
mod records;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use teloxide::types::Update;
use tokio::sync::{Notify, watch};

use self::lane::{Job, LaneKey, Lanes};
use self::records::{Lease, NewRow, Row};
use super::RawUpdate;
use super::incoming::{Kind, peek};
use crate::store::{Db, StoreError};
use crate::world::{Moment, World};

/// How long a row is ours without a sign of life. A dead replica's work waits at most this long and one
/// [`TICK_PAUSE`].
const LEASE: Duration = Duration::from_secs(15);
/// The pause between two ticks.
const TICK_PAUSE: Duration = Duration::from_secs(5);
/// The pause while updates wait behind ones that are held elsewhere.
const TICK_PAUSE_PARKED: Duration = Duration::from_millis(100);
/// Updates taken over in one tick.
const CLAIM_BATCH: usize = 200;
/// Updates in memory; further ones wait in the table.
const IN_MEMORY_MAX: usize = 8192;
/// Updates of one lane in memory; further ones wait in the table.
const LANE_WAITING_MAX: usize = 64;
/// How often a handler may panic over one update.
const PANICS_MAX: i64 = 3;
/// Done updates after which the marks are written at once.
const MARKS_MAX: usize = 50;
/// The longest a mark waits for others.
const MARKS_PAUSE: Duration = Duration::from_millis(50);
/// The wait after the database failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// How long a row is remembered: longer than Telegram repeats an update (24 h).
const KEPT: Duration = Duration::from_hours(48);
/// Old rows deleted in one tick.
const PURGE_BATCH: i64 = 500;

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// Everything it asked for is committed and answered.
    Done,
    /// Not possible now; the lane waits and tries it again.
    Later(Duration),
}

/// Handles updates. Called for one update of a person at a time, and perhaps again for the same
/// update after a crash.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Does what the update asks for and answers it.
    async fn handle(&self, update: Update, received_at: Moment) -> Handled;

    /// Told that `update` made the handler panic too often and will not be tried again.
    async fn failed(&self, update: Update, received_at: Moment);
}

/// Whether other replicas may work on the same database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replicas {
    /// This is the only one: what an earlier process left is ours at once.
    One,
    /// Others may be alive: leases are waited for.
    Many,
}

/// Why updates were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InboxError {
    /// The process is ending.
    #[error("the inbox is closed")]
    Closed,
    /// They could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The inbox, as one cheap handle.
#[derive(Clone)]
pub struct Inbox(Arc<Inner>);

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inbox")
    }
}

struct Inner {
    world: World,
    db: Db,
    handler: Arc<dyn Handler>,
    owner: String,
    replicas: Replicas,
    /// Whether what an earlier process left was taken over.
    started: AtomicBool,
    lanes: Lanes,
    /// Some update waits behind one that is held elsewhere.
    parked: AtomicBool,
    wake: Notify,
    closing: watch::Sender<bool>,
    /// Handlers under way.
    busy: watch::Sender<usize>,
}

impl Inbox {
    /// An inbox that gives updates to `handler`. Nothing runs until [`Inbox::run`] or [`Inbox::store`].
    pub fn new(world: World, db: Db, handler: Arc<dyn Handler>, replicas: Replicas) -> Self {
        let owner = world.entropy.uuid_v4().to_string();
        Self(Arc::new(Inner {
            world,
            db,
            handler,
            owner,
            replicas,
            started: AtomicBool::new(false),
            lanes: Lanes::default(),
            parked: AtomicBool::new(false),
            wake: Notify::new(),
            closing: watch::Sender::new(false),
            busy: watch::Sender::new(0),
        }))
    }

    /// This process's name in leases.
    pub fn owner(&self) -> &str {
        &self.0.owner
    }

    /// Whether other processes may work on the same rows.
    pub fn replicas(&self) -> Replicas {
        self.0.replicas
    }

    /// Handlers under way.
    pub fn in_flight(&self) -> usize {
        *self.0.busy.borrow()
    }

    /// Lanes with something in them.
    pub fn lanes(&self) -> usize {
        self.0.lanes.count()
    }

    /// Stores updates in one transaction and puts them on their lanes. When it returns `Ok`, they
    /// survive a power cut. What the shop does not know, or is no update, is left out and counted.
    ///
    /// # Errors
    /// [`InboxError`]; then they must be brought again.
    pub async fn store(&self, updates: Vec<RawUpdate>) -> Result<(), InboxError> {
        if *self.0.closing.borrow() {
            return Err(InboxError::Closed);
        }
        let inner = Arc::clone(&self.0);
        // In a task of its own: a webhook's caller that hangs up must not come between storing and
        // the lanes.
        tokio::spawn(async move { inner.store(updates).await }).await.unwrap_or(Err(InboxError::Closed))
    }

    /// Writes the marks of updates that are done.
    ///
    /// # Errors
    /// [`StoreError`]; the marks are kept for the next time.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.0.flush().await
    }

    /// Renews the leases, takes over a batch of what nobody holds, and deletes a batch of what is old.
    /// Says when to come back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tick(&self) -> Result<Duration, StoreError> {
        self.0.tick().await
    }

    /// Writes marks and ticks until the inbox is drained.
    pub async fn run(&self) {
        tokio::join!(self.0.keep_marking(), self.0.keep_ticking());
    }

    /// Takes no more updates, lets the handlers under way finish until `deadline` has passed, writes
    /// their marks, and gives the rest up for others. Says whether every handler finished.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.0.closing.send_replace(true);
        let mut busy = self.0.busy.subscribe();
        let finished = tokio::select! {
            done = busy.wait_for(|count| *count == 0) => done.is_ok(),
            () = self.0.world.clock.sleep(deadline) => false,
        };
        if let Err(error) = self.0.part().await {
            tracing::warn!(%error, "could not give the inbox up; its leases will run out");
        }
        finished
    }
}

impl Inner {
    fn lease(&self) -> Lease<'_> {
        let now = self.world.now();
        Lease { owner: &self.owner, now, until: now.plus(LEASE) }
    }

    async fn store(self: Arc<Self>, updates: Vec<RawUpdate>) -> Result<(), InboxError> {
        let now = self.world.now();
        let mut rows = Vec::with_capacity(updates.len());
        let mut jobs = Vec::with_capacity(updates.len());
        for raw in updates {
            let Some((glance, (kind, who))) = peek(raw.get()).and_then(|glance| Some((glance, glance.what?))) else {
                metrics::counter!("kiosk_updates_unknown_total").increment(1);
                continue;
            };
            metrics::counter!("kiosk_updates_total", "kind" => kind.word()).increment(1);
            let key = LaneKey::of(kind, who);
            // PostgreSQL refuses NUL in text; in JSON it is only ever written as an escape.
            let payload = String::from(Box::<str>::from(raw));
            let update_id = glance.update_id;
            if kind == Kind::Inline {
                let job = Job { update_id, key, kind, payload, received_at: now, panics: 0, recovered: false };
                Self::start(&self, self.lanes.push_latest(job));
                continue;
            }
            rows.push(NewRow { update_id, lane: key.0, payload: payload.clone() });
            jobs.push(Job { update_id, key, kind, payload, received_at: now, panics: 0, recovered: false });
        }
        if rows.is_empty() {
            return Ok(());
        }
        let mut lease = self.lease();
        if self.lanes.known() >= IN_MEMORY_MAX {
            lease = Lease { owner: records::NOBODY, until: Moment::from_millis(0), ..lease };
        }
        let mut tx = self.db.begin().await?;
        let stored = records::insert(&mut tx, &rows, lease).await?;
        tx.commit().await?;
        let mut fresh: std::collections::HashMap<i64, bool> = stored.into_iter().collect();
        for job in jobs {
            match fresh.remove(&job.update_id) {
                Some(true) => Self::start(&self, self.lanes.push(job)),
                Some(false) => self.park(),
                None => metrics::counter!("kiosk_updates_repeated_total").increment(1),
            }
        }
        Ok(())
    }

    fn park(&self) {
        if !self.parked.swap(true, Ordering::AcqRel) {
            self.wake.notify_one();
        }
    }

    fn start(inner: &Arc<Self>, lane: Option<LaneKey>) {
        if let Some(key) = lane {
            tokio::spawn(Arc::clone(inner).serve(key));
        }
    }

    async fn flush(&self) -> Result<(), StoreError> {
        let ids = self.lanes.take_marks();
        if ids.is_empty() {
            return Ok(());
        }
        let written = async {
            let mut tx = self.db.begin().await?;
            records::mark_done(&mut tx, &ids).await?;
            tx.commit().await
        };
        match written.await {
            Ok(()) => self.lanes.forget(&ids),
            Err(error) => {
                self.lanes.return_marks(ids);
                return Err(error);
            }
        }
        Ok(())
    }

    async fn tick(self: &Arc<Self>) -> Result<Duration, StoreError> {
        let claimed = self.claim().await?;
        for row in claimed.rows {
            Self::start(self, self.lanes.push(Job::from_row(row, true)));
        }
        Ok(if claimed.full {
            Duration::ZERO
        } else if self.parked.load(Ordering::Acquire) {
            TICK_PAUSE_PARKED
        } else {
            TICK_PAUSE
        })
    }

    async fn claim(&self) -> Result<Claimed, StoreError> {
        let lease = self.lease();
        let room = IN_MEMORY_MAX.saturating_sub(self.lanes.known()).min(CLAIM_BATCH);
        let mut tx = self.db.begin().await?;
        if self.replicas == Replicas::One && !self.started.load(Ordering::Acquire) {
            records::take_all(&mut tx, &self.owner).await?;
        }
        records::renew(&mut tx, lease).await?;
        // A row that is ours but on no lane was stored by a transaction whose end we did not learn.
        let held = records::held(&mut tx, &self.owner).await?;
        let lost = self.lanes.strangers(held.into_iter().map(|place| (place.update_id, LaneKey(place.lane))));
        records::give_up(&mut tx, &self.owner, &lost).await?;
        let rows = records::claim(&mut tx, lease, i64::try_from(room).unwrap_or(0)).await?;
        records::purge(&mut tx, lease.now.minus(KEPT), PURGE_BATCH).await?;
        let parked = records::any_parked(&mut tx).await?;
        tx.commit().await?;
        self.started.store(true, Ordering::Release);
        self.parked.store(parked, Ordering::Release);
        Ok(Claimed { full: room > 0 && rows.len() >= room, rows })
    }

    /// Writes the last marks and gives up what is left.
    async fn part(&self) -> Result<(), StoreError> {
        self.flush().await?;
        let mut tx = self.db.begin().await?;
        records::give_up_all(&mut tx, &self.owner).await?;
        tx.commit().await
    }

    async fn keep_marking(&self) {
        let mut closing = self.closing.subscribe();
        loop {
            tokio::select! {
                () = self.lanes.some_marks() => {}
                _ = closing.wait_for(|closing| *closing) => return,
            }
            tokio::select! {
                () = self.world.clock.sleep(MARKS_PAUSE) => {}
                () = self.lanes.many_marks() => {}
                _ = closing.wait_for(|closing| *closing) => return,
            }
            if let Err(error) = self.flush().await {
                tracing::error!(%error, "could not mark updates as done");
                tokio::select! {
                    () = self.world.clock.sleep(FAILURE_PAUSE) => {}
                    _ = closing.wait_for(|closing| *closing) => return,
                }
            }
        }
    }

    async fn keep_ticking(self: &Arc<Self>) {
        let mut closing = self.closing.subscribe();
        while !*closing.borrow() {
            let pause = match self.tick().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "the inbox cannot reach its table");
                    FAILURE_PAUSE
                }
            };
            tokio::select! {
                () = self.world.clock.sleep(pause) => {}
                () = self.wake.notified() => {}
                _ = closing.wait_for(|closing| *closing) => return,
            }
        }
    }
}

struct Claimed {
    rows: Vec<Row>,
    full: bool,
}
