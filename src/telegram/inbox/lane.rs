//! Lanes in memory: who waits for whom, and one update's way through its handler.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};

use super::records::{self, Row};
use super::{FAILURE_PAUSE, Handled, Inner, LANE_WAITING_MAX, MARKS_MAX, PANICS_MAX};
use crate::store::StoreError;
use crate::telegram::incoming::{Kind, parse, peek};
use crate::world::Moment;

/// Handlers at once. They mostly wait for Telegram.
const TURNS: usize = 1024;
/// Checkout answers at once, beside the others.
const CHECKOUT_TURNS: usize = 64;
/// Inline answers at once, beside the others: typing must not hold up buying.
const INLINE_TURNS: usize = 64;

/// How long a button press can be answered at Telegram.
const CALLBACK_LIFE: Duration = Duration::from_secs(150);
/// How long a press that a crash interrupted still has its effect.
const CALLBACK_RECOVERED_LIFE: Duration = Duration::from_mins(10);
/// How long an inline query can be answered.
const INLINE_LIFE: Duration = Duration::from_secs(30);
/// How long Telegram waits for the answer to a checkout.
const CHECKOUT_LIFE: Duration = Duration::from_secs(10);

/// Added to a person's identity for lanes beside the main one; no identity is this large.
const CHECKOUT_LANE: i64 = 1 << 60;
const INLINE_LANE: i64 = 1 << 61;

/// A lane: one person's updates that keep their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LaneKey(pub i64);

impl LaneKey {
    pub(super) const fn of(kind: Kind, who: i64) -> Self {
        Self(match kind {
            Kind::Checkout => who.saturating_add(CHECKOUT_LANE),
            Kind::Inline => who.saturating_add(INLINE_LANE),
            Kind::Message | Kind::Callback | Kind::Chosen | Kind::Membership => who,
        })
    }
}

/// An update on its lane.
pub(super) struct Job {
    pub update_id: i64,
    pub key: LaneKey,
    pub kind: Kind,
    pub payload: String,
    pub received_at: Moment,
    pub panics: i64,
    /// Taken over from an earlier process or another replica.
    pub recovered: bool,
}

impl Job {
    pub(super) fn from_row(row: Row, recovered: bool) -> Self {
        let kind = peek(&row.payload).and_then(|glance| glance.what).map_or(Kind::Message, |(kind, _)| kind);
        Self {
            update_id: row.update_id,
            key: LaneKey(row.lane),
            kind,
            payload: row.payload,
            received_at: row.received_at_ms,
            panics: row.attempts,
            recovered,
        }
    }

    fn is_stale(&self, now: Moment) -> bool {
        let life = match self.kind {
            Kind::Callback if self.recovered => CALLBACK_RECOVERED_LIFE,
            Kind::Callback => CALLBACK_LIFE,
            Kind::Inline => INLINE_LIFE,
            Kind::Checkout => CHECKOUT_LIFE,
            Kind::Message | Kind::Chosen | Kind::Membership => return false,
        };
        now.since(self.received_at) > life
    }
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Job>,
    /// Updates left in the table since the last one was read from there.
    spilled: u64,
}

#[derive(Default)]
struct State {
    lanes: HashMap<LaneKey, Lane>,
    /// Stored updates that wait, are handled, or are done without a written mark.
    known: HashSet<i64>,
    marks: Vec<i64>,
}

/// All lanes of this process.
pub(super) struct Lanes {
    state: Mutex<State>,
    some: Notify,
    many: Notify,
    turns: Semaphore,
    checkout_turns: Semaphore,
    inline_turns: Semaphore,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            some: Notify::new(),
            many: Notify::new(),
            turns: Semaphore::new(TURNS),
            checkout_turns: Semaphore::new(CHECKOUT_TURNS),
            inline_turns: Semaphore::new(INLINE_TURNS),
        }
    }
}

enum Step {
    Work(Job),
    /// Read the table; this many were left there.
    Load(u64),
    End,
}

impl Lanes {
    fn state(&self) -> MutexGuard<'_, State> {
        // The lock guards moves only; a panic cannot leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self) -> usize {
        self.state().lanes.len()
    }

    pub(super) fn known(&self) -> usize {
        self.state().known.len()
    }

    /// Puts an update on its lane, unless it is there. Names the lane if nobody serves it yet.
    pub(super) fn push(&self, job: Job) -> Option<LaneKey> {
        let mut state = self.state();
        if !state.known.insert(job.update_id) {
            return None;
        }
        let (key, update_id) = (job.key, job.update_id);
        match state.lanes.entry(key) {
            Entry::Vacant(place) => {
                place.insert(Lane::default()).waiting.push_back(job);
                return Some(key);
            }
            Entry::Occupied(mut place) => {
                let lane = place.get_mut();
                if lane.spilled == 0 && lane.waiting.len() < LANE_WAITING_MAX {
                    lane.waiting.push_back(job);
                    return None;
                }
                lane.spilled = lane.spilled.saturating_add(1);
            }
        }
        state.known.remove(&update_id);
        None
    }

    /// Puts an update that is not stored in the place of those that wait on its lane.
    pub(super) fn push_latest(&self, job: Job) -> Option<LaneKey> {
        let mut state = self.state();
        let key = job.key;
        let new = !state.lanes.contains_key(&key);
        let lane = state.lanes.entry(key).or_default();
        lane.waiting.clear();
        lane.waiting.push_back(job);
        new.then_some(key)
    }

    fn step(&self, key: LaneKey) -> Step {
        let mut state = self.state();
        let Some(lane) = state.lanes.get_mut(&key) else { return Step::End };
        if let Some(job) = lane.waiting.pop_front() {
            return Step::Work(job);
        }
        if lane.spilled > 0 {
            return Step::Load(lane.spilled);
        }
        state.lanes.remove(&key);
        Step::End
    }

    /// Puts what was read from the table on the lane. `seen` is what was left there before reading.
    fn loaded(&self, key: LaneKey, seen: u64, rows: Vec<Row>) {
        let mut state = self.state();
        let State { lanes, known, .. } = &mut *state;
        let Some(lane) = lanes.get_mut(&key) else { return };
        if rows.len() < LANE_WAITING_MAX && lane.spilled == seen {
            lane.spilled = 0;
        }
        for row in rows {
            if known.insert(row.update_id) {
                lane.waiting.push_back(Job::from_row(row, false));
            }
        }
    }

    /// Those of our rows that no lane knows of.
    pub(super) fn strangers(&self, held: impl Iterator<Item = (i64, LaneKey)>) -> Vec<i64> {
        let state = self.state();
        let spilled = |key: &LaneKey| state.lanes.get(key).is_some_and(|lane| lane.spilled > 0);
        held.filter(|(id, key)| !state.known.contains(id) && !spilled(key)).map(|(id, _)| id).collect()
    }

    fn mark(&self, update_id: i64) {
        let mut state = self.state();
        state.marks.push(update_id);
        let count = state.marks.len();
        drop(state);
        if count == 1 {
            self.some.notify_one();
        }
        if count == MARKS_MAX {
            self.many.notify_one();
        }
    }

    pub(super) fn take_marks(&self) -> Vec<i64> {
        std::mem::take(&mut self.state().marks)
    }

    pub(super) fn return_marks(&self, ids: Vec<i64>) {
        self.state().marks.extend(ids);
        self.some.notify_one();
    }

    pub(super) fn forget(&self, ids: &[i64]) {
        let mut state = self.state();
        for id in ids {
            state.known.remove(id);
        }
    }

    pub(super) async fn some_marks(&self) {
        self.some.notified().await;
    }

    pub(super) async fn many_marks(&self) {
        self.many.notified().await;
    }

    async fn turn(&self, kind: Kind) -> Option<SemaphorePermit<'_>> {
        let turns = match kind {
            Kind::Checkout => &self.checkout_turns,
            Kind::Inline => &self.inline_turns,
            Kind::Message | Kind::Callback | Kind::Chosen | Kind::Membership => &self.turns,
        };
        turns.acquire().await.ok()
    }
}

/// Counts a handler while it runs.
struct Busy<'a>(&'a watch::Sender<usize>);

impl<'a> Busy<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count = count.saturating_add(1));
        Self(count)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Inner {
    /// Serves a lane until it is empty or the inbox closes.
    pub(super) async fn serve(self: Arc<Self>, key: LaneKey) {
        loop {
            match self.lanes.step(key) {
                Step::Work(job) => {
                    if !self.attend(job).await {
                        return;
                    }
                }
                Step::Load(seen) => {
                    if let Err(error) = self.load(key, seen).await {
                        tracing::error!(%error, "could not read a lane's waiting updates");
                        if !self.pause(FAILURE_PAUSE).await {
                            return;
                        }
                    }
                }
                Step::End => return,
            }
        }
    }

    async fn load(&self, key: LaneKey, seen: u64) -> Result<(), StoreError> {
        // What this lane has done must not be read again.
        self.flush().await?;
        let mut tx = self.db.read().await?;
        let limit = i64::try_from(LANE_WAITING_MAX).unwrap_or(i64::MAX);
        let rows = records::of_lane(&mut tx, &self.owner, key.0, limit).await?;
        tx.commit().await?;
        self.lanes.loaded(key, seen, rows);
        Ok(())
    }

    /// One update, until it is done. False if the inbox closed before.
    async fn attend(&self, mut job: Job) -> bool {
        loop {
            let mut closing = self.closing.subscribe();
            let turn = tokio::select! {
                turn = self.lanes.turn(job.kind) => turn,
                _ = closing.wait_for(|closing| *closing) => None,
            };
            let busy = Busy::new(&self.busy);
            // Looked at after counting: whoever closes sees the count, or we see that it closes.
            if turn.is_none() || *self.closing.borrow() {
                return false;
            }
            match self.attempt(&mut job).await {
                Handled::Done => {
                    if job.kind != Kind::Inline {
                        self.lanes.mark(job.update_id);
                    }
                    return true;
                }
                Handled::Later(wait) => {
                    drop((turn, busy));
                    if !self.pause(wait).await {
                        return false;
                    }
                }
            }
        }
    }

    async fn attempt(&self, job: &mut Job) -> Handled {
        if job.is_stale(self.world.now()) {
            metrics::counter!("kiosk_updates_stale_total", "kind" => job.kind.word()).increment(1);
            return Handled::Done;
        }
        let Some(update) = parse(&job.payload) else {
            metrics::counter!("kiosk_updates_unreadable_total", "kind" => job.kind.word()).increment(1);
            return Handled::Done;
        };
        if job.panics >= PANICS_MAX {
            let told = AssertUnwindSafe(self.handler.failed(update, job.received_at)).catch_unwind().await;
            if told.is_err() {
                tracing::error!(update_id = job.update_id, "could not even say that an update failed");
            }
            return Handled::Done;
        }
        let Ok(handled) = AssertUnwindSafe(self.handler.handle(update, job.received_at)).catch_unwind().await else {
            job.panics = job.panics.saturating_add(1);
            tracing::error!(update_id = job.update_id, panics = job.panics, "a handler panicked");
            metrics::counter!("kiosk_updates_panicked_total", "kind" => job.kind.word()).increment(1);
            if let Err(error) = self.count_panic(job.update_id).await {
                tracing::error!(%error, "could not remember a panic");
            }
            return Handled::Later(Duration::ZERO);
        };
        handled
    }

    async fn count_panic(&self, update_id: i64) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        records::count_panic(&mut tx, update_id).await?;
        tx.commit().await
    }

    async fn pause(&self, wait: Duration) -> bool {
        let mut closing = self.closing.subscribe();
        tokio::select! {
            () = self.world.clock.sleep(wait) => true,
            _ = closing.wait_for(|closing| *closing) => false,
        }
    }
}
