//! What the shop owes somebody who did not just ask: alarms for admins, news for buyers.
//!
//! A notice is written in the transaction that gives rise to it and told later by the delivery worker,
//! in the reader's language, at least once; to somebody who cannot be reached, when they come back. Its key names the news, so that the same news raised twice
//! is told once.

use serde::{Deserialize, Serialize};

use crate::id::{NoticeId, TelegramId};
use crate::store::{StoreError, Tx, args};
use crate::supplier::Reason;
use crate::world::World;

/// The news, without words: the bot puts it into the reader's language. Names and numbers only, never a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum News {
    /// An order waits for a person.
    OrderStuck {
        /// The order's number.
        order: String,
        /// The supplier.
        supplier: String,
        /// What is known, as a locale key's suffix.
        why: String,
    },
    /// A supplier refused for a reason an admin can mend.
    SupplierRefused {
        /// The supplier.
        supplier: String,
        /// Why.
        reason: Reason,
    },
    /// A supplier charged more than the buyer paid.
    SoldAtLoss {
        /// The order's number.
        order: String,
        /// What the supplier charged.
        charged: String,
        /// What the buyer paid.
        paid: String,
    },
    /// A buyer's payment on a supplier's invoice is not what was asked.
    OddPayment {
        /// The order's number.
        order: String,
        /// `underpaid`, `overpaid` or `late`.
        what: String,
    },
    /// A product is back.
    BackInStock {
        /// Its number.
        product: i64,
        /// Its name.
        name: String,
    },
    /// A wallet was credited.
    WalletCredited {
        /// How much.
        amount: String,
        /// The new balance.
        balance: String,
        /// The admin's note; may be empty.
        note: String,
    },
    /// A wallet was debited.
    WalletDebited {
        /// How much.
        amount: String,
        /// The new balance.
        balance: String,
        /// The admin's note; may be empty.
        note: String,
    },
    /// A buyer asks an admin something.
    Question {
        /// Our identity of the buyer, for the way back.
        buyer: String,
        /// The name they show.
        name: String,
        /// Their Telegram id.
        telegram_id: i64,
        /// What they wrote.
        text: String,
    },
    /// An admin's answer to a buyer's question.
    Answer {
        /// What the admin wrote.
        text: String,
    },
}

/// A notice that is due.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Its identity.
    pub id: NoticeId,
    /// Whom to tell.
    pub to: TelegramId,
    /// What.
    pub news: News,
    /// How often it was tried.
    pub attempts: i64,
}

/// Owes somebody a piece of news, once per key.
///
/// # Errors
/// [`StoreError`].
pub async fn owe(tx: &mut Tx, world: &World, to: TelegramId, key: &str, news: &News) -> Result<(), StoreError> {
    let body = serde_json::to_string(news).map_err(|_| StoreError::Row("notices.body".into()))?;
    let now = world.now();
    tx.execute(
        "INSERT INTO notices (id, telegram_id, notice_key, body, created_at_ms, due_at_ms, attempts) \
         VALUES ($1, $2, $3, $4, $5, $5, 0) ON CONFLICT (notice_key) DO NOTHING",
        args![NoticeId::fresh(world), to, format!("{key}:{to}"), body, now],
    )
    .await
    .map(|_| ())
}

/// Owes every admin the same piece of news.
///
/// # Errors
/// [`StoreError`].
pub async fn owe_all(
    tx: &mut Tx,
    world: &World,
    admins: &[TelegramId],
    key: &str,
    news: &News,
) -> Result<(), StoreError> {
    for admin in admins {
        owe(tx, world, *admin, key, news).await?;
    }
    Ok(())
}

/// Somebody came back: news that waited for them is due.
///
/// # Errors
/// [`StoreError`].
pub async fn wake(tx: &mut Tx, world: &World, to: TelegramId) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE notices SET due_at_ms = $1, attempts = 0, waits = 0 WHERE telegram_id = $2 AND waits = 1",
        args![world.now(), to],
    )
    .await
}
