//! The people who talk to the shop: who they are at Telegram, their language, whether a message can
//! reach them.
//!
//! A [`BuyerId`] is ours and outlives the person's data: after `/forget_me` the ledger keeps it and
//! nothing leads from it to anybody. Usernames change hands at Telegram, so the latest sighting wins and
//! takes the name away from whoever had it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::id::{BuyerId, TelegramId};
use crate::store::{Db, StoreError, Tx, args};
use crate::world::World;

/// What an update tells about its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Their id at Telegram.
    pub telegram_id: TelegramId,
    /// The name they show.
    pub name: String,
    /// Their username without `@`, lower case.
    pub username: Option<String>,
    /// Their client's language code; empty if unknown.
    pub language: String,
    /// Whether this update shows that private messages reach them.
    pub in_private: bool,
}

/// A person known to the shop.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Buyer {
    /// Ours, for ever.
    pub id: BuyerId,
    /// Telegram's; `None` once forgotten.
    pub telegram_id: Option<TelegramId>,
    /// The name they show.
    pub name: String,
    /// Their username without `@`, lower case.
    pub username: Option<String>,
    /// Their client's language code.
    pub client_language: String,
    /// The language they picked.
    pub chosen_language: Option<String>,
    #[sqlx(rename = "reachable")]
    reachable_flag: i64,
    #[sqlx(rename = "banned")]
    banned_flag: i64,
}

impl Buyer {
    /// Whether a private message can reach them.
    pub const fn is_reachable(&self) -> bool {
        self.reachable_flag == 1
    }

    /// Whether an admin has shut them out.
    pub const fn is_banned(&self) -> bool {
        self.banned_flag == 1
    }

    /// The language code to speak to them in.
    pub fn language(&self) -> &str {
        self.chosen_language.as_deref().unwrap_or(&self.client_language)
    }
}

/// Remembers who was seen, so that an update from a known person costs no database work.
#[derive(Debug, Default)]
pub struct People {
    known: Mutex<HashMap<TelegramId, (Sighting, Buyer)>>,
}

impl People {
    /// The most people kept in memory; beyond it the memory starts afresh.
    const KNOWN_MAX: usize = 20_000;

    /// The person behind an update, written down if new or changed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn meet(&self, db: &Db, world: &World, sighting: Sighting) -> Result<Buyer, StoreError> {
        let id = sighting.telegram_id;
        if let Some((seen, buyer)) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&id)
            && *seen == sighting
        {
            return Ok(buyer.clone());
        }
        let mut tx = db.begin().await?;
        let buyer = see(&mut tx, world, &sighting).await?;
        tx.commit().await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::KNOWN_MAX {
            known.clear();
        }
        known.insert(id, (sighting, buyer.clone()));
        Ok(buyer)
    }

    /// Forgets what is remembered about somebody, because their row has changed.
    pub fn forget(&self, id: TelegramId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

pub(crate) async fn see(tx: &mut Tx, world: &World, sighting: &Sighting) -> Result<Buyer, StoreError> {
    if let Some(username) = &sighting.username {
        tx.execute(
            "UPDATE buyers SET username = NULL WHERE username = $1 AND telegram_id <> $2",
            args![username, sighting.telegram_id],
        )
        .await?;
    }
    tx.execute(
        "INSERT INTO buyers (id, telegram_id, name, username, client_language, chosen_language, reachable, banned, \
         joined_at_ms) VALUES ($1, $2, $3, $4, $5, NULL, $6, 0, $7) ON CONFLICT (telegram_id) DO UPDATE SET \
         name = excluded.name, username = excluded.username, client_language = excluded.client_language, \
         reachable = CASE WHEN excluded.reachable = 1 THEN 1 ELSE buyers.reachable END",
        args![
            BuyerId::fresh(world),
            sighting.telegram_id,
            &sighting.name,
            sighting.username.clone(),
            &sighting.language,
            sighting.in_private,
            world.now()
        ],
    )
    .await?;
    by_telegram(tx, sighting.telegram_id).await?.ok_or_else(|| StoreError::Row("buyers: just written".into()))
}

/// The person with this Telegram id.
///
/// # Errors
/// [`StoreError`].
pub async fn by_telegram(tx: &mut Tx, id: TelegramId) -> Result<Option<Buyer>, StoreError> {
    tx.fetch_optional(
        "SELECT id, telegram_id, name, username, client_language, chosen_language, reachable, banned \
         FROM buyers WHERE telegram_id = $1",
        args![id],
    )
    .await
}

/// The person with this username (any case, with or without `@`).
///
/// # Errors
/// [`StoreError`].
pub async fn by_username(tx: &mut Tx, username: &str) -> Result<Option<Buyer>, StoreError> {
    let username = username.trim_start_matches('@').to_lowercase();
    tx.fetch_optional(
        "SELECT id, telegram_id, name, username, client_language, chosen_language, reachable, banned \
         FROM buyers WHERE username = $1",
        args![username],
    )
    .await
}

/// The person with this identity.
///
/// # Errors
/// [`StoreError`].
pub async fn by_id(tx: &mut Tx, id: BuyerId) -> Result<Option<Buyer>, StoreError> {
    tx.fetch_optional(
        "SELECT id, telegram_id, name, username, client_language, chosen_language, reachable, banned \
         FROM buyers WHERE id = $1",
        args![id],
    )
    .await
}

/// Notes whether private messages reach somebody.
///
/// # Errors
/// [`StoreError`].
pub async fn set_reachable(tx: &mut Tx, id: TelegramId, reachable: bool) -> Result<(), StoreError> {
    tx.execute("UPDATE buyers SET reachable = $1 WHERE telegram_id = $2", args![reachable, id]).await.map(|_| ())
}

/// Notes the language somebody picked; `None`: their client's own again.
///
/// # Errors
/// [`StoreError`].
pub async fn set_language(tx: &mut Tx, id: BuyerId, language: Option<&str>) -> Result<(), StoreError> {
    tx.execute("UPDATE buyers SET chosen_language = $1 WHERE id = $2", args![language, id]).await.map(|_| ())
}

/// Shuts somebody out, or lets them in again.
///
/// # Errors
/// [`StoreError`].
pub async fn set_banned(tx: &mut Tx, id: BuyerId, banned: bool) -> Result<(), StoreError> {
    tx.execute("UPDATE buyers SET banned = $1 WHERE id = $2", args![banned, id]).await.map(|_| ())
}

/// Takes the person out of their row; what the ledger says about it stays.
///
/// # Errors
/// [`StoreError`].
pub async fn erase(tx: &mut Tx, id: BuyerId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE buyers SET telegram_id = NULL, name = '', username = NULL, client_language = '', \
         chosen_language = NULL, reachable = 0 WHERE id = $1",
        args![id],
    )
    .await?;
    tx.execute("DELETE FROM watches WHERE buyer_id = $1", args![id]).await?;
    tx.execute("DELETE FROM support_messages WHERE buyer_id = $1", args![id]).await.map(|_| ())
}
