//! What the shop's own work costs, without a supplier and with a Telegram that takes everything: the shelf's
//! build, inline answers over 20,000 products, and the processor time of an update on its whole way through the
//! inbox, the gate, its handler and the answer.
//!
//! `cargo bench --bench cost`. Processor time is the kernel's count for every thread of this process but those of
//! the null Telegram, user and system mode together. Percentiles are exact, from all measurements sorted.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a benchmark measures by the machine's clock, prints, and has no one to hand an error to"
)]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kiosk::bot::view::Shown;
use kiosk::bot::{Clerk, Front};
use kiosk::catalog::pricing::Prices;
use kiosk::catalog::{Catalog, Shelf, Suppliers, records, refresh};
use kiosk::demo::stage::{ADMIN, Scenery, TOKEN};
use kiosk::desk::Desk;
use kiosk::id::TelegramId;
use kiosk::locale::Locales;
use kiosk::order::Bells;
use kiosk::people::People;
use kiosk::runner;
use kiosk::shop::Shop;
use kiosk::store::Db;
use kiosk::supplier;
use kiosk::telegram::inbox::{Handler, Inbox, Replicas};
use kiosk::telegram::outbox::Outbox;
use kiosk::telegram::{RawUpdate, Telegram, parse};
use kiosk::world::World;
use serde_json::{Value, json};

/// Products on the shelf.
const PRODUCTS: usize = 20_000;
/// What people type, from what finds thousands to what finds nothing without tolerance.
const QUERIES: [&str; 9] =
    ["pubg", "steam card 13", "netflx", "原神", "яндекс", "ببجي", "playstation card 19", "card", ""];

/// A Telegram that says yes to everything, on threads of its own.
#[derive(Default)]
struct NullTelegram {
    threads: Mutex<HashSet<String>>,
    taken: AtomicU64,
}

impl NullTelegram {
    fn open() -> (Arc<Self>, String) {
        let null = Arc::new(Self::default());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let door = Arc::clone(&null);
        std::thread::spawn(move || {
            door.enter();
            for line in listener.incoming().flatten() {
                let room = Arc::clone(&door);
                std::thread::spawn(move || room.serve(&line));
            }
        });
        (null, url)
    }

    /// Leaves this thread out of the count.
    fn enter(&self) {
        let thread = std::fs::read_link("/proc/thread-self").expect("Linux");
        let name = thread.file_name().expect("a number").to_string_lossy().into_owned();
        self.threads.lock().expect("the lock").insert(name);
    }

    fn serve(&self, line: &TcpStream) {
        self.enter();
        line.set_nodelay(true).expect("a socket");
        let mut reader = BufReader::new(line);
        let mut head = String::new();
        let (mut length, mut bare) = (0, false);
        while reader.read_line(&mut head).is_ok_and(|read| read > 0) {
            let lower = head.to_ascii_lowercase();
            bare |= lower.starts_with("post") && lower.contains("/answer");
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if head.trim().is_empty() {
                std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).expect("a body");
                let result = if bare {
                    "true"
                } else {
                    r#"{"message_id":1,"id":1,"is_bot":true,"first_name":"K","username":"kiosk_bot","can_join_groups":true,"can_read_all_group_messages":false,"supports_inline_queries":true,"has_main_web_app":false,"can_connect_to_business":false}"#
                };
                let body = format!(r#"{{"ok":true,"result":{result}}}"#);
                let mut answer = line;
                write!(
                    answer,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )
                .expect("an answer");
                self.taken.fetch_add(1, Ordering::Relaxed);
                (length, bare) = (0, false);
            }
            head.clear();
        }
    }

    /// Processor time of every other thread of this process, so far.
    fn processor_time_of_others(&self) -> Duration {
        let own = self.threads.lock().expect("the lock");
        let tasks = std::fs::read_dir("/proc/self/task").expect("Linux").flatten();
        let others = tasks.filter(|task| !own.contains(&*task.file_name().to_string_lossy()));
        // "time spent on the cpu (in nanoseconds)" is the first field; a thread that has just ended has no file.
        let read = |task: &Path| std::fs::read_to_string(task.join("schedstat")).ok();
        let nanos = others.filter_map(|task| read(&task.path())?.split_whitespace().next()?.parse::<u64>().ok());
        Duration::from_nanos(nanos.sum())
    }
}

fn percentile(times: &mut [Duration], per_mille: usize) -> Duration {
    times.sort_unstable();
    let place = times.len().saturating_mul(per_mille).div_ceil(1000).max(1) - 1;
    times.get(place).copied().unwrap_or_default()
}

fn say(what: &str, target: &str, times: &mut [Duration]) {
    let count = times.len();
    let [p50, p99] = [500, 990].map(|part| percentile(times, part));
    println!("{what:<58} {target:<12} p50 {} µs, p99 {} µs of {count}", p50.as_micros(), p99.as_micros());
}

fn clerk(world: &World, telegram: Telegram, db: &Db, catalog: &Catalog, suppliers: &Suppliers, keys: &str) -> Clerk {
    let bells = Bells::new(suppliers);
    let admins = Arc::new(vec![TelegramId(ADMIN)]);
    let shop = Shop {
        world: world.clone(),
        db: db.clone(),
        catalog: catalog.clone(),
        keys: Arc::new(kiosk::secret::KeyRing::parse(keys).expect("keys")),
        bells: bells.clone(),
        admins: Arc::clone(&admins),
    };
    let desk = Desk { world: world.clone(), db: db.clone(), catalog: catalog.clone(), bells, admins };
    Clerk {
        world: world.clone(),
        telegram,
        outbox: Outbox::new(world.clone()),
        locales: Arc::new(Locales::load().expect("locales")),
        shop,
        desk,
        people: People::default(),
        shown: Shown::default(),
    }
}

fn person(id: usize) -> Value {
    json!({"id": 1000 + id, "is_bot": false, "first_name": "Bo", "language_code": "en"})
}

fn message(number: usize, text: &str) -> Value {
    let from = person(number % 500);
    let entity = json!({"type": "bot_command", "offset": 0, "length": text.len()});
    let message = json!({"message_id": number, "from": from, "date": 1_700_000_000, "text": text, "entities": [entity],
        "chat": {"id": from["id"], "type": "private", "first_name": "Bo"}});
    json!({"update_id": number, "message": message})
}

fn query(number: usize, words: &str) -> Value {
    let query = json!({"id": number.to_string(), "from": person(number % 500), "query": words, "offset": ""});
    json!({"update_id": number, "inline_query": query})
}

async fn shelf(db: &Db, catalog: &Catalog, suppliers: &Suppliers) {
    let mut times = Vec::new();
    for _ in 0..15 {
        let mut tx = db.read().await.expect("a read");
        let prices = Prices::load(&mut tx, catalog.defaults()).await.expect("prices");
        let rows = records::offers(&mut tx).await.expect("rows");
        let began = Instant::now();
        let shelf = Shelf::build(1, rows, &prices, suppliers);
        times.push(began.elapsed());
        assert_eq!(shelf.len(), PRODUCTS);
    }
    say("building the shelf of 20,000 products", "", &mut times);
}

async fn inline(world: &World, front: &Front, catalog: &Catalog) {
    let (mut searches, mut answers) = (Vec::new(), Vec::new());
    for round in 0..500 {
        for (place, words) in QUERIES.iter().enumerate() {
            let began = Instant::now();
            assert!(!catalog.shelf().search(words, 20, 0).is_empty());
            searches.push(began.elapsed());
            let update = parse(&query(round * QUERIES.len() + place, words).to_string()).expect("an update");
            let began = Instant::now();
            front.handle(update, world.now()).await;
            answers.push(began.elapsed());
        }
    }
    say("searching 20,000 products", "", &mut searches);
    say("an inline answer: search, build, send", "p99 < 5 ms", &mut answers);
}

async fn updates(null: &NullTelegram, inbox: &Inbox, text: &str, first: usize) {
    let mut times = Vec::new();
    for round in 0..8 {
        let (taken, before) = (null.taken.load(Ordering::Relaxed), null.processor_time_of_others());
        for batch in 0..10 {
            let start = first + round * 1000 + batch * 100;
            let raw = |number| serde_json::value::to_raw_value(&message(number, text)).expect("JSON");
            let updates: Vec<RawUpdate> = (start..start + 100).map(raw).collect();
            inbox.store(updates).await.expect("stored");
        }
        while null.taken.load(Ordering::Relaxed) < taken + 1000 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        inbox.flush().await.expect("marked");
        // The first round meets every person for the first time.
        if round > 0 {
            times.push(null.processor_time_of_others().saturating_sub(before) / 1000);
        }
    }
    say(&format!("processor time of {text}, rounds of 1,000 from 500 people"), "< 500 µs", &mut times);
}

#[tokio::main]
async fn main() {
    let world = World::real().expect("the world");
    let scenery = Scenery::build(&world).await.expect("the stand-ins");
    scenery.one4all.set_limits(None, None);
    scenery.one4all.fill(PRODUCTS);
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("kiosk.db").display());
    let tier =
        [("KIOSK_SUPPLIER__ONE4ALL__TIER", "enterprise"), ("KIOSK_SUPPLIER__ONE4ALL__PURCHASES_PER_10S", "1000")];
    let settings = scenery.settings(&world, &url, &tier).expect("settings");
    let suppliers = Suppliers::new(supplier::registry(&settings, &world).expect("suppliers"));
    let db = Db::open(&url).await.expect("a database");
    db.migrate().await.expect("tables");
    let catalog = Catalog::new(runner::defaults(&settings), suppliers.clone());
    let one4all = suppliers.iter().next().expect("One4All");
    refresh::refresh(&world, &db, &catalog, one4all.as_ref()).await.expect("a catalogue");
    drop(scenery);
    let (null, address) = NullTelegram::open();
    let telegram = Telegram::new(TOKEN, &address).expect("a client");
    let keys = kiosk::secret::KeyRing::generate(world.entropy.as_ref());
    let front = Front::new(Arc::new(clerk(&world, telegram, &db, &catalog, &suppliers, &keys)));
    let inbox = Inbox::new(world.clone(), db.clone(), Arc::new(front.clone()), Replicas::One);
    shelf(&db, &catalog, &suppliers).await;
    inline(&world, &front, &catalog).await;
    updates(&null, &inbox, "/help", 1_000_000).await;
    updates(&null, &inbox, "/wallet", 2_000_000).await;
    inbox.drain(Duration::from_secs(5)).await;
    db.close().await;
}
