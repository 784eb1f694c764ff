//! Reading a supplier's catalogue into our rows: new products get a number, changed ones are written,
//! those no longer listed are marked gone and keep their number. Only changes are written.

use std::collections::HashMap;

use crate::catalog::records::{self, OfferRow};
use crate::catalog::{Catalog, Suppliers};
use crate::id::{BuyerId, ProductNo, TelegramId};
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
    let stock: Vec<_> = offers.iter().map(|offer| (offer.sku.clone(), offer.stock)).collect();
    let changes = write(world, db, name, offers, known).await?;
    catalog.reload(db).await?;
    catalog.restock(name, &stock);
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
    let mut available = HashMap::new();
    for offer in offers.into_iter().map(tidy) {
        if offer.cost.is_some() && offer.stock.covers(offer.quantity_min) {
            available.insert(offer.sku.clone(), offer.name.clone());
        }
        match known.remove(&offer.sku) {
            Some(row) if row.offer == offer && !row.gone => {}
            before => writes.push((offer, before)),
        }
    }
    for batch in writes.chunks(BATCH) {
        let mut tx = db.begin().await?;
        // First, because its row lock makes the numbering of two suppliers take turns.
        records::revise(&mut tx).await?;
        for (offer, before) in batch {
            let no = match before {
                Some(row) => row.no,
                None => records::open_product(&mut tx, world.now()).await?,
            };
            records::write(&mut tx, name, offer, no, world.now()).await?;
            if before.is_some() { changes.changed += 1 } else { changes.new += 1 }
        }
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
    tell_watchers(&mut tx, world, name, &available).await?;
    let listed = i64::try_from(changes.listed).unwrap_or(i64::MAX);
    records::refresh_worked(&mut tx, name, listed, world.now()).await?;
    tx.commit().await?;
    Ok(changes)
}

/// Keeps names to one line of bounded length: they come from outside and go into buttons and messages.
fn tidy(mut offer: Offer) -> Offer {
    offer.name = one_line(&offer.name);
    if offer.name.is_empty() {
        offer.name = one_line(&offer.sku);
    }
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

#[derive(sqlx::FromRow)]
struct Watch {
    sku: String,
    product_no: ProductNo,
    buyer_id: BuyerId,
    telegram_id: TelegramId,
}

/// Tells those who asked for it that a product can be had again, once, and takes them off the list. Decided by
/// what the supplier lists now and not by what changed: our own sales empty the shelf without a change of rows.
async fn tell_watchers(
    tx: &mut Tx,
    world: &World,
    supplier: &SupplierName,
    available: &HashMap<String, String>,
) -> Result<(), StoreError> {
    let watches: Vec<Watch> = tx
        .fetch_all(
            "SELECT o.sku, w.product_no, w.buyer_id, b.telegram_id FROM watches w \
             JOIN offers o ON o.product_no = w.product_no JOIN buyers b ON b.id = w.buyer_id \
             WHERE o.supplier = $1 AND b.telegram_id IS NOT NULL",
            args![supplier.as_str()],
        )
        .await?;
    for watch in watches {
        let Some(name) = available.get(&watch.sku) else { continue };
        let news = News::BackInStock { product: watch.product_no.0, name: name.clone() };
        let key = format!("back:{}:{}", watch.product_no, world.now().millis());
        notice::owe(tx, world, watch.telegram_id, &key, &news).await?;
        tx.execute(
            "DELETE FROM watches WHERE product_no = $1 AND buyer_id = $2",
            args![watch.product_no, watch.buyer_id],
        )
        .await?;
    }
    Ok(())
}

/// Refreshes every supplier, one after the other; a supplier that fails does not stop the rest.
pub async fn refresh_all(world: &World, db: &Db, catalog: &Catalog, suppliers: &Suppliers) {
    for supplier in suppliers.iter() {
        if let Err(error) = refresh(world, db, catalog, supplier.as_ref()).await {
            tracing::warn!(supplier = %supplier.terms().name, %error, "catalogue not refreshed");
        }
    }
}
