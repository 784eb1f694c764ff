//! What an admin may do: wallets, suppliers, prices. Replies are types; the bot finds the words.
//!
//! Whether somebody is an admin is decided in one place, by the bot's gate, from `KIOSK_SHOP__ADMINS`; nothing
//! here is reached otherwise. Money commands are keyed by the update that asked for them: the same command
//! seen twice counts once, and says the same again.

pub mod prices;
pub mod stuck;
pub mod suppliers;

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::id::{BuyerId, TelegramId};
use crate::ledger::{self, Account, Actor, Kind, LedgerError, Posted, Posting};
use crate::money::{Currency, Money};
use crate::notice::{self, News};
use crate::order::Order;
use crate::order::{self, Bells};
use crate::people::{self, Buyer, Sighting};
use crate::store::{Db, StoreError, Tx, args};
use crate::world::World;

/// The desk admins sit at.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Time, randomness, network.
    pub world: World,
    /// The database.
    pub db: Db,
    /// Products, prices and suppliers.
    pub catalog: Catalog,
    /// Wakes the workers.
    pub bells: Bells,
    /// Who runs the shop.
    pub admins: Arc<Vec<TelegramId>>,
}

/// A no that the admin is told in words. Nothing has changed when one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody with that id or username has been here.
    NobodyThere,
    /// Not an amount of the shop's currency above zero.
    BadAmount(Currency),
    /// The wallet holds less; so much.
    WalletTooSmall(Money),
    /// The movement cannot be undone: it is not there, or was undone, or the money has been spent.
    NotUndoable,
    /// No supplier of that name is configured; these are.
    NoSuchSupplier(Vec<String>),
    /// Not a percentage in range.
    BadPercent,
    /// No category of that name.
    NoSuchCategory,
    /// Not a currency and a positive rate.
    BadRate,
    /// The supplier did not give its catalogue.
    SupplierFailed(String),
    /// No such order waits for a person.
    NotStuck,
    /// No codes are kept for the order, so there is nothing to deliver.
    NothingKept,
}

/// Why a command got neither a reply nor a refusal.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The admin is told no.
    #[error("refused")]
    Refused(Refusal),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The books failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<Refusal> for DeskError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Whom a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A Telegram user id.
    Id(TelegramId),
    /// A username, with or without `@`.
    Username(String),
}

/// Which way an adjustment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Into the wallet.
    Credit,
    /// Out of the wallet.
    Debit,
}

/// What an adjustment did.
#[derive(Debug, Clone)]
pub struct Adjusted {
    /// Whose wallet.
    pub buyer: Buyer,
    /// How much.
    pub amount: Money,
    /// The balance after it.
    pub balance: Money,
    /// Whether this very command had been carried out before.
    pub before: bool,
    /// Names the movement, for undoing it.
    pub key: String,
}

/// What the desk knows about a person.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The person.
    pub buyer: Buyer,
    /// Their wallet.
    pub balance: Money,
    /// What is set aside for orders under way.
    pub reserved: Money,
    /// Their latest orders.
    pub orders: Vec<Order>,
}

impl Desk {
    /// How many orders `/user` shows.
    const ORDERS_SHOWN: u32 = 5;
    /// The longest note kept, in characters.
    const NOTE_MAX: usize = 200;

    /// Finds whom a command is about. An id nobody has seen yet is opened, so that a wallet can be credited
    /// before its owner's first visit.
    async fn person(&self, tx: &mut Tx, who: &Who, open: bool) -> Result<Buyer, DeskError> {
        let found = match who {
            Who::Id(id) => people::by_telegram(tx, *id).await?,
            Who::Username(name) => people::by_username(tx, name).await?,
        };
        match (found, who) {
            (Some(buyer), _) => Ok(buyer),
            (None, Who::Id(id)) if open && id.0 > 0 => {
                let sighting = Sighting {
                    telegram_id: *id,
                    name: String::new(),
                    username: None,
                    language: String::new(),
                    in_private: false,
                };
                Ok(people::see(tx, &self.world, &sighting).await?)
            }
            _ => Err(Refusal::NobodyThere.into()),
        }
    }

    /// Credits or debits a wallet, once per update.
    ///
    /// # Errors
    /// [`Refusal::NobodyThere`], [`Refusal::BadAmount`], [`Refusal::WalletTooSmall`].
    pub async fn adjust(
        &self,
        admin: TelegramId,
        update: i64,
        direction: Direction,
        who: &Who,
        amount: &str,
        note: &str,
    ) -> Result<Adjusted, DeskError> {
        let currency = self.catalog.currency();
        let amount = Money::parse(amount, currency).ok().filter(|amount| amount.is_positive());
        let amount = amount.ok_or(Refusal::BadAmount(currency))?;
        let note: String = note.chars().filter(|c| !c.is_control()).take(Self::NOTE_MAX).collect();
        let mut tx = self.db.begin().await?;
        let buyer = self.person(&mut tx, who, direction == Direction::Credit).await?;
        let key = format!("adjust:{update}");
        let posted = self.post(&mut tx, &key, direction, &buyer, amount, admin, &note).await;
        let posted = match posted {
            Err(LedgerError::NotCovered) => {
                drop(tx);
                let mut tx = self.db.read().await?;
                return Err(Refusal::WalletTooSmall(ledger::balance(&mut tx, buyer.id, currency).await?).into());
            }
            Err(LedgerError::NotAccepted) => return Err(Refusal::BadAmount(currency).into()),
            other => other?,
        };
        let balance = ledger::balance(&mut tx, buyer.id, currency).await?;
        if let Some(to) = buyer.telegram_id.filter(|_| posted == Posted::Now) {
            let (amount, balance) = (amount.to_string(), balance.to_string());
            let news = match direction {
                Direction::Credit => News::WalletCredited { amount, balance, note },
                Direction::Debit => News::WalletDebited { amount, balance, note },
            };
            notice::owe(&mut tx, &self.world, to, &key, &news).await?;
        }
        tx.commit().await?;
        self.bells.notices().notify_one();
        Ok(Adjusted { buyer, amount, balance, before: posted == Posted::Before, key })
    }

    #[expect(clippy::too_many_arguments, reason = "each is one field of the posting it makes")]
    async fn post(
        &self,
        tx: &mut Tx,
        key: &str,
        direction: Direction,
        buyer: &Buyer,
        amount: Money,
        admin: TelegramId,
        note: &str,
    ) -> Result<Posted, LedgerError> {
        let wallet = Account::Wallet(buyer.id);
        let (kind, from, to) = match direction {
            Direction::Credit => (Kind::Topup, Account::Topups, wallet),
            Direction::Debit => (Kind::Debit, wallet, Account::Adjustments),
        };
        let posting = Posting {
            key: key.to_owned(),
            kind,
            from,
            to,
            amount,
            buyer: Some(buyer.id),
            order: None,
            actor: Actor::Admin(admin),
            reason: note.to_owned(),
        };
        ledger::post(tx, &self.world, &posting).await
    }

    /// Undoes an adjustment by its key, once, if the wallet still covers it.
    ///
    /// # Errors
    /// [`Refusal::NotUndoable`].
    pub async fn undo(&self, admin: TelegramId, key: &str) -> Result<Adjusted, DeskError> {
        let mut tx = self.db.begin().await?;
        let row: Option<AdjustedRow> = tx
            .fetch_optional(
                "SELECT kind, amount, currency, buyer_id FROM postings WHERE posting_key = $1 \
                 AND kind IN ('topup', 'debit')",
                args![key],
            )
            .await?;
        let row = row.ok_or(Refusal::NotUndoable)?;
        let currency: Currency = row.currency.parse().map_err(|_| StoreError::Row("postings.currency".into()))?;
        let amount = Money::from_minor(row.amount, currency);
        let buyer = people::by_id(&mut tx, row.buyer_id).await?.ok_or(Refusal::NotUndoable)?;
        let direction = if row.kind == Kind::Topup { Direction::Debit } else { Direction::Credit };
        let undo_key = format!("undo:{key}");
        let posted = match self.post(&mut tx, &undo_key, direction, &buyer, amount, admin, "").await {
            Err(LedgerError::NotCovered | LedgerError::NotAccepted) => return Err(Refusal::NotUndoable.into()),
            other => other?,
        };
        let balance = ledger::balance(&mut tx, buyer.id, currency).await?;
        tx.commit().await?;
        Ok(Adjusted { buyer, amount, balance, before: posted == Posted::Before, key: undo_key })
    }

    /// Everything the desk knows about a person.
    ///
    /// # Errors
    /// [`Refusal::NobodyThere`].
    pub async fn dossier(&self, who: &Who) -> Result<Dossier, DeskError> {
        let mut tx = self.db.read().await?;
        let found = match who {
            Who::Id(id) => people::by_telegram(&mut tx, *id).await?,
            Who::Username(name) => people::by_username(&mut tx, name).await?,
        };
        let buyer = found.ok_or(Refusal::NobodyThere)?;
        let currency = self.catalog.currency();
        let balance = ledger::balance(&mut tx, buyer.id, currency).await?;
        let reserved = crate::shop::account::reserved(&mut tx, buyer.id, currency).await?;
        let orders = order::records::of_buyer(&mut tx, buyer.id, Self::ORDERS_SHOWN, 0).await?;
        Ok(Dossier { buyer, balance, reserved, orders })
    }

    /// Shuts somebody out, or lets them in again.
    ///
    /// # Errors
    /// [`Refusal::NobodyThere`].
    pub async fn ban(&self, who: &Who, banned: bool) -> Result<Buyer, DeskError> {
        let mut tx = self.db.begin().await?;
        let buyer = self.person(&mut tx, who, false).await?;
        people::set_banned(&mut tx, buyer.id, banned).await?;
        tx.commit().await?;
        Ok(buyer)
    }

    /// Sends an admin's answer to the buyer whose question a message carries; `false` if it carries none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn answer(&self, admin: TelegramId, message: i64, text: &str, update: i64) -> Result<bool, DeskError> {
        let mut tx = self.db.begin().await?;
        let row: Option<AskedBy> = tx
            .fetch_optional(
                "SELECT buyer_id FROM support_messages WHERE chat_id = $1 AND message_id = $2",
                args![admin, message],
            )
            .await?;
        let Some(row) = row else { return Ok(false) };
        let buyer = people::by_id(&mut tx, row.buyer_id).await?;
        let Some(to) = buyer.and_then(|buyer| buyer.telegram_id) else { return Ok(false) };
        let news = News::Answer { text: text.chars().take(3000).collect() };
        notice::owe(&mut tx, &self.world, to, &format!("answer:{update}"), &news).await?;
        tx.commit().await?;
        self.bells.notices().notify_one();
        Ok(true)
    }
}

#[derive(sqlx::FromRow)]
struct AdjustedRow {
    kind: Kind,
    amount: i64,
    currency: String,
    buyer_id: BuyerId,
}

#[derive(sqlx::FromRow)]
struct AskedBy {
    buyer_id: BuyerId,
}
