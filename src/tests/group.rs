//! SQLite's shared commits, seen from outside.

use futures::future::join_all;

use crate::store::{Db, StoreError, args};
use crate::tests::both::on_both;

async fn table(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    tx.execute("CREATE TABLE marks (at BIGINT NOT NULL PRIMARY KEY, size BIGINT NOT NULL CHECK (size > 0))", args![])
        .await
        .unwrap();
    tx.execute("INSERT INTO marks (at, size) VALUES (0, 1)", args![]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn put(db: &Db, at: i64, size: i64) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    tx.execute("INSERT INTO marks (at, size) VALUES ($1, $2)", args![at, size]).await?;
    tx.commit().await
}

async fn grow(db: &Db) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    tx.execute("UPDATE marks SET size = size + 1 WHERE at = 0", args![]).await?;
    tx.commit().await
}

async fn size(db: &Db) -> i64 {
    let mut tx = db.read().await.unwrap();
    let (size,): (i64,) = tx.fetch_one("SELECT size FROM marks WHERE at = 0", args![]).await.unwrap();
    size
}

async fn count(db: &Db) -> i64 {
    let mut tx = db.read().await.unwrap();
    let (count,): (i64,) = tx.fetch_one("SELECT COUNT(*) FROM marks", args![]).await.unwrap();
    count
}

on_both! {
    async fn concurrent_increments_are_exact(db: Db) {
        table(&db).await;
        let results = join_all((0..200).map(|_| { let db = db.clone(); tokio::spawn(async move { grow(&db).await }) })).await;
        assert!(results.into_iter().all(|result| result.unwrap().is_ok()));
        assert_eq!(size(&db).await, 201);
    }

    async fn a_dropped_transaction_leaves_nothing(db: Db) {
        table(&db).await;
        let mut tx = db.begin().await.unwrap();
        tx.execute("UPDATE marks SET size = 99 WHERE at = 0", args![]).await.unwrap();
        drop(tx);
        grow(&db).await.unwrap();
        assert_eq!(size(&db).await, 2);
    }

    async fn a_refused_row_harms_no_neighbour(db: Db) {
        table(&db).await;
        let results = join_all((1..=60).map(|at| {
            let db = db.clone();
            tokio::spawn(async move { put(&db, at, i64::from(at % 3 != 0)).await })
        })).await;
        let refused = results.into_iter().filter(|result| *result.as_ref().unwrap() == Err(StoreError::Constraint)).count();
        assert_eq!(refused, 20);
        assert_eq!(count(&db).await, 41);
    }

    async fn cancelled_waiters_do_not_lose_the_connection(db: Db) {
        table(&db).await;
        for _ in 0..20 {
            let holder = db.begin().await.unwrap();
            let waiters: Vec<_> = (0..10).map(|_| { let db = db.clone(); tokio::spawn(async move { grow(&db).await }) }).collect();
            tokio::task::yield_now().await;
            for waiter in waiters.iter().step_by(2) {
                waiter.abort();
            }
            drop(holder);
            for waiter in waiters.into_iter().skip(1).step_by(2) {
                waiter.await.unwrap().unwrap();
            }
        }
        grow(&db).await.unwrap();
        assert!(size(&db).await > 101);
    }

    async fn what_is_committed_is_seen_by_the_next_reader(db: Db) {
        table(&db).await;
        for expected in 2..30 {
            grow(&db).await.unwrap();
            assert_eq!(size(&db).await, expected);
        }
    }

    async fn a_closed_database_says_so(db: Db) {
        table(&db).await;
        db.close().await;
        assert!(matches!(grow(&db).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(db.read().await.map(drop), Err(StoreError::Unavailable(_))));
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shared_commits_survive_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("kiosk.db").display());
    let db = Db::open(&url).await.unwrap();
    table(&db).await;
    let results = join_all((0..200).map(|_| grow(&db))).await;
    assert!(results.into_iter().all(|result| result.is_ok()));
    // Another process sees them before the first closes: they are in the file.
    let other = Db::open(&url).await.unwrap();
    assert_eq!(size(&other).await, 201);
    other.close().await;
    db.close().await;
    let again = Db::open(&url).await.unwrap();
    assert_eq!(size(&again).await, 201);
    again.close().await;
}

#[tokio::test(flavor = "current_thread")]
async fn members_run_in_the_order_they_came() {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open(&format!("sqlite://{}", directory.path().join("kiosk.db").display())).await.unwrap();
    table(&db).await;
    let mut tx = db.begin().await.unwrap();
    tx.execute("CREATE TABLE line (place INTEGER PRIMARY KEY, who BIGINT NOT NULL)", args![]).await.unwrap();
    tx.commit().await.unwrap();
    let write = |who: i64| {
        let db = db.clone();
        async move {
            let mut tx = db.begin().await.unwrap();
            tx.execute("INSERT INTO line (who) VALUES ($1)", args![who]).await.unwrap();
            tx.commit().await.unwrap();
        }
    };
    join_all((0..50).map(write)).await;
    let mut tx = db.read().await.unwrap();
    let line: Vec<(i64,)> = tx.fetch_all("SELECT who FROM line ORDER BY place", args![]).await.unwrap();
    assert_eq!(line, (0..50).map(|who| (who,)).collect::<Vec<_>>());
    drop(tx);
    db.close().await;
}
