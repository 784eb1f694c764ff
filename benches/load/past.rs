//! A past: orders long delivered, as a shop has them after years.

use std::time::Instant;

use kiosk::store::{Db, Value};

/// Orders written in one transaction.
const CHUNK: i64 = 100_000;

/// The numbers of a chunk, and what every table needs of them. Identities sort by time as the shop's do;
/// numbers and keys are as good as random.
macro_rules! past {
    ($rest:literal) => {
        concat!(
            "WITH RECURSIVE count(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM count WHERE i + 1 < $2), \
             past AS (SELECT i, printf('0190%08x-%04x-7000-8000-%012x', i / 65536, i % 65536, i) AS id, \
             (SELECT id FROM buyers WHERE telegram_id = 1000000 + i % (SELECT COUNT(*) FROM buyers)) AS buyer, \
             1700000000000 + i AS at FROM count) ",
            $rest
        )
    };
}

const STATEMENTS: [&str; 5] = [
    past!(
        "INSERT INTO orders (id, no, quote_id, buyer_id, product_no, supplier, sku, category_id, title, quantity, \
         unit_price, total, currency, unit_cost, cost_currency, rate, payment, idempotency_key, state, detail, version, \
         attempts, reference, chat_id, message_id, screen, created_at_ms, updated_at_ms) \
         SELECT id, substr(hex(randomblob(4)), 1, 7) || printf('%07x', i), 'q' || id, buyer, 1, 'one4all', 'clp00000001', \
         'clc000000', '60 UC', 1, 1000000, 1000000, 'USDT', '0.85', 'USDT', '1', 'wallet', lower(hex(randomblob(16))), \
         'delivered', '{}', 6, 0, 'past' || i, 1000000 + i % 64, 10, 'text', at, at FROM past"
    ),
    past!(
        "INSERT INTO parcels (order_id, sealed, count, state, attempts, updated_at_ms) \
         SELECT id, hex(randomblob(60)), 1, 'sent', 1, at FROM past"
    ),
    past!(
        "INSERT INTO updates (update_id, lane, payload, received_at_ms, lease_owner, lease_until_ms, done) \
         SELECT i + 1, i % 64, '', unixepoch() * 1000, 'past', 0, 1 FROM past"
    ),
    past!("INSERT INTO accounts (id, currency, balance) SELECT 'held:' || id, 'USDT', 0 FROM past"),
    past!(
        "INSERT INTO postings (id, posting_key, kind, from_account, to_account, amount, currency, buyer_id, order_id, \
         actor, reason, at_ms) \
         SELECT id || kind, kind || ':' || id, kind, 'past', 'gone', 1000000, 'USDT', buyer, id, 'shop', '', at FROM past \
         JOIN (SELECT 'reserve' AS kind UNION ALL SELECT 'sale' UNION ALL SELECT 'cost')"
    ),
];

/// Writes so many delivered orders of the enrolled buyers. The shop is closed meanwhile.
pub async fn fill(database: &str, orders: i64) {
    let began = Instant::now();
    let db = Db::open(database).await.expect("a database");
    let mut from = 0;
    while from < orders {
        let until = orders.min(from + CHUNK);
        let mut tx = db.begin().await.expect("a write");
        for sql in STATEMENTS {
            tx.execute(sql, [Value::from(from), Value::from(until)]).await.expect("rows");
        }
        tx.commit().await.expect("a commit");
        from = until;
    }
    db.close().await;
    println!("   ({orders} past orders written in {} s)", began.elapsed().as_secs());
}
