//! Reading a supplier's catalogue into our rows: new products get a number, changed ones are written,
//! those no longer listed are marked gone and keep their number. Only changes are written.

use std::collections::HashMap;

use crate::catalog::records::{self, OfferRow};
use crate::catalog::{Catalog, Suppliers};
use crate::id::TelegramId;
use crate::notice::{self, News};
use crate::store::{Db, StoreError, Tx, args};
use crate::supplier::{Offer, Supplier, SupplierError, SupplierName};
use crate::world::World;

/// How many offers are written in one transaction, so that sales are not kept waiting.
const BATCH: usize = 500;

/// The longest name or category kept, in characters.
const NAME_MAX: usize = 200;

/// What a refresh changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    /// Offers listed now.
    pub listed: usize,
    /// New products.
    pub new: usize,
    /// Offers whose name, cost, stock or limits changed.
    pub changed: usize,
    /// Offers no longer listed.
    pub gone: usize,
}

/// Why a refresh did not work.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The supplier did not give its catalogue.
    #[error(transparent)]
    Supplier(#[from] SupplierError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads one supplier's catalogue and brings rows and shelf up to date.
///
/// # Errors
/// [`RefreshError`]; a failure of the supplier is written down for `/suppliers`.
pub async fn refresh(
    world: &World,
    db: &Db,
    catalog: &Catalog,
    supplier: &dyn Supplier,
) -> Result<Changes, RefreshError> {
    let name = &supplier.terms().name;
    let offers = match supplier.products().await {
        Ok(offers) => offers,
        Err(error) => {
            let mut tx = db.begin().await?;
            records::refresh_failed(&mut tx, name, &error.to_string(), world.now()).await?;
            tx.commit().await?;
            return Err(error.into());
        }
    };
    let mut tx = db.read().await?;
    let known: HashMap<String, OfferRow> =
        records::offers_of(&mut tx, name).await?.into_iter().map(|row| (row.offer.sku.clone(), row)).collect();
    drop(tx);
    let changes = write(world, db, name, offers, known).await?;
    catalog.reload(db).await?;
    tracing::info!(supplier = %name, listed = changes.listed, new = changes.new, changed = changes.changed, gone = changes.gone, "catalogue refreshed");
    Ok(changes)
}

async fn write(
    world: &World,
    db: &Db,
    name: &SupplierName,
    offers: Vec<Offer>,
    mut known: HashMap<String, OfferRow>,
) -> Result<Changes, StoreError> {
    let mut changes = Changes { listed: offers.len(), ..Changes::default() };
    let mut writes = Vec::new();
    for offer in offers.into_iter().map(tidy) {
        match known.remove(&offer.sku) {
            Some(row) if row.offer == offer && !row.gone => {}
            before => writes.push((offer, before)),
        }
    }
    for batch in writes.chunks(BATCH) {
        let mut tx = db.begin().await?;
        for (offer, before) in batch {
            let no = match before {
                Some(row) => row.no,
                None => records::open_product(&mut tx, world.now()).await?,
            };
            records::write(&mut tx, name, offer, no, world.now()).await?;
            if before.as_ref().is_some_and(|row| is_back(row, offer)) {
                tell_watchers(&mut tx, world, no.0, &offer.name).await?;
            }
            if before.is_some() { changes.changed += 1 } else { changes.new += 1 }
        }
        records::revise(&mut tx).await?;
        tx.commit().await?;
    }
    let mut tx = db.begin().await?;
    for row in known.values().filter(|row| !row.gone) {
        records::lose(&mut tx, name, &row.offer.sku).await?;
        changes.gone += 1;
    }
    if changes.gone > 0 {
        records::revise(&mut tx).await?;
    }
    let listed = i64::try_from(changes.listed).unwrap_or(i64::MAX);
    records::refresh_worked(&mut tx, name, listed, world.now()).await?;
    tx.commit().await?;
    Ok(changes)
}

/// Keeps names to one line of bounded length: they come from outside and go into buttons and messages.
fn tidy(mut offer: Offer) -> Offer {
    offer.name = one_line(&offer.name);
    offer.category = one_line(&offer.category);
    for (_, name) in &mut offer.names {
        *name = one_line(name);
    }
    offer
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(NAME_MAX).collect()
}

fn is_back(before: &OfferRow, now: &Offer) -> bool {
    let was_out = before.gone || !before.offer.stock.covers(before.offer.quantity_min);
    was_out && now.stock.covers(now.quantity_min)
}

#[derive(sqlx::FromRow)]
struct Watcher {
    telegram_id: TelegramId,
}

/// Tells those who asked that a product is back, once, and takes them off the list.
async fn tell_watchers(tx: &mut Tx, world: &World, no: i64, name: &str) -> Result<(), StoreError> {
    let watchers: Vec<Watcher> = tx
        .fetch_all(
            "SELECT b.telegram_id FROM watches w JOIN buyers b ON b.id = w.buyer_id \
             WHERE w.product_no = $1 AND b.telegram_id IS NOT NULL",
            args![no],
        )
        .await?;
    let news = News::BackInStock { product: no, name: name.to_owned() };
    for watcher in watchers {
        let key = format!("back:{no}:{}", world.now().millis());
        notice::owe(tx, world, watcher.telegram_id, &key, &news).await?;
    }
    tx.execute("DELETE FROM watches WHERE product_no = $1", args![no]).await.map(|_| ())
}

/// Refreshes every supplier, one after the other; a supplier that fails does not stop the rest.
pub async fn refresh_all(world: &World, db: &Db, catalog: &Catalog, suppliers: &Suppliers) {
    for supplier in suppliers.iter() {
        if let Err(error) = refresh(world, db, catalog, supplier.as_ref()).await {
            tracing::warn!(supplier = %supplier.terms().name, %error, "catalogue not refreshed");
        }
    }
}
