//! A buyer's own data: what is set aside for them, their language, their being forgotten.

use crate::id::BuyerId;
use crate::money::{Currency, Money};
use crate::notice::{self, News};
use crate::people::{self, Buyer};
use crate::shop::{Shop, ShopError};
use crate::store::{StoreError, Tx, args};

#[derive(sqlx::FromRow)]
struct Sum {
    total: i64,
}

/// What is set aside for a buyer's orders under way. The states stand as they do in the index `orders_set_aside`.
///
/// # Errors
/// [`StoreError`].
pub async fn reserved(tx: &mut Tx, buyer: BuyerId, currency: Currency) -> Result<Money, StoreError> {
    let row: Sum = tx
        .fetch_one(
            "SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) AS total FROM orders WHERE buyer_id = $1 \
             AND currency = $2 AND payment = 'wallet' AND state IN ('reserved', 'submitted', 'stuck')",
            args![buyer, currency.code()],
        )
        .await?;
    Ok(Money::from_minor(row.total, currency))
}

/// How many orders of a buyer wait for a payment past us.
///
/// # Errors
/// [`StoreError`].
pub async fn open_invoices(tx: &mut Tx, buyer: BuyerId) -> Result<i64, StoreError> {
    let row: Open = tx
        .fetch_one(
            "SELECT COUNT(*) AS open FROM orders WHERE buyer_id = $1 AND payment <> 'wallet' \
             AND state = 'awaiting_payment'",
            args![buyer],
        )
        .await?;
    Ok(row.open)
}

#[derive(sqlx::FromRow)]
struct Open {
    open: i64,
}

impl Shop {
    /// Speaks another language to a buyer from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_language(&self, buyer: BuyerId, language: Option<&str>) -> Result<(), ShopError> {
        let mut tx = self.db.begin().await?;
        people::set_language(&mut tx, buyer, language).await?;
        Ok(tx.commit().await?)
    }

    /// Erases what may be erased about a buyer; `false`, and nothing erased, while they have orders under way. Ledger and orders stay, without the person. Money left in
    /// the wallet and orders under way would be lost to them, so these are said first by the caller.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget(&self, buyer: &Buyer) -> Result<bool, ShopError> {
        let mut tx = self.db.begin().await?;
        let open: Open = tx
            .fetch_one(
                "SELECT COUNT(*) AS open FROM orders WHERE buyer_id = $1 \
                 AND state IN ('reserved', 'submitted', 'awaiting_payment', 'fulfilled', 'stuck')",
                args![buyer.id],
            )
            .await?;
        if open.open > 0 {
            return Ok(false);
        }
        people::erase(&mut tx, buyer.id).await?;
        if let Some(id) = buyer.telegram_id {
            tx.execute("UPDATE orders SET chat_id = 0, message_id = NULL WHERE buyer_id = $1", args![buyer.id]).await?;
            tx.execute("DELETE FROM notices WHERE telegram_id = $1", args![id]).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// A buyer is back in private: parcels and news that waited for them are due.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn welcome_back(&self, buyer: &Buyer) -> Result<u64, ShopError> {
        let mut tx = self.db.begin().await?;
        if let Some(id) = buyer.telegram_id {
            people::set_reachable(&mut tx, id, true).await?;
            notice::wake(&mut tx, &self.world, id).await?;
        }
        let woken = crate::delivery::parcel::wake(&mut tx, buyer.id, self.world.now()).await?;
        tx.commit().await?;
        self.bells.parcels().notify_one();
        self.bells.notices().notify_one();
        Ok(woken)
    }

    /// Passes a buyer's question on to the admins, once per update.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ask_support(&self, buyer: &Buyer, text: &str, update: i64) -> Result<(), ShopError> {
        let news = News::Question {
            buyer: buyer.id.to_string(),
            name: buyer.name.clone(),
            telegram_id: buyer.telegram_id.map_or(0, |id| id.0),
            text: text.chars().take(1800).collect(),
        };
        let mut tx = self.db.begin().await?;
        notice::owe_all(&mut tx, &self.world, &self.admins, &format!("question:{update}"), &news).await?;
        tx.commit().await?;
        self.bells.notices().notify_one();
        Ok(())
    }
}
