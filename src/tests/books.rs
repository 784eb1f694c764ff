//! The ledger's promises on both databases.

use futures::future::join_all;

use crate::id::{BuyerId, OrderId};
use crate::ledger::{self, Account, Actor, Kind, LedgerError, Posted, Posting};
use crate::money::{Currency, Money};
use crate::store::{Db, StoreError, args};
use crate::tests::both::on_both;
use crate::tests::clock::{TestClock, world};
use crate::world::World;

fn usdt(text: &str) -> Money {
    Money::parse(text, Currency::Usdt).unwrap()
}

fn credit(buyer: BuyerId, key: &str, amount: Money) -> Posting {
    Posting {
        key: key.to_owned(),
        kind: Kind::Topup,
        from: Account::Topups,
        to: Account::Wallet(buyer),
        amount,
        buyer: Some(buyer),
        order: None,
        actor: Actor::Shop,
        reason: "<b>note</b>".to_owned(),
    }
}

async fn post(db: &Db, world: &World, posting: &Posting) -> Result<Posted, LedgerError> {
    let mut tx = db.begin().await?;
    let posted = ledger::post(&mut tx, world, posting).await?;
    tx.commit().await?;
    Ok(posted)
}

async fn balance(db: &Db, buyer: BuyerId) -> Money {
    let mut tx = db.read().await.unwrap();
    ledger::balance(&mut tx, buyer, Currency::Usdt).await.unwrap()
}

on_both! {
    async fn a_posting_counts_once_however_often_it_is_made(db: Db) {
        let world = world(&TestClock::new());
        let buyer = BuyerId::fresh(&world);
        assert_eq!(post(&db, &world, &credit(buyer, "k", usdt("10"))).await, Ok(Posted::Now));
        assert_eq!(post(&db, &world, &credit(buyer, "k", usdt("10"))).await, Ok(Posted::Before));
        assert_eq!(balance(&db, buyer).await, usdt("10"));
        let same = join_all((0..8).map(|_| async { post(&db, &world, &credit(buyer, "l", usdt("1"))).await })).await;
        assert_eq!(same.iter().filter(|posted| **posted == Ok(Posted::Now)).count(), 1);
        assert_eq!(balance(&db, buyer).await, usdt("11"));
    }

    async fn fifty_reservations_never_take_more_than_there_is(db: Db) {
        let world = world(&TestClock::new());
        let buyer = BuyerId::fresh(&world);
        post(&db, &world, &credit(buyer, "k", usdt("10"))).await.unwrap();
        let tries = join_all((0..50).map(|_| async {
            let mut tx = db.begin().await?;
            let posted = ledger::reserve(&mut tx, &world, buyer, OrderId::fresh(&world), usdt("3")).await?;
            tx.commit().await?;
            Ok::<_, LedgerError>(posted)
        }))
        .await;
        assert_eq!(tries.iter().filter(|posted| posted.is_ok()).count(), 3);
        assert!(tries.iter().all(|posted| matches!(posted, Ok(_) | Err(LedgerError::NotCovered))));
        assert_eq!(balance(&db, buyer).await, usdt("1"));
    }

    async fn a_partial_fill_splits_the_reservation_and_the_parts_add_up(db: Db) {
        let world = world(&TestClock::new());
        let (buyer, order) = (BuyerId::fresh(&world), OrderId::fresh(&world));
        post(&db, &world, &credit(buyer, "k", usdt("10"))).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        ledger::reserve(&mut tx, &world, buyer, order, usdt("9")).await.unwrap();
        ledger::settle(&mut tx, &world, buyer, order, usdt("4.5"), Actor::Shop).await.unwrap();
        // A second settling finds nothing held any more.
        ledger::settle(&mut tx, &world, buyer, order, usdt("0"), Actor::Shop).await.unwrap();
        assert!(ledger::held(&mut tx, order, Currency::Usdt).await.unwrap() == usdt("0"));
        tx.commit().await.unwrap();
        assert_eq!(balance(&db, buyer).await, usdt("5.5"));
        let mut tx = db.read().await.unwrap();
        let movements = ledger::movements(&mut tx, buyer, Currency::Usdt, 10).await.unwrap();
        let mut changes: Vec<i64> = movements.iter().map(|movement| movement.change.minor()).collect();
        changes.sort_unstable();
        assert_eq!(changes, [-9_000_000, 4_500_000, 10_000_000]);
    }

    async fn a_posting_is_never_changed_or_deleted(db: Db) {
        let world = world(&TestClock::new());
        post(&db, &world, &credit(BuyerId::fresh(&world), "k", usdt("10"))).await.unwrap();
        for sql in ["UPDATE postings SET amount = 1", "DELETE FROM postings"] {
            let mut tx = db.begin().await.unwrap();
            assert_eq!(tx.execute(sql, args![]).await, Err(StoreError::Constraint), "{sql}");
        }
    }

    async fn currencies_do_not_meet_in_one_wallet(db: Db) {
        let world = world(&TestClock::new());
        let buyer = BuyerId::fresh(&world);
        post(&db, &world, &credit(buyer, "k", usdt("10"))).await.unwrap();
        let dinars = credit(buyer, "l", Money::parse("5", Currency::Dzd).unwrap());
        assert_eq!(post(&db, &world, &dinars).await, Err(LedgerError::NotAccepted));
        assert_eq!(post(&db, &world, &credit(buyer, "m", usdt("0"))).await, Err(LedgerError::NotPositive));
        assert_eq!(post(&db, &world, &credit(buyer, "n", usdt("-1"))).await, Err(LedgerError::NotPositive));
    }

    async fn a_wallet_does_not_grow_beyond_any_sane_amount(db: Db) {
        let world = world(&TestClock::new());
        let buyer = BuyerId::fresh(&world);
        let most = Money::from_minor(1_000_000_000_000_000_000, Currency::Usdt);
        post(&db, &world, &credit(buyer, "k", most)).await.unwrap();
        assert_eq!(post(&db, &world, &credit(buyer, "l", usdt("1"))).await, Err(LedgerError::NotAccepted));
        assert_eq!(balance(&db, buyer).await, most);
    }
}
