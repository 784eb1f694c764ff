//! The order worker: one bounded batch at a time, for one supplier.
//!
//! [`place`] looks and sends purchases; [`check`] asks about those the supplier has. Both claim their orders
//! with a lease, so any number of workers and replicas may run them. No transaction is open during a call.

use std::time::Duration;

use futures::future::join_all;

use crate::order::answer::{Move, accept, poll_every};
use crate::order::look::Verdict;
use crate::order::records::{self, Next, Work};
use crate::order::settle::{TELL_AFTER, settle};
use crate::order::state::{Asked, Cause, State, Why};
use crate::order::{Order, Works};
use crate::store::StoreError;
use crate::supplier::{Breaker, Hold, Outcome, Reason, Supplier, SupplierError, SupplierReference};
use crate::world::Moment;

/// The most purchases in one batch.
const PLACE_BATCH: u32 = 64;
/// The most orders asked about in one batch.
const CHECK_BATCH: u32 = 16;
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
/// After so many unreadable or refusing answers about an order the supplier has, a person is asked.
const UNREADABLE_MAX: u32 = 8;
/// After so many tries to tell apart orders for the same goods, a person is asked.
const RIVALS_MAX: u32 = 12;
/// How long orders are put off at a time while the breaker is open.
const SIT_OUT_MAX: Duration = Duration::from_secs(5);

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
            reference: None,
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
        // The request before may be what emptied stock or funds: only its absence there makes this a refusal.
        Ok(Outcome::Refused(reason)) if which == Try::Repeat => {
            match find(works, supplier, order, since, Why::NotFound).await {
                Move::Stick(Why::NotFound) => Move::Back(Cause::Refused(reason)),
                other => other,
            }
        }
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
    Move::To {
        state,
        due: Some(now.plus(retry_in.unwrap_or_else(|| backoff(works, order.attempts)))),
        attempts,
        fresh_key: false,
    }
}

fn backoff(works: &Works, attempts: u32) -> Duration {
    let full = Duration::from_secs(1).saturating_mul(1 << attempts.min(6));
    works.world.entropy.jittered(full)
}

/// Looks a purchase up at the supplier after its answer was lost for good.
async fn find(works: &Works, supplier: &dyn Supplier, order: &Order, since: Moment, otherwise: Why) -> Move {
    match has_rival(works, order).await {
        Ok(false) => {}
        Ok(true) if order.attempts >= RIVALS_MAX => return Move::Stick(Why::Ambiguous),
        Ok(true) | Err(_) => return again(works, order),
    }
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

async fn has_rival(works: &Works, order: &Order) -> Result<bool, StoreError> {
    let mut tx = works.db.read().await?;
    records::has_rival(&mut tx, order).await
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

/// Asks how one order stands.
async fn ask(works: &Works, supplier: &dyn Supplier, order: Order) {
    let Some(reference) = order.state.reference().cloned() else { return };
    let now = works.world.now();
    let change = match supplier.check(&reference).await {
        Ok(outcome) => accept(&order, works.world.now(), outcome),
        // Asking on for ever would keep it from everybody: a person can read what we cannot.
        Err(SupplierError::Garbled(_)) if order.attempts >= UNREADABLE_MAX => Move::Stick(Why::Garbled),
        Err(SupplierError::Refused(_)) if order.attempts >= UNREADABLE_MAX => Move::Stick(Why::NotFound),
        Err(error) => {
            let wait = match error {
                SupplierError::NotSent { retry_in: Some(wait), .. } => wait,
                _ => backoff(works, order.attempts.saturating_add(1)).max(poll_every(&order, now)),
            };
            tracing::warn!(order = %order.no, supplier = %supplier.terms().name, %error, "could not ask about an order");
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
