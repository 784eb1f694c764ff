//! The order worker: one bounded batch at a time, for one supplier.
//!
//! [`place`] looks and sends purchases; [`check`] asks about those the supplier has. Both claim their orders
//! with a lease, so any number of workers and replicas may run them. No transaction is open during a call.

use std::time::Duration;

use futures::future::join_all;

use crate::ledger::{self, Actor};
use crate::money::Money;
use crate::notice::{self, News};
use crate::order::look::Verdict;
use crate::order::records::{self, Next, Work, work_of};
use crate::order::state::{Asked, Cause, Count, LATE_PAYMENT_WATCH, State, Why, judge};
use crate::order::{Order, OrderError, Works};
use crate::secret::Place;
use crate::store::{StoreError, Tx, args};
use crate::supplier::{
    Breaker, Goods, Hold, Invoice, Outcome, PaymentProgress, Reason, Supplier, SupplierError, SupplierReference,
};
use crate::world::Moment;

/// The most purchases in one batch.
const PLACE_BATCH: u32 = 64;
/// The most orders asked about in one batch.
const CHECK_BATCH: u32 = 16;
/// How long an invoice is payable when the supplier does not say.
const INVOICE_LIFETIME: Duration = Duration::from_mins(30);
/// How long a look may fail before the buyer gets their money back instead of waiting on.
const LOOK_PATIENCE: Duration = Duration::from_secs(15);
/// How long an order may wait for room under a rate limit.
const ROOM_PATIENCE: Duration = Duration::from_mins(30);
/// After so many conflicts with one key, the supplier may be repeating an answer it kept: a fresh key follows.
/// A conflict is definite, so a fresh key cannot buy twice.
const CONFLICTS_PER_KEY: u32 = 4;
/// After so many conflicts the buyer gets their money back.
const CONFLICTS_MAX: u32 = 10;
/// After so many unreadable answers to one purchase, a person is asked.
const GARBLED_MAX: u32 = 3;
/// How long the screen shows the last step before it shows the next, so that quick sales do not flicker.
pub const TELL_AFTER: Duration = Duration::from_millis(1500);
/// How long orders are put off at a time while the breaker is open.
const SIT_OUT_MAX: Duration = Duration::from_secs(5);
/// How often the same trouble with a supplier is told to admins, at most.
const ALARM_EVERY: Duration = Duration::from_hours(1);

/// When a worker wants to be called again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// At once: there may be more.
    Now,
    /// At this moment, or when there is news.
    At(Moment),
    /// When there is news.
    Idle,
}

/// Whether a purchase may have been sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Try {
    /// Committed to by this very batch: what the answer says, it says about the only request there was.
    First,
    /// A request may have been sent before, and its answer is not known.
    Repeat,
}

/// How one call or verdict changes an order.
enum Move {
    /// On to another state; nothing moves in the books.
    To { state: State, due: Option<Moment>, attempts: u32, fresh_key: bool },
    /// The money goes back.
    Back(Cause),
    /// The goods are here.
    Goods(Goods),
    /// A person must decide.
    Stick(Why),
}

/// Sends purchases: claims, looks, commits to sending, sends, settles.
///
/// # Errors
/// [`StoreError`] from claiming; trouble with a single order is logged and comes back by its lease.
pub async fn place(works: &Works, supplier: &dyn Supplier) -> Result<Again, StoreError> {
    let name = &supplier.terms().name;
    let capacity = supplier.capacity();
    if supplier.breaker() == Breaker::Open {
        return sit_out(works, supplier, capacity.retry_in).await;
    }
    if capacity.purchases == 0 {
        return Ok(Again::At(works.world.now().plus(capacity.retry_in.max(Duration::from_millis(50)))));
    }
    let orders = claim(works, supplier, Work::Place, capacity.purchases.min(PLACE_BATCH)).await?;
    if orders.is_empty() {
        return idle(works, supplier, Work::Place).await;
    }
    let (unsent, maybe): (Vec<Order>, Vec<Order>) = orders.into_iter().partition(|order| order.state.is_unsent());
    let (verdicts, looked) = works.looks.judge(&works.world, supplier, &unsent).await;
    for offer in &looked {
        works.catalog.note(&works.db, name, offer).await?;
    }
    let mut going = Vec::new();
    for (order, verdict) in unsent.into_iter().zip(verdicts) {
        match verdict {
            Verdict::Go => going.push(order),
            Verdict::No(cause) => settle(works, supplier, order, Move::Back(cause)).await,
            Verdict::Later { why, retry_in } => {
                let change = put_off(works, &order, why, retry_in);
                settle(works, supplier, order, change).await;
            }
        }
    }
    let firsts = submit(works, going).await?.into_iter().map(|order| (order, Try::First));
    let repeats = maybe.into_iter().map(|order| (order, Try::Repeat));
    join_all(firsts.chain(repeats).map(|(order, which)| send(works, supplier, order, which))).await;
    Ok(Again::Now)
}

/// While the breaker is open nothing is sent, but nobody waits beyond their patience either.
async fn sit_out(works: &Works, supplier: &dyn Supplier, retry_in: Duration) -> Result<Again, StoreError> {
    let orders = claim(works, supplier, Work::Place, PLACE_BATCH).await?;
    if orders.is_empty() {
        return idle(works, supplier, Work::Place).await;
    }
    for order in orders {
        let change = if order.state.is_unsent() {
            put_off(works, &order, Hold::BreakerOpen, Some(retry_in.min(SIT_OUT_MAX)))
        } else {
            again(works, &order)
        };
        settle(works, supplier, order, change).await;
    }
    Ok(Again::Now)
}

/// Asks about orders the supplier has.
///
/// # Errors
/// As [`place`].
pub async fn check(works: &Works, supplier: &dyn Supplier) -> Result<Again, StoreError> {
    let orders = claim(works, supplier, Work::Check, CHECK_BATCH).await?;
    if orders.is_empty() {
        return idle(works, supplier, Work::Check).await;
    }
    join_all(orders.into_iter().map(|order| ask(works, supplier, order))).await;
    Ok(Again::Now)
}

async fn claim(works: &Works, supplier: &dyn Supplier, work: Work, limit: u32) -> Result<Vec<Order>, StoreError> {
    let name = &supplier.terms().name;
    // A look beside the writer first: an idle shop writes nothing.
    let mut tx = works.db.read().await?;
    let due = records::next_due(&mut tx, name, work).await?;
    drop(tx);
    if due.is_none_or(|due| due > works.world.now()) {
        return Ok(Vec::new());
    }
    let mut tx = works.db.begin().await?;
    let orders = records::claim(&mut tx, name, work, limit, works.world.now()).await?;
    tx.commit().await?;
    Ok(orders)
}

async fn idle(works: &Works, supplier: &dyn Supplier, work: Work) -> Result<Again, StoreError> {
    let mut tx = works.db.read().await?;
    let due = records::next_due(&mut tx, &supplier.terms().name, work).await?;
    Ok(due.map_or(Again::Idle, Again::At))
}

/// Commits, for the whole batch at once, that the requests may now reach the supplier.
async fn submit(works: &Works, orders: Vec<Order>) -> Result<Vec<Order>, StoreError> {
    if orders.is_empty() {
        return Ok(orders);
    }
    let now = works.world.now();
    let mut submitted = Vec::with_capacity(orders.len());
    let mut tx = works.db.begin().await?;
    for mut order in orders {
        let Ok(state) = order.state.clone().submit(now) else { continue };
        let next = Next {
            state: state.clone(),
            work: Some((Work::Place, now.plus(records::LEASE))),
            tell_at: Some(now.plus(TELL_AFTER)),
            attempts: order.attempts,
            key: order.key,
        };
        if records::advance(&mut tx, &order, &next, now).await? {
            order.state = state;
            order.version = order.version.saturating_add(1);
            submitted.push(order);
        }
    }
    tx.commit().await?;
    Ok(submitted)
}

/// Sends one purchase, or sends it again under its key, or looks for it at the supplier.
async fn send(works: &Works, supplier: &dyn Supplier, order: Order, which: Try) {
    let State::Submitted(Asked::Maybe { since_ms }) = order.state else { return };
    let since = Moment::from_millis(since_ms);
    let protected = supplier.terms().key_lifetime.is_some_and(|lifetime| works.world.now() < since.plus(lifetime));
    let change = if which == Try::First || protected {
        let answer = supplier.place(&order.placement(since)).await;
        weigh(works, supplier, &order, since, which, answer).await
    } else {
        find(works, supplier, &order, since, Why::NoAnswer).await
    };
    settle(works, supplier, order, change).await;
}

/// What an answer to a purchase means for the order.
async fn weigh(
    works: &Works,
    supplier: &dyn Supplier,
    order: &Order,
    since: Moment,
    which: Try,
    answer: Result<Outcome, SupplierError>,
) -> Move {
    let keyed = supplier.terms().key_lifetime.is_some();
    match answer {
        // Turned away at the door: that says nothing about a request that may have come in before.
        Ok(Outcome::Refused(Reason::Unauthorized | Reason::Frozen)) if which == Try::Repeat => again(works, order),
        Ok(outcome) => accept(order, works.world.now(), outcome),
        Err(SupplierError::Refused(reason)) if which == Try::First => Move::Back(Cause::Refused(reason)),
        Err(SupplierError::NotSent { why: Hold::Conflict, .. }) if which == Try::First => conflict(works, order),
        Err(SupplierError::NotSent { why, retry_in }) if which == Try::First => put_off(works, order, why, retry_in),
        Err(SupplierError::Refused(_) | SupplierError::NotSent { .. }) => again(works, order),
        Err(SupplierError::NoAnswer) if keyed => again(works, order),
        Err(SupplierError::Garbled(_)) if keyed && order.attempts < GARBLED_MAX => again(works, order),
        Err(SupplierError::NoAnswer) => find(works, supplier, order, since, Why::NoAnswer).await,
        Err(SupplierError::Garbled(what)) => {
            tracing::error!(order = %order.no, supplier = %supplier.terms().name, what, "unreadable answer to a purchase");
            find(works, supplier, order, since, Why::Garbled).await
        }
    }
}

/// The same request again, later, under the same key.
fn again(works: &Works, order: &Order) -> Move {
    Move::To {
        state: order.state.clone(),
        due: Some(works.world.now().plus(backoff(works, order.attempts))),
        attempts: order.attempts.saturating_add(1),
        fresh_key: false,
    }
}

fn conflict(works: &Works, order: &Order) -> Move {
    if order.attempts.saturating_add(1) >= CONFLICTS_MAX {
        return Move::Back(Cause::Refused(Reason::Conflict));
    }
    let wait = works.world.entropy.jittered(Duration::from_millis(400).saturating_mul(1 << order.attempts.min(5)));
    Move::To {
        state: State::Submitted(Asked::NotYet),
        due: Some(works.world.now().plus(wait)),
        attempts: order.attempts.saturating_add(1),
        fresh_key: order.attempts.saturating_add(1).is_multiple_of(CONFLICTS_PER_KEY),
    }
}

/// Nothing was sent: again later, or the money back when it takes too long.
fn put_off(works: &Works, order: &Order, why: Hold, retry_in: Option<Duration>) -> Move {
    let now = works.world.now();
    let patience = if why == Hold::RateLimited { ROOM_PATIENCE } else { LOOK_PATIENCE };
    if now.since(order.created_at) > patience {
        return Move::Back(Cause::Unreachable);
    }
    let state = if order.state == State::Reserved { State::Reserved } else { State::Submitted(Asked::NotYet) };
    let attempts = order.attempts.saturating_add(1);
    Move::To { state, due: Some(now.plus(retry_in.unwrap_or_else(|| backoff(works, order.attempts)))), attempts, fresh_key: false }
}

fn backoff(works: &Works, attempts: u32) -> Duration {
    let full = Duration::from_secs(1).saturating_mul(1 << attempts.min(6));
    works.world.entropy.jittered(full)
}

/// Looks a purchase up at the supplier after its answer was lost for good.
async fn find(works: &Works, supplier: &dyn Supplier, order: &Order, since: Moment, otherwise: Why) -> Move {
    let candidates = match supplier.find(&order.placement(since)).await {
        Ok(candidates) => candidates,
        Err(error) => {
            tracing::warn!(order = %order.no, supplier = %supplier.terms().name, %error, "could not look up a lost purchase");
            return again(works, order);
        }
    };
    let asked = candidates.len();
    match unclaimed(works, supplier, candidates).await {
        Ok(free) => match free.as_slice() {
            [one] => match order.state.clone().known(one.clone()) {
                Ok(state) => Move::To { state, due: Some(works.world.now()), attempts: 0, fresh_key: false },
                Err(_) => Move::Stick(otherwise),
            },
            [] if asked == 0 && supplier.terms().key_lifetime.is_none() => Move::Stick(otherwise),
            [] => Move::Stick(Why::NotFound),
            _ => Move::Stick(Why::Ambiguous),
        },
        Err(_) => again(works, order),
    }
}

async fn unclaimed(
    works: &Works,
    supplier: &dyn Supplier,
    candidates: Vec<SupplierReference>,
) -> Result<Vec<SupplierReference>, StoreError> {
    let mut tx = works.db.read().await?;
    let mut free = Vec::new();
    for candidate in candidates {
        if !records::is_claimed(&mut tx, &supplier.terms().name, &candidate.0).await? {
            free.push(candidate);
        }
    }
    Ok(free)
}

/// What a definite answer means for an order that was asked for.
fn accept(order: &Order, now: Moment, outcome: Outcome) -> Move {
    match outcome {
        Outcome::Ready(goods) => Move::Goods(goods),
        Outcome::Refused(reason) => refused(order, reason),
        Outcome::Expired => match order.state.clone().expire(now) {
            Ok(state) => Move::To { state, due: Some(now.plus(poll_every(order, now))), attempts: 0, fresh_key: false },
            Err(_) if matches!(order.state, State::Expired { .. }) => watch_on(order, now),
            Err(_) => refused(order, Reason::Cancelled),
        },
        Outcome::Invoice { reference, invoice } => match invoiced(order, reference, invoice, now) {
            Some(state) => Move::To { state, due: Some(now.plus(Duration::from_secs(5))), attempts: 0, fresh_key: false },
            None => watch_on(order, now),
        },
        Outcome::Pending { reference, progress } => pending(order, reference, progress, now),
    }
}

fn refused(order: &Order, reason: Reason) -> Move {
    let asked_before = !matches!(order.state, State::Submitted(Asked::Maybe { .. }));
    // The buyer has paid the supplier, not us: there is nothing of theirs we could give back.
    if order.payment.is_past_us() && asked_before { Move::Stick(Why::PaidAndCancelled) } else { Move::Back(Cause::Refused(reason)) }
}

fn invoiced(order: &Order, reference: SupplierReference, invoice: Invoice, now: Moment) -> Option<State> {
    let deadline = invoice.expires_at_ms.map_or_else(|| now.plus(INVOICE_LIFETIME), Moment::from_millis);
    order.state.clone().invoiced(reference, invoice, deadline).ok()
}

fn pending(order: &Order, reference: SupplierReference, progress: Option<PaymentProgress>, now: Moment) -> Move {
    let poll = |state: State| Move::To { state, due: Some(now.plus(poll_every(order, now))), attempts: 0, fresh_key: false };
    let paid = matches!(progress, Some(PaymentProgress::Paid) | None);
    match &order.state {
        State::AwaitingPayment { progress: before, deadline, .. } => {
            let seen = progress.unwrap_or(PaymentProgress::Paid);
            let moved = if paid {
                order.state.clone().known(reference)
            } else if seen == PaymentProgress::Waiting && now > *deadline {
                order.state.clone().expire(now)
            } else if seen == *before {
                return poll(order.state.clone());
            } else {
                order.state.clone().progressed(seen)
            };
            moved.map_or_else(|_| watch_on(order, now), poll)
        }
        State::Expired { .. } if matches!(progress, None | Some(PaymentProgress::Waiting)) => watch_on(order, now),
        State::Expired { .. } => Move::Stick(Why::PaidLate),
        _ => order.state.clone().known(reference).map_or_else(|_| watch_on(order, now), poll),
    }
}

/// Keeps asking about an order as it is; an expired invoice only for so long.
fn watch_on(order: &Order, now: Moment) -> Move {
    let over = matches!(order.state, State::Expired { at, .. } if now.since(at) > LATE_PAYMENT_WATCH);
    let due = (!over).then(|| now.plus(poll_every(order, now)));
    Move::To { state: order.state.clone(), due, attempts: order.attempts, fresh_key: false }
}

/// Often at first, then ever more seldom; for as long as it takes.
fn poll_every(order: &Order, now: Moment) -> Duration {
    match now.since(order.created_at).as_secs() {
        0..60 => Duration::from_secs(3),
        60..600 => Duration::from_secs(10),
        600..7200 => Duration::from_secs(30),
        _ => Duration::from_mins(5),
    }
}

/// Asks how one order stands.
async fn ask(works: &Works, supplier: &dyn Supplier, order: Order) {
    let Some(reference) = order.state.reference().cloned() else { return };
    let now = works.world.now();
    let change = match supplier.check(&reference).await {
        Ok(outcome) => accept(&order, works.world.now(), outcome),
        Err(error) => {
            let wait = match error {
                SupplierError::NotSent { retry_in: Some(wait), .. } => wait,
                _ => backoff(works, order.attempts.saturating_add(1)).max(poll_every(&order, now)),
            };
            tracing::debug!(order = %order.no, supplier = %supplier.terms().name, %error, "could not ask about an order");
            Move::To {
                state: order.state.clone(),
                due: Some(now.plus(wait)),
                attempts: order.attempts.saturating_add(1),
                fresh_key: false,
            }
        }
    };
    settle(works, supplier, order, change).await;
}

/// Writes a move down; if it cannot be written, the order's lease brings it back.
async fn settle(works: &Works, supplier: &dyn Supplier, order: Order, change: Move) {
    let (id, no) = (order.id, order.no);
    match write(works, supplier, order, change).await {
        Ok(()) => {}
        Err(OrderError::Moved) => tracing::info!(order = %no, "somebody else moved the order first"),
        Err(error) => tracing::error!(order = %no, id = %id, %error, "an order could not be written; its lease brings it back"),
    }
}

async fn write(works: &Works, supplier: &dyn Supplier, order: Order, change: Move) -> Result<(), OrderError> {
    let mut tx = works.db.begin().await?;
    let mut told = false;
    let (goods, ends) = (matches!(change, Move::Goods(_)), matches!(change, Move::Back(_) | Move::Stick(_)));
    match change {
        Move::To { state, due, attempts, fresh_key } => {
            let key = if fresh_key { crate::id::IdempotencyKey::fresh(works.world.entropy.as_ref()) } else { order.key };
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
    key: crate::id::IdempotencyKey,
) -> Result<(), OrderError> {
    let work = work_of(&state).zip(due);
    let next = Next { state, work, tell_at, attempts, key };
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
    notice::owe_all(tx, &works.world, &works.admins, &format!("stuck:{}", order.id), &news).await?;
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
    let (state_word, due) = if kept { ("kept", None) } else { ("waiting", Some(now)) };
    tx.execute(
        "INSERT INTO parcels (order_id, sealed, count, state, due_at_ms, attempts, updated_at_ms) \
         VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (order_id) DO NOTHING",
        args![order.id, sealed, came, state_word, due, now],
    )
    .await?;
    if kept {
        return stick(works, tx, supplier, order, Why::Miscounted).await;
    }
    let state = order.state.clone().fulfil(came)?;
    advance(works, tx, order, state, None, Some(now.plus(TELL_AFTER)), 0, order.key).await?;
    let earned = if count == Count::Whole { order.deal.total } else { order.deal.unit_price.times(came).map_err(ledger::LedgerError::from)? };
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

async fn record_cost(works: &Works, tx: &mut Tx, order: &Order, goods: &Goods, came: u32, earned: Money) -> Result<(), OrderError> {
    let expected = order.deal.unit_cost.times(came).map_err(ledger::LedgerError::from)?;
    let cost = goods.charged.filter(|charged| charged.is_positive()).unwrap_or(expected);
    ledger::record_cost(tx, &works.world, &order.deal.supplier, order.id, cost).await?;
    let in_shop_currency = crate::money::UnitCost::new(cost.to_decimal(), cost.currency())
        .and_then(|cost| order.deal.rate.convert_up(cost));
    if let Ok(charged) = in_shop_currency
        && charged.minor() > earned.minor()
    {
        let news = News::SoldAtLoss { order: order.no.to_string(), charged: cost.to_string(), paid: earned.to_string() };
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
