//! Buyers who buy, and a clerk who counts what they got.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use kiosk::demo::stage::Scenery;
use kiosk::demo::telegram::{Event, Pressed};
use kiosk::id::TelegramId;
use kiosk::ledger::{self, Account, Actor, Kind, Posting};
use kiosk::money::{Currency, Money};
use kiosk::people::{People, Sighting};
use kiosk::store::Db;
use kiosk::world::World;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::child::PATIENCE;

/// The Telegram id of the first buyer.
pub const FIRST: i64 = 1_000_000;
/// What every wallet holds at the beginning, in the smallest unit of USDT.
pub const WALLET: i64 = 1_000_000 * 1_000_000;
/// The label of the button that pays.
const PAY: &str = "Pay from wallet";

/// Opens the books for so many buyers: known, reachable, with a full wallet. The shop is closed meanwhile.
pub async fn enrol(world: &World, scenery: &Scenery, database: &str, count: i64) {
    let db = Db::open(database).await.expect("a database");
    db.migrate().await.expect("tables");
    let people = People::default();
    join_all((FIRST..FIRST + count).map(|id| enrol_one(world, scenery, &db, &people, id))).await;
    db.close().await;
}

async fn enrol_one(world: &World, scenery: &Scenery, db: &Db, people: &People, id: i64) {
    scenery.telegram.user(id, "Bo", None, Some("en"));
    // Opens the chat; the update is thrown away by the confirmation of those that follow.
    scenery.telegram.unblock(id);
    let sighting = Sighting {
        telegram_id: TelegramId(id),
        name: "Bo".to_owned(),
        username: None,
        language: "en".to_owned(),
        in_private: true,
    };
    let buyer = people.meet(db, world, sighting).await.expect("a buyer");
    let posting = Posting {
        key: format!("bench:{id}"),
        kind: Kind::Topup,
        from: Account::Topups,
        to: Account::Wallet(buyer.id),
        amount: Money::from_minor(WALLET, Currency::Usdt),
        buyer: Some(buyer.id),
        order: None,
        actor: Actor::Shop,
        reason: String::new(),
    };
    let mut tx = db.begin().await.expect("a write");
    ledger::post(&mut tx, world, &posting).await.expect("a top-up");
    tx.commit().await.expect("a commit");
}

/// Asks for a quote and gives the message that carries it.
pub async fn quote(scenery: &Scenery, buyer: i64) -> Option<i64> {
    let said = scenery.telegram.say(buyer, buyer, "/buy 1 1");
    let quoted = scenery.telegram.wait_for(buyer, |seen| seen.id > said && seen.button(PAY).is_some(), PATIENCE);
    quoted.await.map(|seen| seen.id)
}

/// Presses Pay under a quote.
pub fn pay(scenery: &Scenery, buyer: i64, quote: i64) -> Option<Pressed> {
    scenery.telegram.press(buyer, buyer, quote, PAY).ok()
}

/// Waits for the codes that come after a quote.
pub async fn codes(scenery: &Scenery, buyer: i64, quote: i64) -> bool {
    scenery.telegram.wait_for(buyer, |seen| seen.id > quote && seen.protect_content, PATIENCE).await.is_some()
}

/// One sale, from `/buy` to the codes.
#[derive(Debug, Clone, Copy)]
pub struct Sale {
    /// When the codes were there.
    pub done: Instant,
    /// From `/buy` to the codes.
    pub took: Duration,
    /// Whether the press was answered.
    pub answered: bool,
}

/// Buys once.
pub async fn buy(scenery: &Scenery, buyer: i64) -> Option<Sale> {
    let began = Instant::now();
    let quote = quote(scenery, buyer).await?;
    let pressed = pay(scenery, buyer, quote)?;
    if !codes(scenery, buyer, quote).await {
        return None;
    }
    let done = Instant::now();
    let answered = pressed.answer(PATIENCE).await.is_some();
    Some(Sale { done, took: done.duration_since(began), answered })
}

/// Buyers who buy again and again, each on a task of their own, until told to stop.
pub struct Crowd {
    stop: Arc<AtomicBool>,
    buyers: Vec<JoinHandle<Vec<Option<Sale>>>>,
}

impl Crowd {
    /// Lets the first `count` buyers in.
    pub fn enter(scenery: &Arc<Scenery>, count: i64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let buyers = (FIRST..FIRST + count).map(|buyer| {
            let (scenery, stop) = (Arc::clone(scenery), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut sales = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    sales.push(buy(&scenery, buyer).await);
                }
                sales
            })
        });
        Self { buyers: buyers.collect(), stop }
    }

    /// Lets everybody finish what they are at, and gives all sales; `None` for one that failed.
    pub async fn leave(self) -> Vec<Option<Sale>> {
        self.stop.store(true, Ordering::Relaxed);
        join_all(self.buyers).await.into_iter().flat_map(|sales| sales.expect("a buyer")).collect()
    }
}

/// Counts how often each message with codes was sent.
pub struct Witness(JoinHandle<(HashMap<String, u32>, u64)>, Arc<AtomicBool>);

impl Witness {
    /// Looks from now on.
    pub fn watch(scenery: &Scenery) -> Self {
        let mut events = scenery.telegram.events();
        let done = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&done);
        Self(
            tokio::spawn(async move {
                let (mut seen, mut missed) = (HashMap::new(), 0);
                loop {
                    match tokio::time::timeout(Duration::from_millis(100), events.recv()).await {
                        Ok(Ok(Event::Sent(message))) if message.protect_content => {
                            let code = message.text.lines().last().unwrap_or_default().to_owned();
                            *seen.entry(code).or_insert(0_u32) += 1;
                        }
                        Ok(Err(RecvError::Lagged(count))) => missed += count,
                        Ok(Err(RecvError::Closed)) => return (seen, missed),
                        Err(_) if stop.load(Ordering::Relaxed) => return (seen, missed),
                        Ok(Ok(_)) | Err(_) => {}
                    }
                }
            }),
            done,
        )
    }

    /// How often each code was sent, and how many events were missed.
    pub async fn tell(self) -> (HashMap<String, u32>, u64) {
        self.1.store(true, Ordering::Relaxed);
        self.0.await.expect("the witness")
    }
}
