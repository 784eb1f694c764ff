//! What is measured, part by part. Every part has stand-ins and a database of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use kiosk::demo::stage::Scenery;
use kiosk::store::Db;
use kiosk::world::World;
use rust_decimal::Decimal;

use crate::child::{LOOK, PATIENCE, Place, Shop};
use crate::crowd::{self, Crowd, FIRST, Sale, Witness};
use crate::{Line, past, percentile};

/// Buyers who buy at the same time.
const BUYERS: i64 = 64;
/// Buyers who all press at about the same time.
const BURST: i64 = 4000;
/// Products of a large catalogue.
const MANY: usize = 20_000;
/// Sales before measuring begins.
const WARM_UP: Duration = Duration::from_secs(4);
/// How long sales are measured.
const SALES: Duration = Duration::from_secs(20);

/// Stand-ins without limits, and an empty place for a shop.
async fn scenery() -> (World, Arc<Scenery>, Place) {
    let world = World::real().expect("the world");
    let scenery = Scenery::build(&world).await.expect("the stand-ins");
    scenery.one4all.set_limits(None, None);
    scenery.one4all.set_wallet(Decimal::from(1_000_000_000));
    let place = Place::fresh(&world, &scenery);
    (world, Arc::new(scenery), place)
}

/// The same with one product and so many buyers, open and stocked.
async fn market(buyers: i64, past: i64) -> (Arc<Scenery>, Place, Shop) {
    let (world, scenery, place) = scenery().await;
    scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 4_000_000);
    crowd::enrol(&world, &scenery, place.database(), buyers).await;
    if past > 0 {
        past::fill(place.database(), past).await;
    }
    let shop = place.start();
    stocked(&scenery, "60 uc").await;
    (scenery, place, shop)
}

async fn stocked(scenery: &Scenery, words: &str) {
    let began = Instant::now();
    while scenery.telegram.inline(FIRST, words, PATIENCE).await.is_none_or(|answer| answer.results.is_empty()) {
        assert!(began.elapsed() < PATIENCE, "the catalogue does not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn large_catalogue() -> (Arc<Scenery>, Place, Shop) {
    let (_, scenery, place) = scenery().await;
    scenery.telegram.user(FIRST, "Bo", None, Some("en"));
    scenery.one4all.fill(MANY);
    let shop = place.start();
    stocked(&scenery, &format!("card {}", MANY - 1)).await;
    (scenery, place, shop)
}

fn millis(time: Duration) -> String {
    format!("{}.{:02} ms", time.as_millis(), time.subsec_micros() % 1000 / 10)
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{}.{} MiB", kibibytes / 1024, kibibytes % 1024 * 10 / 1024)
}

/// From start to the first `getUpdates`, with a new database and with one that was there.
pub async fn start() -> Vec<Line> {
    let (mut fresh, mut again) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let (_, scenery, place) = scenery().await;
        for times in [&mut fresh, &mut again] {
            let before = scenery.telegram.count("getupdates");
            let shop = place.start();
            times.push(shop.until_first_poll(&scenery, before).await);
            shop.stop().await;
        }
    }
    let line = |what: &str, times: &mut [Duration]| {
        Line::new(format!("start to first getUpdates, {what}, median of 7"), "< 200 ms", millis(percentile(times, 500)))
    };
    vec![line("new database", &mut fresh), line("old database", &mut again)]
}

/// Resident memory with nothing to do.
pub async fn memory() -> Vec<Line> {
    let (_, scenery, place) = scenery().await;
    let shop = place.start();
    shop.until_first_poll(&scenery, 0).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut lines = vec![Line::new("resident, idle, no products", "< 30 MiB", mebibytes(shop.resident()))];
    drop(shop);
    let (_scenery, _place, shop) = large_catalogue().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    lines.push(Line::new("resident, 20,000 products, after the refresh", "< 80 MiB", mebibytes(shop.resident())));
    lines
}

/// Processor time for one update.
pub async fn updates() -> Vec<Line> {
    let (scenery, _place, shop) = market(500, 0).await;
    let mut lines = Vec::new();
    for command in ["/help", "/wallet"] {
        let mut times = Vec::new();
        for _ in 0..5 {
            times.push(one_round(&scenery, &shop, command).await);
        }
        let time = percentile(&mut times, 500);
        lines.push(Line::new(format!("processor time of {command}, median of 5 × 2,000"), "< 0.5 ms", millis(time)));
    }
    lines
}

async fn one_round(scenery: &Scenery, shop: &Shop, command: &str) -> Duration {
    const ROUND: u32 = 2000;
    let (before, sent) = (shop.processor_time(), scenery.telegram.count("sendmessage"));
    for user in (FIRST..FIRST + 500).cycle().take(ROUND.try_into().expect("a small number")) {
        scenery.telegram.say(user, user, command);
    }
    let began = Instant::now();
    while scenery.telegram.count("sendmessage") < sent + u64::from(ROUND) {
        assert!(began.elapsed() < PATIENCE, "updates go unanswered");
        tokio::time::sleep(LOOK).await;
    }
    // Marks of what is done follow a little later.
    tokio::time::sleep(Duration::from_millis(300)).await;
    shop.processor_time().saturating_sub(before) / ROUND
}

/// Inline answers over a large catalogue, as a person sees them: from the query to the offer.
pub async fn inline() -> Vec<Line> {
    let (scenery, _place, _shop) = large_catalogue().await;
    let queries = ["pubg", "steam card 13", "netflx", "原神", "яндекс", "ببجي", "playstation card 19", "card", ""];
    let mut times = Vec::new();
    for round in 0..300_i64 {
        for query in queries {
            let began = Instant::now();
            let answer = scenery.telegram.inline(FIRST + round, query, PATIENCE).await;
            times.push(began.elapsed());
            assert!(answer.is_some_and(|answer| !answer.results.is_empty()), "{query:?} found nothing");
        }
    }
    let count = times.len();
    vec![
        Line::new(format!("inline answer over 20,000, p50 of {count}"), "", millis(percentile(&mut times, 500))),
        Line::new("inline answer over 20,000, p99", "< 5 ms", millis(percentile(&mut times, 990))),
    ]
}

/// Sales without a past, then SIGTERM in the middle of them, then the books.
pub async fn sales() -> Vec<Line> {
    let (scenery, place, shop) = market(BUYERS, 0).await;
    let witness = Witness::watch(&scenery);
    let crowd = Crowd::enter(&scenery, BUYERS);
    let window = Window::measure(&shop).await;
    let stopped = shop.stop().await;
    let shop = place.start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let all = crowd.leave().await;
    let mut lines = window.lines(&all, "64 buyers");
    lines.push(Line::new("SIGTERM to exit, 64 buyers buying", "< 2 s", millis(stopped)));
    lines.push(Line::new("sales that never came, presses unanswered", "0, 0", failures(&all)));
    lines.extend(books(&scenery, &place, shop, witness, BUYERS).await);
    lines
}

/// Sales with so many orders in the database.
pub async fn sales_with_a_past(orders: i64) -> Vec<Line> {
    let (scenery, _place, shop) = market(BUYERS, orders).await;
    let crowd = Crowd::enter(&scenery, BUYERS);
    let window = Window::measure(&shop).await;
    let all = crowd.leave().await;
    let mut lines = window.lines(&all, &format!("64 buyers, {orders} past orders"));
    lines.push(Line::new("sales that never came, presses unanswered", "0, 0", failures(&all)));
    lines
}

/// The time in which sales are counted.
struct Window {
    from: Instant,
    until: Instant,
    processor: Duration,
}

impl Window {
    async fn measure(shop: &Shop) -> Self {
        tokio::time::sleep(WARM_UP).await;
        let (from, before) = (Instant::now(), shop.processor_time());
        tokio::time::sleep(SALES).await;
        Self { from, until: Instant::now(), processor: shop.processor_time().saturating_sub(before) }
    }

    fn lines(&self, all: &[Option<Sale>], who: &str) -> Vec<Line> {
        let counted = all.iter().flatten().filter(|sale| sale.done >= self.from && sale.done < self.until);
        let mut times: Vec<Duration> = counted.map(|sale| sale.took).collect();
        let count = u64::try_from(times.len()).expect("not that many");
        let span = u64::try_from((self.until - self.from).as_millis()).expect("not that long");
        let each = self.processor / u32::try_from(count.max(1)).expect("not that many");
        vec![
            Line::new(format!("wallet sales a second, {who}"), ">= 300", (count * 1000 / span).to_string()),
            Line::new("  from /buy to the codes, p50", "", millis(percentile(&mut times, 500))),
            Line::new("  from /buy to the codes, p99", "", millis(percentile(&mut times, 990))),
            Line::new("  the shop's processor time per sale", "", millis(each)),
        ]
    }
}

fn failures(all: &[Option<Sale>]) -> String {
    let lost = all.iter().filter(|sale| sale.is_none()).count();
    let unanswered = all.iter().flatten().filter(|sale| !sale.answered).count();
    format!("{lost}, {unanswered} of {}", all.len())
}

/// Four thousand buyers hold a quote and press at about the same time.
pub async fn burst() -> Vec<Line> {
    let (scenery, place, shop) = market(BURST, 0).await;
    let witness = Witness::watch(&scenery);
    let quotes = join_all((FIRST..FIRST + BURST).map(|buyer| {
        let scenery = Arc::clone(&scenery);
        tokio::spawn(async move { (buyer, crowd::quote(&scenery, buyer).await) })
    }));
    let quotes: Vec<(i64, i64)> =
        quotes.await.into_iter().filter_map(Result::ok).filter_map(|(buyer, quote)| Some((buyer, quote?))).collect();
    let mut lines = vec![Line::new("quotes shown to 4,000 buyers at once", "4000", quotes.len().to_string())];
    let began = Instant::now();
    let all = join_all(quotes.into_iter().map(|(buyer, quote)| {
        let scenery = Arc::clone(&scenery);
        tokio::spawn(async move {
            let pressed = crowd::pay(&scenery, buyer, quote)?;
            let done = crowd::codes(&scenery, buyer, quote).await.then(Instant::now)?;
            Some((done, pressed.answer(PATIENCE).await.is_some()))
        })
    }));
    let all: Vec<(Instant, bool)> = all.await.into_iter().filter_map(|sale| sale.ok().flatten()).collect();
    let mut done: Vec<Instant> = all.iter().map(|(done, _)| *done).collect();
    done.sort_unstable();
    let starts = std::iter::once(began).chain(done.iter().copied());
    let pairs = starts.zip(&done).map(|(before, after)| *after - before);
    let answered = all.iter().filter(|(_, answered)| *answered).count();
    lines.push(Line::new(
        "4,000 press at once: delivered, answered",
        "4000, 4000",
        format!("{}, {answered}", all.len()),
    ));
    lines.push(Line::new(
        "  until all have their codes",
        "",
        millis(done.last().map_or(Duration::ZERO, |last| *last - began)),
    ));
    lines.push(Line::new("  longest time without a delivery", "", millis(pairs.max().unwrap_or_default())));
    lines.push(Line::new("  resident afterwards", "", mebibytes(shop.resident())));
    lines.extend(books(&scenery, &place, shop, witness, BURST).await);
    lines
}

/// What the supplier sold, what was delivered and where the money is must agree. Closes the shop.
async fn books(scenery: &Scenery, place: &Place, shop: Shop, witness: Witness, buyers: i64) -> Vec<Line> {
    // The last screens are brought up to date.
    tokio::time::sleep(Duration::from_secs(3)).await;
    shop.stop().await;
    let (sent, missed) = witness.tell().await;
    let sold = scenery.one4all.sold();
    let known: HashMap<&String, u32> = sold.iter().flat_map(|sold| sold.codes.iter()).map(|code| (code, 0)).collect();
    let once = known.keys().filter(|code| sent.get(**code) == Some(&1)).count();
    let twice = sent.values().filter(|count| **count > 1).count();
    let db = Db::open(place.database()).await.expect("the database");
    let count = async |sql| {
        let mut tx = db.read().await.expect("a read");
        tx.fetch_one::<(i64,), 0>(sql, []).await.expect("a count").0
    };
    let delivered = count(
        "SELECT COUNT(*) FROM orders JOIN parcels ON parcels.order_id = orders.id \
         WHERE orders.state = 'delivered' AND parcels.state = 'sent' AND parcels.count = 1",
    );
    let delivered = delivered.await;
    let open = count("SELECT COUNT(*) FROM orders WHERE state <> 'delivered'").await;
    let money = count("SELECT CAST(SUM(balance) AS BIGINT) FROM accounts").await
        + count("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM postings WHERE to_account = 'sales'").await;
    db.close().await;
    let total = sold.len();
    vec![
        Line::new(
            "sold there, delivered here, orders not delivered",
            "equal, 0",
            format!("{total}, {delivered}, {open}"),
        ),
        Line::new("codes sent once, sent again (events missed)", "all, 0", format!("{once}, {twice} ({missed})")),
        Line::new("wallets + held + sales - top-ups", "0", (money - buyers * crowd::WALLET).to_string()),
    ]
}
