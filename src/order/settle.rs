//! Writing a move down: the order's row, the money, the parcel and the alarms, in one transaction.

use std::time::Duration;

use crate::id::{IdempotencyKey, OrderId};
use crate::ledger::{self, Actor};
use crate::money::Money;
use crate::notice::{self, News};
use crate::order::answer::Move;
use crate::order::records::{self, Next, work_of};
use crate::order::state::{Cause, Count, State, Why, judge};
use crate::order::{Order, OrderError, Works};
use crate::secret::Place;
use crate::store::{StoreError, Tx, args};
use crate::supplier::{Goods, PaymentProgress, Reason, Supplier};
use crate::world::Moment;

/// How long the screen shows the last step before it shows the next, so that quick sales do not flicker.
pub(super) const TELL_AFTER: Duration = Duration::from_millis(1500);
/// How often the same trouble with a supplier is told to admins, at most.
const ALARM_EVERY: Duration = Duration::from_hours(1);

/// Writes a move down; if it cannot be written, the order's lease brings it back. Goods are never let go: if
/// somebody else moved the order meanwhile, they are written to it as it is now.
pub(super) async fn settle(works: &Works, supplier: &dyn Supplier, order: Order, change: Move) {
    let (id, no) = (order.id, order.no);
    let goods = if let Move::Goods(goods) = &change { Some(goods.clone()) } else { None };
    let before = order.clone();
    let written = match (write(works, supplier, order, change).await, goods) {
        // The supplier's order is another one of ours already: whose codes these are is for a person.
        (Err(OrderError::Store(StoreError::Duplicate)), Some(mut goods)) => {
            goods.reference = None;
            goods.stated = Some(u32::MAX);
            write(works, supplier, before, Move::Goods(goods)).await
        }
        (Err(OrderError::Store(StoreError::Duplicate)), None) => {
            write(works, supplier, before, Move::Stick(Why::Ambiguous)).await
        }
        (Err(OrderError::Moved), Some(goods)) => write_late(works, supplier, id, goods).await,
        (written, _) => written,
    };
    match written {
        Ok(()) => {}
        Err(OrderError::Moved) => tracing::info!(order = %no, "somebody else moved the order first"),
        Err(error) => {
            tracing::error!(order = %no, id = %id, %error, "an order could not be written; its lease brings it back");
        }
    }
}

async fn write_late(works: &Works, supplier: &dyn Supplier, id: OrderId, goods: Goods) -> Result<(), OrderError> {
    let mut tx = works.db.read().await?;
    let order = records::by_id(&mut tx, id).await?.ok_or(OrderError::Moved)?;
    drop(tx);
    write(works, supplier, order, Move::Goods(goods)).await
}

async fn write(works: &Works, supplier: &dyn Supplier, order: Order, change: Move) -> Result<(), OrderError> {
    let mut tx = works.db.begin().await?;
    let mut told = false;
    let (goods, ends) = (matches!(change, Move::Goods(_)), matches!(change, Move::Back(_) | Move::Stick(_)));
    match change {
        Move::To { state, due, attempts, fresh_key } => {
            let key = if fresh_key { IdempotencyKey::fresh(works.world.entropy.as_ref()) } else { order.key };
            tell_odd_payment(works, &mut tx, &order, &state).await?;
            let tell = (state.word() != order.state.word() || progress_of(&state) != progress_of(&order.state))
                .then(|| works.world.now());
            let tell = tell.filter(|_| !state.is_unsent());
            told = tell.is_some();
            advance(works, &mut tx, &order, state, due, tell, attempts, key).await?;
        }
        Move::Back(cause) => give_back(works, &mut tx, supplier, &order, cause).await?,
        Move::Stick(why) => stick(works, &mut tx, supplier, &order, why).await?,
        Move::Goods(goods) => receive(works, &mut tx, supplier, &order, goods).await?,
    }
    tx.commit().await?;
    if goods {
        works.bells.parcels().notify_one();
    }
    if told || ends {
        works.bells.screens().notify_one();
        works.bells.notices().notify_one();
    }
    Ok(())
}

fn progress_of(state: &State) -> Option<PaymentProgress> {
    match state {
        State::AwaitingPayment { progress, .. } => Some(*progress),
        _ => None,
    }
}

#[expect(clippy::too_many_arguments, reason = "each is one column of the row it writes")]
async fn advance(
    works: &Works,
    tx: &mut Tx,
    order: &Order,
    state: State,
    due: Option<Moment>,
    tell_at: Option<Moment>,
    attempts: u32,
    key: IdempotencyKey,
) -> Result<(), OrderError> {
    let work = work_of(&state).zip(due);
    let next = Next { state, work, tell_at, attempts, key, reference: None };
    if records::advance(tx, order, &next, works.world.now()).await? { Ok(()) } else { Err(OrderError::Moved) }
}

async fn give_back(
    works: &Works,
    tx: &mut Tx,
    supplier: &dyn Supplier,
    order: &Order,
    cause: Cause,
) -> Result<(), OrderError> {
    let now = works.world.now();
    let state = order.state.clone().give_back(cause)?;
    advance(works, tx, order, state, None, Some(now), 0, order.key).await?;
    if !order.payment.is_past_us() {
        let nothing = Money::zero(order.deal.total.currency());
        ledger::settle(tx, &works.world, order.buyer, order.id, nothing, Actor::Shop).await?;
    }
    let reason = match cause {
        Cause::Refused(reason @ (Reason::NoFunds | Reason::Frozen | Reason::Unauthorized)) => Some(reason),
        Cause::Unfunded => Some(Reason::NoFunds),
        _ => None,
    };
    if let Some(reason) = reason {
        let name = supplier.terms().name.to_string();
        let hour = now.millis().div_euclid(i64::try_from(ALARM_EVERY.as_millis()).unwrap_or(i64::MAX));
        let news = News::SupplierRefused { supplier: name.clone(), reason };
        notice::owe_all(tx, &works.world, &works.admins, &format!("refused:{name}:{reason:?}:{hour}"), &news).await?;
    }
    Ok(())
}

async fn stick(works: &Works, tx: &mut Tx, supplier: &dyn Supplier, order: &Order, why: Why) -> Result<(), OrderError> {
    let state = order.state.clone().stick(why)?;
    advance(works, tx, order, state, None, Some(works.world.now()), 0, order.key).await?;
    let news = News::OrderStuck {
        order: order.no.to_string(),
        supplier: supplier.terms().name.to_string(),
        why: why.word().to_owned(),
    };
    notice::owe_all(tx, &works.world, &works.admins, &format!("stuck:{}:{}", order.id, order.version), &news).await?;
    tracing::error!(order = %order.no, supplier = %supplier.terms().name, why = why.word(), "an order waits for a person");
    Ok(())
}

/// Seals the codes, settles the money by what came, and hands the parcel to the courier. Codes that do not
/// add up are sealed and kept for a person.
async fn receive(
    works: &Works,
    tx: &mut Tx,
    supplier: &dyn Supplier,
    order: &Order,
    goods: Goods,
) -> Result<(), OrderError> {
    let now = works.world.now();
    let count = judge(&goods, order.deal.quantity);
    let came = u32::try_from(goods.codes.len()).unwrap_or(u32::MAX);
    let row = order.id.to_string();
    let place = Place { table: "parcels", row: &row, column: "sealed" };
    let sealed = works.keys.seal_codes(works.world.entropy.as_ref(), place, &goods.codes)?;
    let kept = count == Count::Contradiction;
    // An order has at most one set of codes: only one kept for a person, who asked again, is replaced.
    let (state_word, due) = if kept { ("kept", None) } else { ("waiting", Some(now)) };
    tx.execute(
        "INSERT INTO parcels (order_id, sealed, count, state, due_at_ms, attempts, updated_at_ms) \
         VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (order_id) DO UPDATE SET sealed = excluded.sealed, \
         count = excluded.count, state = excluded.state, due_at_ms = excluded.due_at_ms, \
         updated_at_ms = excluded.updated_at_ms WHERE parcels.state = 'kept'",
        args![order.id, sealed, came, state_word, due, now],
    )
    .await?;
    if kept {
        return stick(works, tx, supplier, order, Why::Miscounted).await;
    }
    let state = order.state.clone().fulfil(came)?;
    let next = Next {
        state,
        work: None,
        tell_at: Some(now.plus(TELL_AFTER)),
        attempts: 0,
        key: order.key,
        reference: goods.reference.clone(),
    };
    if !records::advance(tx, order, &next, now).await? {
        return Err(OrderError::Moved);
    }
    let earned = if count == Count::Whole {
        order.deal.total
    } else {
        order.deal.unit_price.times(came).map_err(ledger::LedgerError::from)?
    };
    if !order.payment.is_past_us() {
        ledger::settle(tx, &works.world, order.buyer, order.id, earned, Actor::Shop).await?;
        record_cost(works, tx, order, &goods, came, earned).await?;
    }
    if matches!(order.state, State::Expired { .. }) {
        odd_payment(works, tx, order, "late").await?;
    }
    works.catalog.take(order.deal.product, came);
    tracing::info!(order = %order.no, supplier = %supplier.terms().name, codes = came, "codes received");
    Ok(())
}

async fn record_cost(
    works: &Works,
    tx: &mut Tx,
    order: &Order,
    goods: &Goods,
    came: u32,
    earned: Money,
) -> Result<(), OrderError> {
    let expected = order.deal.unit_cost.times(came).map_err(ledger::LedgerError::from)?;
    let cost = goods.charged.filter(|charged| charged.is_positive()).unwrap_or(expected);
    ledger::record_cost(tx, &works.world, &order.deal.supplier, order.id, cost).await?;
    let in_shop_currency = crate::money::UnitCost::new(cost.to_decimal(), cost.currency())
        .and_then(|cost| order.deal.rate.convert_up(cost));
    if let Ok(charged) = in_shop_currency
        && charged.minor() > earned.minor()
    {
        let news =
            News::SoldAtLoss { order: order.no.to_string(), charged: cost.to_string(), paid: earned.to_string() };
        notice::owe_all(tx, &works.world, &works.admins, &format!("loss:{}", order.id), &news).await?;
    }
    Ok(())
}

async fn tell_odd_payment(works: &Works, tx: &mut Tx, order: &Order, state: &State) -> Result<(), OrderError> {
    match progress_of(state) {
        Some(PaymentProgress::Underpaid) => odd_payment(works, tx, order, "underpaid").await,
        Some(PaymentProgress::Overpaid) => odd_payment(works, tx, order, "overpaid").await,
        _ => Ok(()),
    }
}

async fn odd_payment(works: &Works, tx: &mut Tx, order: &Order, what: &str) -> Result<(), OrderError> {
    let news = News::OddPayment { order: order.no.to_string(), what: what.to_owned() };
    notice::owe_all(tx, &works.world, &works.admins, &format!("odd:{}:{what}", order.id), &news).await?;
    Ok(())
}
