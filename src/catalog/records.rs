//! The rows of products and offers.

use crate::id::ProductNo;
use crate::money::{Currency, UnitCost, parse_decimal};
use crate::store::{StoreError, Tx, args};
use crate::supplier::{Offer, Stock, SupplierName};
use crate::world::Moment;

#[derive(sqlx::FromRow)]
struct Revision {
    revision: i64,
}

/// How often products or prices have changed.
///
/// # Errors
/// [`StoreError`].
pub async fn revision(tx: &mut Tx) -> Result<i64, StoreError> {
    let row: Revision = tx.fetch_one("SELECT revision FROM revisions WHERE name = 'catalog'", args![]).await?;
    Ok(row.revision)
}

/// Says that products or prices have changed.
///
/// # Errors
/// [`StoreError`].
pub async fn revise(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute("UPDATE revisions SET revision = revision + 1 WHERE name = 'catalog'", args![]).await.map(|_| ())
}

/// An offer with the product it backs, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferRow {
    /// The product.
    pub no: ProductNo,
    /// The supplier.
    pub supplier: SupplierName,
    /// The offer itself.
    pub offer: Offer,
    /// Whether the supplier no longer lists it.
    pub gone: bool,
    /// How many pieces were sold.
    pub sold: i64,
}

#[derive(sqlx::FromRow)]
struct Raw {
    supplier: SupplierName,
    sku: String,
    product_no: ProductNo,
    name: String,
    names: String,
    category: String,
    category_id: String,
    cost: Option<String>,
    cost_currency: Option<String>,
    stock: Option<i64>,
    quantity_min: i64,
    quantity_max: i64,
    gone: i64,
    sold: i64,
}

impl From<Raw> for OfferRow {
    fn from(raw: Raw) -> Self {
        let stock = match raw.stock {
            None => Stock::Some,
            Some(0) => Stock::Out,
            Some(count) => Stock::Count(u32::try_from(count).unwrap_or(u32::MAX)),
        };
        let cost = raw.cost.zip(raw.cost_currency).and_then(|(amount, currency)| {
            let currency: Currency = currency.parse().ok()?;
            UnitCost::new(parse_decimal(&amount).ok()?, currency).ok()
        });
        let offer = Offer {
            sku: raw.sku,
            name: raw.name,
            names: serde_json::from_str(&raw.names).unwrap_or_default(),
            category: raw.category,
            category_id: raw.category_id,
            cost,
            stock,
            quantity_min: u32::try_from(raw.quantity_min).unwrap_or(1),
            quantity_max: u32::try_from(raw.quantity_max).unwrap_or(1),
        };
        Self { no: raw.product_no, supplier: raw.supplier, offer, gone: raw.gone == 1, sold: raw.sold }
    }
}

/// Every offer of every supplier, by product number.
///
/// # Errors
/// [`StoreError`].
pub async fn offers(tx: &mut Tx) -> Result<Vec<OfferRow>, StoreError> {
    let rows: Vec<Raw> = tx
        .fetch_all(
            "SELECT o.supplier, o.sku, o.product_no, o.name, o.names, o.category, o.category_id, o.cost, \
             o.cost_currency, o.stock, o.quantity_min, o.quantity_max, o.gone, p.sold FROM offers o \
             JOIN products p ON p.no = o.product_no ORDER BY o.product_no",
            args![],
        )
        .await?;
    Ok(rows.into_iter().map(OfferRow::from).collect())
}

/// The offers of one supplier.
///
/// # Errors
/// [`StoreError`].
pub async fn offers_of(tx: &mut Tx, supplier: &SupplierName) -> Result<Vec<OfferRow>, StoreError> {
    let rows: Vec<Raw> = tx
        .fetch_all(
            "SELECT o.supplier, o.sku, o.product_no, o.name, o.names, o.category, o.category_id, o.cost, \
             o.cost_currency, o.stock, o.quantity_min, o.quantity_max, o.gone, p.sold FROM offers o \
             JOIN products p ON p.no = o.product_no WHERE o.supplier = $1",
            args![supplier.as_str()],
        )
        .await?;
    Ok(rows.into_iter().map(OfferRow::from).collect())
}

fn stock_value(stock: Stock) -> Option<i64> {
    match stock {
        Stock::Some => None,
        Stock::Out => Some(0),
        Stock::Count(count) => Some(i64::from(count)),
    }
}

/// Writes an offer as the supplier lists it now; a new one gets the product number given.
///
/// # Errors
/// [`StoreError`].
pub async fn write(
    tx: &mut Tx,
    supplier: &SupplierName,
    offer: &Offer,
    no: ProductNo,
    now: Moment,
) -> Result<(), StoreError> {
    let names = serde_json::to_string(&offer.names).map_err(|_| StoreError::Row("offers.names".into()))?;
    tx.execute(
        "INSERT INTO offers (supplier, sku, product_no, name, names, category, category_id, cost, cost_currency, \
         stock, quantity_min, quantity_max, gone, seen_at_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13) \
         ON CONFLICT (supplier, sku) DO UPDATE SET name = excluded.name, names = excluded.names, \
         category = excluded.category, category_id = excluded.category_id, cost = excluded.cost, \
         cost_currency = excluded.cost_currency, stock = excluded.stock, quantity_min = excluded.quantity_min, \
         quantity_max = excluded.quantity_max, gone = 0, seen_at_ms = excluded.seen_at_ms",
        args![
            supplier.as_str(),
            &offer.sku,
            no,
            &offer.name,
            names,
            &offer.category,
            &offer.category_id,
            offer.cost.map(|cost| cost.amount().to_string()),
            offer.cost.map(|cost| cost.currency().code()),
            stock_value(offer.stock),
            offer.quantity_min,
            offer.quantity_max,
            now
        ],
    )
    .await
    .map(|_| ())
}

/// Writes what a live look saw of a known offer.
///
/// # Errors
/// [`StoreError`].
pub async fn note(tx: &mut Tx, supplier: &SupplierName, offer: &Offer) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE offers SET stock = $1, cost = $2, cost_currency = $3 WHERE supplier = $4 AND sku = $5",
        args![
            stock_value(offer.stock),
            offer.cost.map(|cost| cost.amount().to_string()),
            offer.cost.map(|cost| cost.currency().code()),
            supplier.as_str(),
            &offer.sku
        ],
    )
    .await
    .map(|_| ())
}

/// Marks an offer as no longer listed.
///
/// # Errors
/// [`StoreError`].
pub async fn lose(tx: &mut Tx, supplier: &SupplierName, sku: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE offers SET gone = 1 WHERE supplier = $1 AND sku = $2", args![supplier.as_str(), sku])
        .await
        .map(|_| ())
}

#[derive(sqlx::FromRow)]
struct Highest {
    highest: i64,
}

/// Opens a product with the next number.
///
/// # Errors
/// [`StoreError::Duplicate`] on PostgreSQL if another replica took the number; the caller tries again.
pub async fn open_product(tx: &mut Tx, now: Moment) -> Result<ProductNo, StoreError> {
    let row: Highest =
        tx.fetch_one("SELECT CAST(COALESCE(MAX(no), 0) AS BIGINT) AS highest FROM products", args![]).await?;
    let no = ProductNo(row.highest.saturating_add(1));
    tx.execute("INSERT INTO products (no, created_at_ms, sold) VALUES ($1, $2, 0)", args![no, now]).await?;
    Ok(no)
}

/// Counts sold pieces, for "most sold".
///
/// # Errors
/// [`StoreError`].
pub async fn count_sold(tx: &mut Tx, no: ProductNo, quantity: u32) -> Result<(), StoreError> {
    tx.execute("UPDATE products SET sold = sold + $1 WHERE no = $2", args![quantity, no]).await.map(|_| ())
}

/// When a supplier's catalogue was last read.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Refreshed {
    /// The last success; zero: never.
    pub at_ms: Moment,
    /// How many products it listed then.
    pub offers: i64,
    /// The last failure.
    pub failed_at_ms: Option<i64>,
    /// What failed then.
    pub failure: Option<String>,
}

/// How a supplier's last refresh went.
///
/// # Errors
/// [`StoreError`].
pub async fn refreshed(tx: &mut Tx, supplier: &SupplierName) -> Result<Option<Refreshed>, StoreError> {
    tx.fetch_optional(
        "SELECT at_ms, offers, failed_at_ms, failure FROM refreshes WHERE supplier = $1",
        args![supplier.as_str()],
    )
    .await
}

/// Writes down a refresh that worked.
///
/// # Errors
/// [`StoreError`].
pub async fn refresh_worked(tx: &mut Tx, supplier: &SupplierName, offers: i64, now: Moment) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO refreshes (supplier, at_ms, offers, failed_at_ms, failure) VALUES ($1, $2, $3, NULL, NULL) \
         ON CONFLICT (supplier) DO UPDATE SET at_ms = excluded.at_ms, offers = excluded.offers, \
         failed_at_ms = NULL, failure = NULL",
        args![supplier.as_str(), now, offers],
    )
    .await
    .map(|_| ())
}

/// Writes down a refresh that failed.
///
/// # Errors
/// [`StoreError`].
pub async fn refresh_failed(tx: &mut Tx, supplier: &SupplierName, why: &str, now: Moment) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO refreshes (supplier, at_ms, offers, failed_at_ms, failure) VALUES ($1, 0, 0, $2, $3) \
         ON CONFLICT (supplier) DO UPDATE SET failed_at_ms = excluded.failed_at_ms, failure = excluded.failure",
        args![supplier.as_str(), now, why],
    )
    .await
    .map(|_| ())
}
