//! The rows of orders. Every write is guarded by the version that was read.

use std::time::Duration;

use crate::id::{BuyerId, IdempotencyKey, OrderId, OrderNo, ProductNo, QuoteId, TelegramId};
use crate::money::{Currency, Money, Rate, UnitCost, parse_decimal};
use crate::order::state::{Asked, State};
use crate::order::{Deal, Order, Screen};
use crate::store::{StoreError, Tx, args};
use crate::supplier::{Payment, SupplierName, SupplierReference};
use crate::world::Moment;

/// How long claimed work belongs to its worker. Longer than any call to a supplier or to Telegram may take, and
/// short enough that a dead replica's work is taken over within half a minute.
pub const LEASE: Duration = Duration::from_secs(28);

/// What the worker does next with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Look and send the purchase (again).
    Place,
    /// Ask how it stands.
    Check,
}

impl Work {
    /// The word in rows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Check => "check",
        }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, no, quote_id, buyer_id, product_no, supplier, sku, category_id, title, quantity, unit_price, \
             total, currency, unit_cost, cost_currency, rate, payment, coupon, idempotency_key, state, detail, \
             version, attempts, chat_id, message_id, screen, created_at_ms, updated_at_ms FROM orders ",
            $rest
        )
    };
}

#[derive(sqlx::FromRow)]
struct Row {
    id: OrderId,
    no: OrderNo,
    quote_id: QuoteId,
    buyer_id: BuyerId,
    product_no: ProductNo,
    supplier: SupplierName,
    sku: String,
    category_id: String,
    title: String,
    quantity: i64,
    unit_price: i64,
    total: i64,
    currency: String,
    unit_cost: String,
    cost_currency: String,
    rate: String,
    payment: Payment,
    coupon: Option<String>,
    idempotency_key: IdempotencyKey,
    state: String,
    detail: String,
    version: i64,
    attempts: i64,
    chat_id: TelegramId,
    message_id: Option<i64>,
    screen: String,
    created_at_ms: Moment,
    updated_at_ms: Moment,
}

impl TryFrom<Row> for Order {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = |column: &str| StoreError::Row(format!("orders.{column} of {}", row.no));
        let currency: Currency = row.currency.parse().map_err(|_| bad("currency"))?;
        let cost_currency: Currency = row.cost_currency.parse().map_err(|_| bad("cost_currency"))?;
        let unit_cost = parse_decimal(&row.unit_cost).and_then(|cost| UnitCost::new(cost, cost_currency));
        let rate = parse_decimal(&row.rate).and_then(|value| Rate::new(cost_currency, currency, value));
        let deal = Deal {
            product: row.product_no,
            supplier: row.supplier.clone(),
            sku: row.sku.clone(),
            category_id: row.category_id.clone(),
            title: row.title.clone(),
            quantity: u32::try_from(row.quantity).map_err(|_| bad("quantity"))?,
            unit_price: Money::from_minor(row.unit_price, currency),
            total: Money::from_minor(row.total, currency),
            unit_cost: unit_cost.map_err(|_| bad("unit_cost"))?,
            rate: rate.map_err(|_| bad("rate"))?,
            coupon: row.coupon.clone(),
        };
        Ok(Self {
            id: row.id,
            no: row.no,
            quote: row.quote_id,
            buyer: row.buyer_id,
            deal,
            payment: row.payment,
            key: row.idempotency_key,
            state: State::read(&row.state, &row.detail).ok_or_else(|| bad("detail"))?,
            version: row.version,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            screen: Screen { chat: row.chat_id, message: row.message_id, picture: row.screen == "picture" },
            created_at: row.created_at_ms,
            updated_at: row.updated_at_ms,
        })
    }
}

fn orders(rows: Vec<Row>) -> Result<Vec<Order>, StoreError> {
    rows.into_iter().map(Order::try_from).collect()
}

/// Writes a new order, due at once; `false` if its quote has one already.
///
/// # Errors
/// [`StoreError`].
pub async fn insert(tx: &mut Tx, order: &Order) -> Result<bool, StoreError> {
    let deal = &order.deal;
    let rows = tx
        .execute(
            "INSERT INTO orders (id, no, quote_id, buyer_id, product_no, supplier, sku, category_id, title, quantity, \
             unit_price, total, currency, unit_cost, cost_currency, rate, payment, coupon, idempotency_key, state, \
             detail, version, attempts, work, due_at_ms, chat_id, message_id, screen, created_at_ms, updated_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
             $21, $22, $23, $24, $25, $26, $27, $28, $25, $25) ON CONFLICT (quote_id) DO NOTHING",
            args![
                order.id,
                order.no,
                order.quote,
                order.buyer,
                deal.product,
                deal.supplier.as_str(),
                &deal.sku,
                &deal.category_id,
                &deal.title,
                deal.quantity,
                deal.unit_price.minor(),
                deal.total.minor(),
                deal.total.currency().code(),
                deal.unit_cost.amount().to_string(),
                deal.unit_cost.currency().code(),
                deal.rate.value().to_string(),
                order.payment.word(),
                deal.coupon.clone(),
                order.key,
                order.state.word(),
                order.state.detail(),
                order.version,
                order.attempts,
                Work::Place.word(),
                order.created_at,
                order.screen.chat,
                order.screen.message,
                order.screen.word()
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// The order made from a quote.
///
/// # Errors
/// [`StoreError`].
pub async fn by_quote(tx: &mut Tx, quote: QuoteId) -> Result<Option<Order>, StoreError> {
    let row: Option<Row> = tx.fetch_optional(select!("WHERE quote_id = $1"), args![quote]).await?;
    row.map(Order::try_from).transpose()
}

/// The order with this identity.
///
/// # Errors
/// [`StoreError`].
pub async fn by_id(tx: &mut Tx, id: OrderId) -> Result<Option<Order>, StoreError> {
    let row: Option<Row> = tx.fetch_optional(select!("WHERE id = $1"), args![id]).await?;
    row.map(Order::try_from).transpose()
}

/// The order with this number.
///
/// # Errors
/// [`StoreError`].
pub async fn by_no(tx: &mut Tx, no: OrderNo) -> Result<Option<Order>, StoreError> {
    let row: Option<Row> = tx.fetch_optional(select!("WHERE no = $1"), args![no]).await?;
    row.map(Order::try_from).transpose()
}

/// A buyer's orders, newest first.
///
/// # Errors
/// [`StoreError`].
pub async fn of_buyer(tx: &mut Tx, buyer: BuyerId, limit: u32, offset: u32) -> Result<Vec<Order>, StoreError> {
    let rows: Vec<Row> = tx
        .fetch_all(
            select!("WHERE buyer_id = $1 ORDER BY created_at_ms DESC, id DESC LIMIT $2 OFFSET $3"),
            args![buyer, limit, offset],
        )
        .await?;
    orders(rows)
}

/// Takes due work of a supplier for one worker, oldest first. The guard stands outside the inner select
/// too: on PostgreSQL two workers may see the same rows, and only one may have them.
///
/// # Errors
/// [`StoreError`].
pub async fn claim(
    tx: &mut Tx,
    supplier: &SupplierName,
    work: Work,
    limit: u32,
    now: Moment,
) -> Result<Vec<Order>, StoreError> {
    let rows: Vec<Row> = tx
        .fetch_all(
            "UPDATE orders SET due_at_ms = $1, version = version + 1 WHERE id IN (SELECT id FROM orders \
             WHERE supplier = $2 AND work = $3 AND due_at_ms <= $4 ORDER BY due_at_ms LIMIT $5) AND due_at_ms <= $4 \
             RETURNING id, no, quote_id, buyer_id, product_no, supplier, sku, category_id, title, quantity, \
             unit_price, total, currency, unit_cost, cost_currency, rate, payment, coupon, idempotency_key, state, \
             detail, version, attempts, chat_id, message_id, screen, created_at_ms, updated_at_ms",
            args![now.plus(LEASE), supplier.as_str(), work.word(), now, limit],
        )
        .await?;
    let mut claimed = orders(rows)?;
    claimed.sort_by_key(|order| (order.created_at, order.id));
    Ok(claimed)
}

#[derive(sqlx::FromRow)]
struct Due {
    due_at_ms: Option<i64>,
}

/// When the next work of a supplier is due.
///
/// # Errors
/// [`StoreError`].
pub async fn next_due(tx: &mut Tx, supplier: &SupplierName, work: Work) -> Result<Option<Moment>, StoreError> {
    let row: Due = tx
        .fetch_one(
            "SELECT MIN(due_at_ms) AS due_at_ms FROM orders WHERE supplier = $1 AND work = $2 AND due_at_ms IS NOT NULL",
            args![supplier.as_str(), work.word()],
        )
        .await?;
    Ok(row.due_at_ms.map(Moment::from_millis))
}

/// How an order goes on.
#[derive(Debug, Clone)]
pub struct Next {
    /// Its state from now on.
    pub state: State,
    /// What the worker does next, and when.
    pub work: Option<(Work, Moment)>,
    /// When the buyer's screen is brought up to date; `None`: as it was.
    pub tell_at: Option<Moment>,
    /// Tries in this state so far.
    pub attempts: u32,
    /// The idempotency key from now on.
    pub key: IdempotencyKey,
    /// The supplier's name for it, learnt now; `None`: what the state says, or what was known before.
    pub reference: Option<SupplierReference>,
}

/// Moves an order on, if it is still as it was read; `false` if somebody else moved it.
///
/// # Errors
/// [`StoreError::Duplicate`] if the supplier's reference belongs to another of our orders.
pub async fn advance(tx: &mut Tx, order: &Order, next: &Next, now: Moment) -> Result<bool, StoreError> {
    let reference = next.reference.as_ref().or(next.state.reference()).map(|reference| reference.0.clone());
    let rows = tx
        .execute(
            "UPDATE orders SET state = $1, detail = $2, version = version + 1, attempts = $3, work = $4, \
             due_at_ms = $5, tell_at_ms = COALESCE($6, tell_at_ms), idempotency_key = $7, \
             reference = COALESCE($8, reference), updated_at_ms = $9 WHERE id = $10 AND version = $11",
            args![
                next.state.word(),
                next.state.detail(),
                next.attempts,
                next.work.map(|(work, _)| work.word()),
                next.work.map(|(_, due)| due),
                next.tell_at,
                next.key,
                reference,
                now,
                order.id,
                order.version
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Notes which message shows an order.
///
/// # Errors
/// [`StoreError`].
pub async fn set_screen(tx: &mut Tx, id: OrderId, screen: Screen) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE orders SET chat_id = $1, message_id = $2, screen = $3 WHERE id = $4",
        args![screen.chat, screen.message, screen.word(), id],
    )
    .await
    .map(|_| ())
}

/// Orders that wait for a person, oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn stuck(tx: &mut Tx, limit: u32) -> Result<Vec<Order>, StoreError> {
    let rows: Vec<Row> =
        tx.fetch_all(select!("WHERE state = 'stuck' ORDER BY created_at_ms, id LIMIT $1"), args![limit]).await?;
    orders(rows)
}

#[derive(sqlx::FromRow)]
struct Count {
    count: i64,
}

/// Whether a supplier's order belongs to one of ours already.
///
/// # Errors
/// [`StoreError`].
pub async fn is_claimed(tx: &mut Tx, supplier: &SupplierName, reference: &str) -> Result<bool, StoreError> {
    let row: Count = tx
        .fetch_one(
            "SELECT COUNT(*) AS count FROM orders WHERE supplier = $1 AND reference = $2",
            args![supplier.as_str(), reference],
        )
        .await?;
    Ok(row.count > 0)
}

/// Whether another of our orders for the same goods may be at the supplier without our knowing its name there:
/// while there is one, an order found there may be either's.
///
/// # Errors
/// [`StoreError`].
pub async fn has_rival(tx: &mut Tx, order: &Order) -> Result<bool, StoreError> {
    let row: Count = tx
        .fetch_one(
            "SELECT COUNT(*) AS count FROM orders WHERE supplier = $1 AND work = 'place' AND due_at_ms IS NOT NULL \
             AND sku = $2 AND quantity = $3 AND state = 'submitted' AND reference IS NULL AND id <> $4",
            args![order.deal.supplier.as_str(), &order.deal.sku, order.deal.quantity, order.id],
        )
        .await?;
    Ok(row.count > 0)
}

/// How many orders of a supplier are under way.
///
/// # Errors
/// [`StoreError`].
pub async fn under_way(tx: &mut Tx, supplier: &SupplierName) -> Result<i64, StoreError> {
    let row: Count = tx
        .fetch_one(
            "SELECT COUNT(*) AS count FROM orders WHERE supplier = $1 AND work IS NOT NULL AND due_at_ms IS NOT NULL",
            args![supplier.as_str()],
        )
        .await?;
    Ok(row.count)
}

/// Takes orders whose screens are out of date, for one worker.
///
/// # Errors
/// [`StoreError`].
pub async fn claim_screens(tx: &mut Tx, limit: u32, now: Moment) -> Result<Vec<Order>, StoreError> {
    let rows: Vec<Row> = tx
        .fetch_all(
            "UPDATE orders SET tell_at_ms = $1 WHERE id IN (SELECT id FROM orders WHERE tell_at_ms <= $2 \
             ORDER BY tell_at_ms LIMIT $3) AND tell_at_ms <= $2 \
             RETURNING id, no, quote_id, buyer_id, product_no, supplier, sku, category_id, title, quantity, \
             unit_price, total, currency, unit_cost, cost_currency, rate, payment, coupon, idempotency_key, state, \
             detail, version, attempts, chat_id, message_id, screen, created_at_ms, updated_at_ms",
            args![now.plus(LEASE), now, limit],
        )
        .await?;
    orders(rows)
}

/// The screen shows this version of the order; a later one stays to be told. Says whether it is still this one.
///
/// # Errors
/// [`StoreError`].
pub async fn told(tx: &mut Tx, id: OrderId, version: i64) -> Result<bool, StoreError> {
    let rows =
        tx.execute("UPDATE orders SET tell_at_ms = NULL WHERE id = $1 AND version = $2", args![id, version]).await?;
    Ok(rows == 1)
}

/// The screen may be behind the order: it is due.
///
/// # Errors
/// [`StoreError`].
pub async fn tell_now(tx: &mut Tx, id: OrderId, now: Moment) -> Result<(), StoreError> {
    tx.execute("UPDATE orders SET tell_at_ms = $1 WHERE id = $2 AND tell_at_ms IS NULL", args![now, id])
        .await
        .map(|_| ())
}

/// Tries a screen again later.
///
/// # Errors
/// [`StoreError`].
pub async fn tell_later(tx: &mut Tx, id: OrderId, version: i64, at: Moment) -> Result<(), StoreError> {
    tx.execute("UPDATE orders SET tell_at_ms = $1 WHERE id = $2 AND version = $3", args![at, id, version])
        .await
        .map(|_| ())
}

/// When the next screen is due.
///
/// # Errors
/// [`StoreError`].
pub async fn next_screen(tx: &mut Tx) -> Result<Option<Moment>, StoreError> {
    let row: Due =
        tx.fetch_one("SELECT MIN(tell_at_ms) AS due_at_ms FROM orders WHERE tell_at_ms IS NOT NULL", args![]).await?;
    Ok(row.due_at_ms.map(Moment::from_millis))
}

/// The work that belongs to a state: sending while nothing is known to be there, asking otherwise.
pub const fn work_of(state: &State) -> Option<Work> {
    match state {
        State::Reserved | State::Submitted(Asked::NotYet | Asked::Maybe { .. }) => Some(Work::Place),
        State::Submitted(Asked::Known { .. }) | State::AwaitingPayment { .. } | State::Expired { .. } => {
            Some(Work::Check)
        }
        State::Fulfilled { .. } | State::Delivered { .. } | State::Returned(_) | State::Stuck { .. } => None,
    }
}
