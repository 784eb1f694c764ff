//! The shop's books: accounts and the postings that move money between them.
//!
//! A posting moves one amount from one account to another, so it sums to zero in its currency by its
//! shape; a purchase filled in part is two postings. Postings are never changed or deleted (a trigger
//! refuses it) and carry an idempotency key: the same posting made twice counts once.
//!
//! A purchase moves money like this:
//!
//! ```text
//! top-up        topups ──▶ wallet:<buyer>
//! reserve       wallet:<buyer> ──▶ held:<order>
//! sale          held:<order> ──▶ sales             (what was delivered)
//! void          held:<order> ──▶ wallet:<buyer>    (what was not)
//! cost          funds:<supplier> ──▶ cost:<supplier>   in the supplier's currency
//! ```
//!
//! Running balances are kept only for wallets and reservations, where a check needs them. A running
//! balance of `sales` would queue every purchase of the shop behind one row.

#![deny(clippy::arithmetic_side_effects)]

mod records;

use std::fmt;

use crate::id::{BuyerId, OrderId, PostingId, TelegramId};
use crate::money::{Money, MoneyError};
use crate::store::{StoreError, Tx};
use crate::supplier::SupplierName;
use crate::world::{Moment, World};

pub use records::{Movement, balance, held, movements};

/// Where money can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// A buyer's balance with the shop. Never negative.
    Wallet(BuyerId),
    /// What is reserved for an order. Never negative.
    Held(OrderId),
    /// What buyers paid for goods delivered.
    Sales,
    /// Where credited money comes from.
    Topups,
    /// Where refunds of delivered goods come from.
    Refunds,
    /// Where debited money goes.
    Adjustments,
    /// Our own balance with a supplier, in its currency.
    Funds(SupplierName),
    /// What a supplier's goods cost us, in its currency.
    Cost(SupplierName),
}

impl Account {
    /// Whether a running balance is kept, which may not fall below zero.
    const fn is_guarded(&self) -> bool {
        matches!(self, Self::Wallet(_) | Self::Held(_))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wallet(buyer) => write!(f, "wallet:{buyer}"),
            Self::Held(order) => write!(f, "held:{order}"),
            Self::Sales => f.write_str("sales"),
            Self::Topups => f.write_str("topups"),
            Self::Refunds => f.write_str("refunds"),
            Self::Adjustments => f.write_str("adjustments"),
            Self::Funds(supplier) => write!(f, "funds:{supplier}"),
            Self::Cost(supplier) => write!(f, "cost:{supplier}"),
        }
    }
}

/// What a posting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An admin credited a wallet.
    Topup,
    /// An admin debited a wallet.
    Debit,
    /// Money of a wallet set aside for an order.
    Reserve,
    /// Reserved money earned by delivering.
    Sale,
    /// Reserved money given back.
    Void,
    /// Earned money given back.
    Refund,
    /// What a supplier charged us.
    Cost,
}

impl Kind {
    /// The word in rows and locale keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Topup => "topup",
            Self::Debit => "debit",
            Self::Reserve => "reserve",
            Self::Sale => "sale",
            Self::Void => "void",
            Self::Refund => "refund",
            Self::Cost => "cost",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Topup, Self::Debit, Self::Reserve, Self::Sale, Self::Void, Self::Refund, Self::Cost]
            .into_iter()
            .find(|kind| kind.word() == text)
            .ok_or_else(|| format!("unknown posting kind {text:?}"))
    }
}

crate::id::text_column!(Kind);

/// Who caused a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The buyer whose wallet it is.
    Buyer,
    /// An admin, by Telegram id.
    Admin(TelegramId),
    /// The shop's own machinery.
    Shop,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Buyer => f.write_str("buyer"),
            Self::Admin(id) => write!(f, "admin:{id}"),
            Self::Shop => f.write_str("shop"),
        }
    }
}

/// One movement of money, before it is written.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Names this movement for all time; a second posting with it changes nothing.
    pub key: String,
    /// What it is for.
    pub kind: Kind,
    /// Where the money is taken from.
    pub from: Account,
    /// Where it goes.
    pub to: Account,
    /// How much; must be positive.
    pub amount: Money,
    /// Whose wallet's history shows it.
    pub buyer: Option<BuyerId>,
    /// The order it belongs to.
    pub order: Option<OrderId>,
    /// Who caused it.
    pub actor: Actor,
    /// Why, in a few words; shown to admins, and to the buyer for top-ups and debits.
    pub reason: String,
}

/// What became of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// The money moved.
    Now,
    /// It had moved before, under the same key.
    Before,
}

/// Why money did not move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The account holds less than that. The transaction must be dropped.
    #[error("the account does not cover the amount")]
    NotCovered,
    /// Nothing, or less than nothing, cannot be moved.
    #[error("amount is not positive")]
    NotPositive,
    /// The account is kept in another currency, or would grow beyond any sane amount.
    #[error("the account cannot take the amount")]
    NotAccepted,
    /// An amount could not be computed.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Moves money, once per key. On any error the caller drops the transaction.
///
/// # Errors
/// See [`LedgerError`].
pub async fn post(tx: &mut Tx, world: &World, posting: &Posting) -> Result<Posted, LedgerError> {
    if !posting.amount.is_positive() {
        return Err(LedgerError::NotPositive);
    }
    if !records::insert(tx, PostingId::fresh(world), posting, world.now()).await? {
        return Ok(Posted::Before);
    }
    if posting.from.is_guarded() && !records::take(tx, &posting.from, posting.amount).await? {
        return Err(LedgerError::NotCovered);
    }
    if posting.to.is_guarded() && !records::give(tx, &posting.to, posting.amount).await? {
        return Err(LedgerError::NotAccepted);
    }
    Ok(Posted::Now)
}

/// Sets the price of an order aside.
///
/// # Errors
/// [`LedgerError::NotCovered`] if the wallet is too small.
pub async fn reserve(
    tx: &mut Tx,
    world: &World,
    buyer: BuyerId,
    order: OrderId,
    total: Money,
) -> Result<Posted, LedgerError> {
    let posting = Posting {
        key: format!("reserve:{order}"),
        kind: Kind::Reserve,
        from: Account::Wallet(buyer),
        to: Account::Held(order),
        amount: total,
        buyer: Some(buyer),
        order: Some(order),
        actor: Actor::Buyer,
        reason: String::new(),
    };
    post(tx, world, &posting).await
}

/// Ends a reservation: `earned` goes to the shop, the rest back to the wallet.
///
/// # Errors
/// [`LedgerError::NotCovered`] if more was earned than is held.
pub async fn settle(
    tx: &mut Tx,
    world: &World,
    buyer: BuyerId,
    order: OrderId,
    earned: Money,
    actor: Actor,
) -> Result<(), LedgerError> {
    let held = held(tx, order, earned.currency()).await?;
    let back = held.minus(earned)?;
    let part = |kind: Kind, to: Account, amount: Money| Posting {
        key: format!("{kind}:{order}"),
        kind,
        from: Account::Held(order),
        to,
        amount,
        buyer: Some(buyer),
        order: Some(order),
        actor,
        reason: String::new(),
    };
    if earned.is_positive() {
        post(tx, world, &part(Kind::Sale, Account::Sales, earned)).await?;
    }
    if back.is_positive() {
        post(tx, world, &part(Kind::Void, Account::Wallet(buyer), back)).await?;
    }
    Ok(())
}

/// Writes down what a supplier charged us for an order.
///
/// # Errors
/// See [`LedgerError`].
pub async fn record_cost(
    tx: &mut Tx,
    world: &World,
    supplier: &SupplierName,
    order: OrderId,
    cost: Money,
) -> Result<(), LedgerError> {
    let posting = Posting {
        key: format!("cost:{order}"),
        kind: Kind::Cost,
        from: Account::Funds(supplier.clone()),
        to: Account::Cost(supplier.clone()),
        amount: cost,
        buyer: None,
        order: Some(order),
        actor: Actor::Shop,
        reason: String::new(),
    };
    post(tx, world, &posting).await.map(|_| ())
}

/// Whether a posting with this key exists, and when it was made.
///
/// # Errors
/// [`StoreError`].
pub async fn posted_at(tx: &mut Tx, key: &str) -> Result<Option<Moment>, StoreError> {
    records::posted_at(tx, key).await
}
