//! The rows of the ledger.

use crate::id::{BuyerId, OrderId, PostingId};
use crate::ledger::{Account, Kind, Posting};
use crate::money::{Currency, Money};
use crate::store::{StoreError, Tx, args};
use crate::world::Moment;

/// Writes a posting; `false` if its key exists already.
pub(super) async fn insert(tx: &mut Tx, id: PostingId, posting: &Posting, now: Moment) -> Result<bool, StoreError> {
    let rows = tx
        .execute(
            "INSERT INTO postings (id, posting_key, kind, from_account, to_account, amount, currency, buyer_id, \
             order_id, actor, reason, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (posting_key) DO NOTHING",
            args![
                id,
                &posting.key,
                posting.kind,
                posting.from.to_string(),
                posting.to.to_string(),
                posting.amount.minor(),
                posting.amount.currency().code(),
                posting.buyer,
                posting.order,
                posting.actor.to_string(),
                &posting.reason,
                now
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Takes from a guarded account; `false` if it does not hold that much.
pub(super) async fn take(tx: &mut Tx, account: &Account, amount: Money) -> Result<bool, StoreError> {
    let rows = tx
        .execute(
            "UPDATE accounts SET balance = balance - $1 WHERE id = $2 AND currency = $3 AND balance >= $1",
            args![amount.minor(), account.to_string(), amount.currency().code()],
        )
        .await?;
    Ok(rows == 1)
}

/// Gives to a guarded account, opening it if need be; `false` if it is in another currency.
pub(super) async fn give(tx: &mut Tx, account: &Account, amount: Money) -> Result<bool, StoreError> {
    let given = tx
        .execute(
            "INSERT INTO accounts (id, currency, balance) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE \
             SET balance = accounts.balance + excluded.balance WHERE accounts.currency = excluded.currency",
            args![account.to_string(), amount.currency().code(), amount.minor()],
        )
        .await;
    match given {
        Ok(rows) => Ok(rows == 1),
        Err(StoreError::Constraint) => Ok(false),
        Err(error) => Err(error),
    }
}

#[derive(sqlx::FromRow)]
struct Balance {
    balance: i64,
}

async fn guarded(tx: &mut Tx, account: &Account, currency: Currency) -> Result<Money, StoreError> {
    let row: Option<Balance> = tx
        .fetch_optional(
            "SELECT balance FROM accounts WHERE id = $1 AND currency = $2",
            args![account.to_string(), currency.code()],
        )
        .await?;
    Ok(Money::from_minor(row.map_or(0, |row| row.balance), currency))
}

/// A wallet's balance.
///
/// # Errors
/// [`StoreError`].
pub async fn balance(tx: &mut Tx, buyer: BuyerId, currency: Currency) -> Result<Money, StoreError> {
    guarded(tx, &Account::Wallet(buyer), currency).await
}

/// What is still held for an order.
///
/// # Errors
/// [`StoreError`].
pub async fn held(tx: &mut Tx, order: OrderId, currency: Currency) -> Result<Money, StoreError> {
    guarded(tx, &Account::Held(order), currency).await
}

/// One line of a wallet's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// What it was for.
    pub kind: Kind,
    /// The change of the wallet: negative when money left it; nothing for a sale, whose money had
    /// left the wallet when it was reserved.
    pub change: Money,
    /// Why, in the actor's words.
    pub reason: String,
    /// When.
    pub at: Moment,
}

#[derive(sqlx::FromRow)]
struct MovementRow {
    kind: Kind,
    amount: i64,
    to_wallet: i64,
    reason: String,
    at_ms: Moment,
}

/// The latest movements of a wallet, newest first.
///
/// # Errors
/// [`StoreError`].
pub async fn movements(
    tx: &mut Tx,
    buyer: BuyerId,
    currency: Currency,
    limit: u32,
) -> Result<Vec<Movement>, StoreError> {
    let wallet = Account::Wallet(buyer).to_string();
    let rows: Vec<MovementRow> = tx
        .fetch_all(
            "SELECT kind, amount, CAST(CASE WHEN to_account = $2 THEN 1 ELSE 0 END AS BIGINT) AS to_wallet, reason, at_ms \
             FROM postings WHERE buyer_id = $1 AND currency = $3 AND (to_account = $2 OR from_account = $2) \
             ORDER BY at_ms DESC, id DESC LIMIT $4",
            args![buyer, wallet, currency.code(), limit],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let minor = if row.to_wallet == 1 { row.amount } else { row.amount.saturating_neg() };
            Movement { kind: row.kind, change: Money::from_minor(minor, currency), reason: row.reason, at: row.at_ms }
        })
        .collect())
}

#[derive(sqlx::FromRow)]
struct At {
    at_ms: Moment,
}

pub(super) async fn posted_at(tx: &mut Tx, key: &str) -> Result<Option<Moment>, StoreError> {
    let row: Option<At> = tx.fetch_optional("SELECT at_ms FROM postings WHERE posting_key = $1", args![key]).await?;
    Ok(row.map(|row| row.at_ms))
}
