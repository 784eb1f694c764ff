//! Polling, against a small Telegram.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::inbox::{Script, message};
use crate::store::{Db, args};
use crate::telegram::Telegram;
use crate::telegram::inbox::{Handler, Inbox, Replicas};
use crate::telegram::poll::Poller;
use crate::tests::both::on_both;
use crate::tests::clock::{TestClock, world};

type Calls = Arc<Mutex<Vec<(String, Value)>>>;

/// A Telegram that gives the scripted answers and notes what it was asked.
#[derive(Clone, Default)]
struct Stage {
    calls: Calls,
    answers: Arc<Mutex<VecDeque<Value>>>,
}

impl Stage {
    async fn open(answers: Vec<Value>) -> (Self, Telegram) {
        let stage = Self { answers: Arc::new(Mutex::new(answers.into())), ..Self::default() };
        let router = Router::new().route("/{token}/{method}", axum::routing::post(play)).with_state(stage.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (stage, Telegram::new("1:token", &address).unwrap())
    }

    fn methods(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|(method, _)| method.clone()).collect()
    }

    fn offsets(&self) -> Vec<Option<i64>> {
        self.calls.lock().unwrap().iter().map(|(_, body)| body["offset"].as_i64()).collect()
    }
}

async fn play(
    State(stage): State<Stage>,
    Path((_, method)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Json<Value> {
    stage.calls.lock().unwrap().push((method, body));
    Json(stage.answers.lock().unwrap().pop_front().unwrap_or_else(|| json!({"ok": true, "result": []})))
}

fn updates(ids: &[i64]) -> Value {
    let list: Vec<Value> = ids.iter().map(|id| serde_json::from_str(message(*id, 7, "hi").get()).unwrap()).collect();
    json!({"ok": true, "result": list})
}

fn refusal(code: u16, text: &str) -> Value {
    json!({"ok": false, "error_code": code, "description": text})
}

fn poller(db: &Db, clock: &Arc<TestClock>, telegram: &Telegram, replicas: Replicas) -> (Poller, Arc<Script>, Inbox) {
    let script = Script::new();
    let handler: Arc<dyn Handler> = Arc::<Script>::clone(&script);
    let inbox = Inbox::new(world(clock), db.clone(), handler, replicas);
    (Poller::new(telegram.clone(), inbox.clone(), db.clone(), world(clock)), script, inbox)
}

on_both! {
    async fn an_update_is_confirmed_only_after_it_is_stored(db: Db) {
        let clock = TestClock::new();
        let (stage, telegram) = Stage::open(vec![updates(&[5, 6]), updates(&[7]), updates(&[7, 8])]).await;
        let (mut poller, script, _inbox) = poller(&db, &clock, &telegram, Replicas::One);
        assert_eq!(poller.poll_once().await, Duration::ZERO);
        let stored = async || {
            let mut tx = db.read().await.unwrap();
            tx.fetch_one::<(i64,), 0>("SELECT COUNT(*) FROM updates", args![]).await.unwrap().0
        };
        assert_eq!(stored().await, 2);
        // The table is gone: nothing is stored, so nothing may be confirmed.
        let mut tx = db.begin().await.unwrap();
        tx.execute("ALTER TABLE updates RENAME TO away", args![]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!poller.poll_once().await.is_zero());
        let mut tx = db.begin().await.unwrap();
        tx.execute("ALTER TABLE away RENAME TO updates", args![]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(poller.poll_once().await, Duration::ZERO);
        poller.poll_once().await;
        assert_eq!(stage.offsets(), [None, Some(7), Some(7), Some(9)]);
        assert_eq!(stored().await, 4);
        assert_eq!(script.sees(4).await, [5, 6, 7, 8]);
    }

    async fn a_webhook_is_removed_and_other_refusals_are_waited_out(db: Db) {
        let clock = TestClock::new();
        let (stage, telegram) = Stage::open(vec![
            refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"),
            json!({"ok": true, "result": true}),
            refusal(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"),
            refusal(401, "Unauthorized"),
            json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 4", "parameters": {"retry_after": 4}}),
            refusal(502, "Bad Gateway"),
            refusal(502, "Bad Gateway"),
            updates(&[5]),
        ]).await;
        let (mut poller, script, _inbox) = poller(&db, &clock, &telegram, Replicas::One);
        assert_eq!(poller.poll_once().await, Duration::ZERO);
        assert_eq!(stage.methods(), ["getUpdates", "deleteWebhook"]);
        assert_eq!(stage.calls.lock().unwrap()[1].1, json!({"drop_pending_updates": false}));
        assert!(poller.poll_once().await >= Duration::from_secs(3));
        assert!(poller.poll_once().await >= Duration::from_secs(15));
        assert_eq!(poller.poll_once().await, Duration::from_secs(4));
        let (first, second) = (poller.poll_once().await, poller.poll_once().await);
        assert!(!first.is_zero() && second >= Duration::from_millis(500));
        assert_eq!(poller.poll_once().await, Duration::ZERO);
        assert_eq!(script.sees(1).await, [5]);
    }

    async fn only_one_replica_polls_and_a_standby_takes_over(db: Db) {
        let clock = TestClock::new();
        let (stage, telegram) = Stage::open(vec![updates(&[5])]).await;
        let (mut first, _script, _inbox) = poller(&db, &clock, &telegram, Replicas::Many);
        let (mut second, ..) = poller(&db, &clock, &telegram, Replicas::Many);
        assert_eq!(first.poll_once().await, Duration::ZERO);
        assert!(!second.poll_once().await.is_zero());
        clock.advance(Duration::from_secs(20));
        first.poll_once().await;
        clock.advance(Duration::from_secs(20));
        assert!(!second.poll_once().await.is_zero());
        assert_eq!(stage.methods().len(), 2);
        // The first is dead now. Within half a minute of its last sign of life the second polls.
        clock.advance(Duration::from_secs(5));
        assert_eq!(second.poll_once().await, Duration::ZERO);
        assert_eq!(stage.offsets(), [None, Some(6), None]);
        // The first wakes up again and finds that it is not its turn.
        assert!(!first.poll_once().await.is_zero());
    }

    async fn the_only_replica_does_not_wait_for_its_dead_predecessor(db: Db) {
        let clock = TestClock::new();
        let (_stage, telegram) = Stage::open(vec![]).await;
        let (mut dead, ..) = poller(&db, &clock, &telegram, Replicas::One);
        dead.poll_once().await;
        let (mut next, ..) = poller(&db, &clock, &telegram, Replicas::One);
        assert_eq!(next.poll_once().await, Duration::ZERO);
    }

    async fn stopping_ends_a_long_poll_and_gives_the_lease_up(db: Db) {
        let clock = TestClock::new();
        let (_stage, telegram) = Stage::open(vec![]).await;
        let (first, ..) = poller(&db, &clock, &telegram, Replicas::Many);
        let (stop, stopped) = tokio::sync::watch::channel(true);
        let (mut holder, ..) = poller(&db, &clock, &telegram, Replicas::Many);
        first.run(stopped).await;
        assert_eq!(holder.poll_once().await, Duration::ZERO);
        holder.run(stop.subscribe()).await;
        let (mut next, ..) = poller(&db, &clock, &telegram, Replicas::Many);
        assert_eq!(next.poll_once().await, Duration::ZERO);
    }
}
