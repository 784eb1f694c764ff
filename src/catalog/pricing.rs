//! What a piece costs the buyer: the rates and margins in force, and how they make a price.

use std::collections::HashMap;

use crate::catalog::Defaults;
use crate::id::TelegramId;
use crate::ledger::Actor;
use crate::money::{Currency, Money, Percent, Rate, UnitCost, parse_decimal};
use crate::store::{StoreError, Tx, args};
use crate::world::World;

/// The rates and margins in force: the settings', with the desk's over them.
#[derive(Debug, Clone)]
pub struct Prices {
    margin: Percent,
    by_category: HashMap<String, Percent>,
    rates: HashMap<Currency, Rate>,
}

/// A price with the rate it was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// What the buyer pays for one piece.
    pub unit: Money,
    /// The rate from the supplier's currency.
    pub rate: Rate,
}

#[derive(sqlx::FromRow)]
struct MarginRow {
    category: String,
    percent: String,
}

#[derive(sqlx::FromRow)]
struct RateRow {
    currency: String,
    value: String,
}

impl Prices {
    /// Reads what is in force.
    ///
    /// # Errors
    /// [`StoreError`], also for a row that is no number.
    pub async fn load(tx: &mut Tx, defaults: &Defaults) -> Result<Self, StoreError> {
        let own = defaults.currency;
        let mut rates: HashMap<_, _> = defaults.rates.iter().map(|rate| (rate.from(), *rate)).collect();
        let rows: Vec<RateRow> = tx.fetch_all("SELECT currency, value FROM rates", args![]).await?;
        for row in rows {
            let rate =
                row.currency.parse::<Currency>().and_then(|from| Rate::new(from, own, parse_decimal(&row.value)?));
            let rate = rate.map_err(|_| StoreError::Row("rates.value".into()))?;
            rates.insert(rate.from(), rate);
        }
        rates.insert(own, Rate::identity(own));
        let mut margin = defaults.margin;
        let mut by_category = HashMap::new();
        let rows: Vec<MarginRow> = tx.fetch_all("SELECT category, percent FROM margins", args![]).await?;
        for row in rows {
            let percent = Percent::parse(&row.percent).map_err(|_| StoreError::Row("margins.percent".into()))?;
            if row.category.is_empty() {
                margin = percent;
            } else {
                by_category.insert(row.category, percent);
            }
        }
        Ok(Self { margin, by_category, rates })
    }

    /// The margin in force for a category.
    pub fn margin(&self, category: &str) -> Percent {
        self.by_category.get(&category.to_lowercase()).copied().unwrap_or(self.margin)
    }

    /// The rate in force from a currency into the shop's.
    pub fn rate(&self, from: Currency) -> Option<Rate> {
        self.rates.get(&from).copied()
    }

    /// The price of a piece, if it can have one.
    pub fn price(&self, cost: Option<UnitCost>, category: &str) -> Option<Price> {
        let cost = cost?;
        let rate = self.rate(cost.currency())?;
        let unit = rate.price(cost, self.margin(category)).ok()?;
        Some(Price { unit, rate })
    }
}

/// Sets the margin of a category (`""`: the shop's default). Prices follow at the next reload.
///
/// # Errors
/// [`StoreError`].
pub async fn set_margin(
    tx: &mut Tx,
    world: &World,
    by: TelegramId,
    category: &str,
    percent: Percent,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO margins (category, percent, set_by, at_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (category) \
         DO UPDATE SET percent = excluded.percent, set_by = excluded.set_by, at_ms = excluded.at_ms",
        args![category.to_lowercase(), percent.value().to_string(), Actor::Admin(by).to_string(), world.now()],
    )
    .await?;
    super::records::revise(tx).await
}

/// Sets the rate from a currency into the shop's. Prices follow at the next reload.
///
/// # Errors
/// [`StoreError`].
pub async fn set_rate(tx: &mut Tx, world: &World, by: TelegramId, rate: Rate) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO rates (currency, value, set_by, at_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (currency) \
         DO UPDATE SET value = excluded.value, set_by = excluded.set_by, at_ms = excluded.at_ms",
        args![rate.from().code(), rate.value().to_string(), Actor::Admin(by).to_string(), world.now()],
    )
    .await?;
    super::records::revise(tx).await
}
