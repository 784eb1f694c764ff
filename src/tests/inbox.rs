//! The inbox: nothing lost, nothing out of order, nobody in another's way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use teloxide::types::{Update, UpdateKind};
use tokio::sync::{Semaphore, watch};

use crate::store::{Db, args};
use crate::telegram::RawUpdate;
use crate::telegram::inbox::{Handled, Handler, Inbox, InboxError, Replicas};
use crate::tests::both::on_both;
use crate::tests::clock::{TestClock, world};
use crate::world::Moment;

/// Notes what it handles; a text says what it does with it.
pub(super) struct Script {
    seen: watch::Sender<Vec<u32>>,
    failed: watch::Sender<Vec<u32>>,
    gate: Semaphore,
    tries: Mutex<HashMap<u32, u32>>,
}

impl Script {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            seen: watch::Sender::new(Vec::new()),
            failed: watch::Sender::new(Vec::new()),
            gate: Semaphore::new(0),
            tries: Mutex::default(),
        })
    }

    pub(super) fn seen(&self) -> Vec<u32> {
        self.seen.borrow().clone()
    }

    /// Waits until so many were seen.
    pub(super) async fn sees(&self, count: usize) -> Vec<u32> {
        self.seen.subscribe().wait_for(|seen| seen.len() >= count).await.unwrap().clone()
    }
}

#[async_trait]
impl Handler for Script {
    async fn handle(&self, update: Update, _: Moment) -> Handled {
        let id = update.id.0;
        let tries = {
            let mut tries = self.tries.lock().unwrap();
            let count = tries.entry(id).or_default();
            *count = count.saturating_add(1);
            *count
        };
        let text = match &update.kind {
            UpdateKind::Message(message) => message.text().unwrap_or_default(),
            UpdateKind::CallbackQuery(press) => press.data.as_deref().unwrap_or_default(),
            UpdateKind::InlineQuery(query) => query.query.as_str(),
            _ => "",
        };
        self.seen.send_modify(|seen| seen.push(id));
        match text {
            "panic" => panic!("as told"),
            "hold" => self.gate.acquire().await.unwrap().forget(),
            "later" if tries == 1 => return Handled::Later(Duration::from_secs(1)),
            _ => {}
        }
        Handled::Done
    }

    async fn failed(&self, update: Update, _: Moment) {
        self.failed.send_modify(|failed| failed.push(update.id.0));
    }
}

fn raw(value: &Value) -> RawUpdate {
    RawUpdate::from(serde_json::value::RawValue::from_string(value.to_string()).unwrap())
}

fn person(id: i64) -> Value {
    json!({"id": id, "is_bot": false, "first_name": "A"})
}

/// A message from `who`.
pub(super) fn message(update_id: i64, who: i64, text: &str) -> RawUpdate {
    raw(&json!({"update_id": update_id, "message": {
        "message_id": 1, "date": 1_800_000_000, "from": person(who), "text": text,
        "chat": {"id": who, "type": "private", "first_name": "A"}}}))
}

fn press(update_id: i64, who: i64) -> RawUpdate {
    raw(&json!({"update_id": update_id, "callback_query": {
        "id": "1", "from": person(who), "chat_instance": "c", "data": "x"}}))
}

fn typed(update_id: i64, who: i64, text: &str) -> RawUpdate {
    raw(&json!({"update_id": update_id, "inline_query": {
        "id": "1", "from": person(who), "query": text, "offset": ""}}))
}

fn checkout(update_id: i64, who: i64) -> RawUpdate {
    raw(&json!({"update_id": update_id, "pre_checkout_query": {
        "id": "1", "from": person(who), "currency": "XTR", "total_amount": 5, "invoice_payload": "p"}}))
}

fn inbox(db: &Db, clock: &Arc<TestClock>, script: &Arc<Script>, replicas: Replicas) -> Inbox {
    let handler: Arc<dyn Handler> = Arc::<Script>::clone(script);
    Inbox::new(world(clock), db.clone(), handler, replicas)
}

/// How many rows there are, and how many of them are done and blank.
async fn rows(db: &Db) -> (i64, i64) {
    let mut tx = db.read().await.unwrap();
    let (all,): (i64,) = tx.fetch_one("SELECT COUNT(*) FROM updates", args![]).await.unwrap();
    let (done,): (i64,) =
        tx.fetch_one("SELECT COUNT(*) FROM updates WHERE done = 1 AND payload = ''", args![]).await.unwrap();
    (all, done)
}

/// Waits for every handler, marks what is done, and gives up the rest.
async fn drained(inbox: &Inbox) {
    assert!(inbox.drain(Duration::from_secs(5)).await);
}

on_both! {
    async fn stored_updates_are_handled_once_and_forgotten(db: Db) {
        let (clock, script) = (TestClock::new(), Script::new());
        let inbox = inbox(&db, &clock, &script, Replicas::One);
        inbox.store((1..=20).map(|id| message(id, id % 3, "hi")).collect()).await.unwrap();
        assert_eq!(rows(&db).await.0, 20);
        // The same again, among new ones, also within one batch.
        inbox.store(vec![message(20, 2, "hi"), message(21, 1, "hi"), message(21, 1, "hi"), message(3, 0, "hi")]).await.unwrap();
        let mut seen = script.sees(21).await;
        seen.sort_unstable();
        assert_eq!(seen, (1..=21).collect::<Vec<_>>());
        drained(&inbox).await;
        assert_eq!(rows(&db).await, (21, 21));
        assert_eq!(inbox.store(vec![message(30, 1, "hi")]).await, Err(InboxError::Closed));
        clock.advance(Duration::from_hours(49));
        let later = super::inbox::inbox(&db, &clock, &script, Replicas::One);
        later.tick().await.unwrap();
        assert_eq!(rows(&db).await, (0, 0));
    }

    async fn a_person_is_answered_in_order_beyond_what_memory_holds(db: Db) {
        let (clock, script) = (TestClock::new(), Script::new());
        let inbox = inbox(&db, &clock, &script, Replicas::One);
        inbox.store(vec![message(1, 7, "hold")]).await.unwrap();
        script.sees(1).await;
        for base in [0, 100, 200, 300] {
            inbox.store((2..=101).map(|id| message(i64::saturating_add(id, base), 7, "hi")).collect()).await.unwrap();
        }
        // Somebody else does not wait for any of them.
        inbox.store(vec![message(900, 8, "hi"), checkout(901, 7)]).await.unwrap();
        let mut seen = script.sees(3).await;
        seen[1..].sort_unstable();
        assert_eq!(seen, [1, 900, 901]);
        script.gate.add_permits(1);
        let seen = script.sees(403).await;
        let own: Vec<_> = seen.into_iter().filter(|id| *id < 900).collect();
        assert_eq!(own, (1..=401).collect::<Vec<_>>());
        drained(&inbox).await;
        assert_eq!(rows(&db).await, (403, 403));
        assert_eq!(inbox.lanes(), 0);
    }

    async fn a_panic_harms_nobody_else(db: Db) {
        let (clock, script) = (TestClock::new(), Script::new());
        let inbox = inbox(&db, &clock, &script, Replicas::One);
        inbox.store(vec![message(1, 7, "panic"), message(2, 7, "hi"), message(3, 8, "hi")]).await.unwrap();
        let mut seen = script.sees(5).await;
        assert_eq!(seen.iter().position(|id| *id == 2), seen.iter().rposition(|id| *id != 3));
        seen.sort_unstable();
        assert_eq!(seen, [1, 1, 1, 2, 3]);
        assert_eq!(*script.failed.borrow(), [1]);
        drained(&inbox).await;
        assert_eq!(rows(&db).await, (3, 3));
    }

    async fn a_restart_handles_what_was_left_exactly_once_and_in_order(db: Db) {
        let clock = TestClock::new();
        let (before, after) = (Script::new(), Script::new());
        let first = inbox(&db, &clock, &before, Replicas::One);
        first.store(vec![message(1, 7, "hi"), message(2, 7, "hold"), message(3, 7, "hi"), message(4, 8, "hold")]).await.unwrap();
        before.sees(3).await;
        first.flush().await.unwrap();
        // Killed here: the first inbox does nothing more. A new message comes before the table is read.
        let second = inbox(&db, &clock, &after, Replicas::One);
        after.gate.add_permits(2);
        second.store(vec![message(5, 7, "hi")]).await.unwrap();
        assert_eq!(after.seen(), Vec::<u32>::new());
        second.tick().await.unwrap();
        let mut seen = after.sees(4).await;
        let of_seven: Vec<_> = seen.iter().copied().filter(|id| *id != 4).collect();
        assert_eq!(of_seven, [2, 3, 5]);
        seen.sort_unstable();
        assert_eq!(seen, [2, 3, 4, 5]);
        drained(&second).await;
        assert_eq!(rows(&db).await, (5, 5));
    }

    async fn a_dead_replicas_work_is_taken_over_when_its_lease_ends(db: Db) {
        let clock = TestClock::new();
        let (dead, alive) = (Script::new(), Script::new());
        let first = inbox(&db, &clock, &dead, Replicas::Many);
        let second = inbox(&db, &clock, &alive, Replicas::Many);
        first.store(vec![message(1, 7, "hold")]).await.unwrap();
        dead.sees(1).await;
        second.store(vec![message(2, 7, "hi"), message(3, 8, "hi")]).await.unwrap();
        second.tick().await.unwrap();
        alive.sees(1).await;
        assert_eq!(alive.seen(), [3]);
        alive.gate.add_permits(1);
        clock.advance(Duration::from_secs(14));
        second.tick().await.unwrap();
        clock.advance(Duration::from_secs(2));
        second.tick().await.unwrap();
        assert_eq!(alive.sees(3).await, [3, 1, 2]);
        drained(&second).await;
        assert_eq!(rows(&db).await, (3, 3));
    }

    async fn a_living_replica_keeps_its_work(db: Db) {
        let clock = TestClock::new();
        let (busy, idle) = (Script::new(), Script::new());
        let first = inbox(&db, &clock, &busy, Replicas::Many);
        let second = inbox(&db, &clock, &idle, Replicas::Many);
        first.store(vec![message(1, 7, "hold"), message(2, 7, "hi")]).await.unwrap();
        busy.sees(1).await;
        for _ in 0..5 {
            clock.advance(Duration::from_secs(10));
            first.tick().await.unwrap();
            second.tick().await.unwrap();
        }
        busy.gate.add_permits(1);
        assert_eq!(busy.sees(2).await, [1, 2]);
        drained(&first).await;
        second.tick().await.unwrap();
        assert_eq!(idle.seen(), Vec::<u32>::new());
        assert_eq!(rows(&db).await, (2, 2));
    }

    async fn a_drained_inbox_leaves_the_rest_to_others_at_once(db: Db) {
        let clock = TestClock::new();
        let (leaving, staying) = (Script::new(), Script::new());
        let first = inbox(&db, &clock, &leaving, Replicas::Many);
        first.store(vec![message(1, 7, "hold"), message(2, 7, "hi")]).await.unwrap();
        leaving.sees(1).await;
        assert_eq!(first.in_flight(), 1);
        let draining = { let first = first.clone(); tokio::spawn(async move { first.drain(Duration::from_secs(2)).await }) };
        clock.sleeping(1).await;
        leaving.gate.add_permits(1);
        assert!(draining.await.unwrap());
        assert_eq!(leaving.seen(), [1]);
        let second = inbox(&db, &clock, &staying, Replicas::Many);
        second.tick().await.unwrap();
        assert_eq!(staying.sees(1).await, [2]);
        drained(&second).await;
    }

    async fn what_is_put_off_is_tried_again_before_the_next(db: Db) {
        let (clock, script) = (TestClock::new(), Script::new());
        let inbox = inbox(&db, &clock, &script, Replicas::One);
        inbox.store(vec![message(1, 7, "later"), message(2, 7, "hi")]).await.unwrap();
        clock.sleeping(1).await;
        assert_eq!(script.seen(), [1]);
        clock.advance(Duration::from_secs(1));
        assert_eq!(script.sees(3).await, [1, 1, 2]);
        drained(&inbox).await;
        assert_eq!(rows(&db).await, (2, 2));
    }

    async fn stale_presses_are_dropped_but_not_those_a_crash_interrupted(db: Db) {
        let clock = TestClock::new();
        let (before, after) = (Script::new(), Script::new());
        let first = inbox(&db, &clock, &before, Replicas::One);
        first.store(vec![message(1, 7, "hold"), press(2, 7)]).await.unwrap();
        first.store(vec![message(3, 8, "hold"), press(4, 8)]).await.unwrap();
        before.sees(2).await;
        clock.advance(Duration::from_secs(200));
        before.gate.add_permits(2);
        drained(&first).await;
        let second = inbox(&db, &clock, &after, Replicas::One);
        second.store(vec![message(5, 9, "hold"), press(6, 9), message(7, 9, "hi")]).await.unwrap();
        second.tick().await.unwrap();
        let mut seen = after.sees(3).await;
        seen.sort_unstable();
        assert_eq!(seen, [2, 4, 5]);
        clock.advance(Duration::from_secs(151));
        after.gate.add_permits(1);
        assert_eq!(after.sees(4).await.last(), Some(&7));
        drained(&second).await;
    }

    async fn marks_are_written_by_the_run_loop(db: Db) {
        let (clock, script) = (TestClock::new(), Script::new());
        let inbox = inbox(&db, &clock, &script, Replicas::One);
        let running = { let inbox = inbox.clone(); tokio::spawn(async move { inbox.run().await }) };
        // The tick sleeps; then the mark's pause does too.
        clock.sleeping(1).await;
        inbox.store(vec![message(1, 7, "hi")]).await.unwrap();
        script.sees(1).await;
        clock.sleeping(2).await;
        clock.advance(Duration::from_millis(50));
        inbox.store(vec![message(2, 7, "hi")]).await.unwrap();
        clock.sleeping(2).await;
        assert_eq!(rows(&db).await.1, 1);
        drained(&inbox).await;
        running.await.unwrap();
        assert_eq!(rows(&db).await, (2, 2));
    }

    async fn inline_queries_are_not_stored_and_only_the_latest_waits(db: Db) {
        let (clock, script) = (TestClock::new(), Script::new());
        let inbox = inbox(&db, &clock, &script, Replicas::One);
        inbox.store(vec![typed(1, 7, "hold")]).await.unwrap();
        script.sees(1).await;
        inbox.store(vec![typed(2, 7, "a"), typed(3, 7, "ab"), typed(4, 7, "abc"), message(5, 7, "hi")]).await.unwrap();
        script.sees(2).await;
        script.gate.add_permits(1);
        assert_eq!(script.sees(3).await, [1, 5, 4]);
        drained(&inbox).await;
        assert_eq!(rows(&db).await, (1, 1));
    }

    async fn what_nobody_knows_is_left_out(db: Db) {
        let (clock, script) = (TestClock::new(), Script::new());
        let inbox = inbox(&db, &clock, &script, Replicas::One);
        let unknown = raw(&json!({"update_id": 1, "something_new": {"from": {"id": 7}}}));
        let unreadable = raw(&json!({"update_id": 2, "message": {"from": {"id": 7}}}));
        inbox.store(vec![unknown, raw(&json!(5)), unreadable, message(3, 7, "hi")]).await.unwrap();
        assert_eq!(script.sees(1).await, [3]);
        drained(&inbox).await;
        assert_eq!(rows(&db).await, (2, 2));
    }
}
