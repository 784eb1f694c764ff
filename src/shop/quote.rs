//! Quotes: a price promised to one buyer for ten minutes.

use std::time::Duration;

use crate::id::{BuyerId, ProductNo, QuoteId};
use crate::money::{Currency, Money, MoneyError, Rate, UnitCost, parse_decimal};
use crate::order::Deal;
use crate::shop::{Refusal, Shop, ShopError};
use crate::store::{StoreError, Tx, args};
use crate::supplier::SupplierName;
use crate::world::Moment;

/// How long a quote holds.
pub const VALID_FOR: Duration = Duration::from_mins(10);

/// A price promised to one buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Its identity, carried by its buttons.
    pub id: QuoteId,
    /// Whom it was promised to.
    pub buyer: BuyerId,
    /// What was promised.
    pub deal: Deal,
    /// When it ends.
    pub expires_at: Moment,
    /// Whether the buyer left it.
    pub cancelled: bool,
}

impl Quote {
    /// Whether it can no longer be paid.
    pub fn is_over(&self, now: Moment) -> bool {
        self.cancelled || now >= self.expires_at
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: QuoteId,
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
    coupon: Option<String>,
    expires_at_ms: Moment,
    cancelled: i64,
}

impl TryFrom<Row> for Quote {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = |_: MoneyError| StoreError::Row(format!("quotes: amounts of {}", row.id));
        let currency: Currency = row.currency.parse().map_err(bad)?;
        let cost_currency: Currency = row.cost_currency.parse().map_err(bad)?;
        let deal = Deal {
            product: row.product_no,
            supplier: row.supplier,
            sku: row.sku,
            category_id: row.category_id,
            title: row.title,
            quantity: u32::try_from(row.quantity).map_err(|_| StoreError::Row("quotes.quantity".into()))?,
            unit_price: Money::from_minor(row.unit_price, currency),
            total: Money::from_minor(row.total, currency),
            unit_cost: parse_decimal(&row.unit_cost)
                .and_then(|cost| UnitCost::new(cost, cost_currency))
                .map_err(bad)?,
            rate: parse_decimal(&row.rate).and_then(|rate| Rate::new(cost_currency, currency, rate)).map_err(bad)?,
            coupon: row.coupon,
        };
        Ok(Self { id: row.id, buyer: row.buyer_id, deal, expires_at: row.expires_at_ms, cancelled: row.cancelled == 1 })
    }
}

impl Shop {
    /// The longest coupon passed on, in characters.
    const COUPON_MAX: usize = 64;

    /// Promises a price.
    ///
    /// # Errors
    /// [`Refusal::UnknownProduct`], [`Refusal::NotForSale`], [`Refusal::SoldOut`], [`Refusal::Quantity`].
    pub async fn quote(
        &self,
        buyer: BuyerId,
        no: ProductNo,
        quantity: u32,
        coupon: Option<String>,
    ) -> Result<Quote, ShopError> {
        let item = self.product(no)?;
        let (Some(price), Some(unit_cost)) = (item.price, item.cost) else { return Err(Refusal::NotForSale.into()) };
        if quantity < item.quantity_min || quantity > item.quantity_max {
            return Err(Refusal::Quantity { min: item.quantity_min, max: item.quantity_max }.into());
        }
        if !item.stock.covers(quantity) {
            return Err(Refusal::SoldOut { left: item.quantity_limit() }.into());
        }
        let total = price
            .unit
            .times(quantity)
            .map_err(|_| Refusal::Quantity { min: item.quantity_min, max: item.quantity_max })?;
        let coupon =
            coupon.map(|coupon| coupon.chars().filter(|c| !c.is_control()).take(Self::COUPON_MAX).collect::<String>());
        let deal = Deal {
            product: item.no,
            supplier: item.supplier,
            sku: item.sku,
            category_id: item.category_id,
            title: item.name,
            quantity,
            unit_price: price.unit,
            total,
            unit_cost,
            rate: price.rate,
            coupon: coupon.filter(|coupon| !coupon.is_empty()),
        };
        let now = self.world.now();
        let quote =
            Quote { id: QuoteId::fresh(&self.world), buyer, deal, expires_at: now.plus(VALID_FOR), cancelled: false };
        let mut tx = self.db.begin().await?;
        insert(&mut tx, &quote, now).await?;
        tx.commit().await?;
        Ok(quote)
    }

    /// A buyer's quote, over or not.
    ///
    /// # Errors
    /// [`Refusal::NotYours`] also if there is none.
    pub async fn find_quote(&self, buyer: BuyerId, id: QuoteId) -> Result<Quote, ShopError> {
        let mut tx = self.db.read().await?;
        let row: Option<Row> = tx
            .fetch_optional(
                "SELECT id, buyer_id, product_no, supplier, sku, category_id, title, quantity, unit_price, total, \
                 currency, unit_cost, cost_currency, rate, coupon, expires_at_ms, cancelled FROM quotes WHERE id = $1",
                args![id],
            )
            .await?;
        let quote = row.map(Quote::try_from).transpose()?;
        quote.filter(|quote| quote.buyer == buyer).ok_or_else(|| Refusal::NotYours.into())
    }

    /// Ends a quote the buyer does not want.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel(&self, quote: &Quote) -> Result<(), ShopError> {
        let mut tx = self.db.begin().await?;
        tx.execute("UPDATE quotes SET cancelled = 1 WHERE id = $1", args![quote.id]).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes quotes that ended more than a day ago; orders carry all they need of them. One bounded batch.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweep_quotes(&self) -> Result<u64, StoreError> {
        let before = self.world.now().minus(Duration::from_hours(24));
        let mut tx = self.db.begin().await?;
        let rows = tx
            .execute(
                "DELETE FROM quotes WHERE id IN (SELECT id FROM quotes WHERE expires_at_ms < $1 LIMIT 1000)",
                args![before],
            )
            .await?;
        tx.commit().await?;
        Ok(rows)
    }
}

async fn insert(tx: &mut Tx, quote: &Quote, now: Moment) -> Result<(), StoreError> {
    let deal = &quote.deal;
    tx.execute(
        "INSERT INTO quotes (id, buyer_id, product_no, supplier, sku, category_id, title, quantity, unit_price, total, \
         currency, unit_cost, cost_currency, rate, coupon, created_at_ms, expires_at_ms, cancelled) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0)",
        args![
            quote.id,
            quote.buyer,
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
            deal.coupon.clone(),
            now,
            quote.expires_at
        ],
    )
    .await
    .map(|_| ())
}
