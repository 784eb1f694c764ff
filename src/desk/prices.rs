//! Margins and rates. Prices follow at once; open quotes keep theirs.

use crate::catalog::pricing;
use crate::desk::{Desk, DeskError, Refusal};
use crate::id::TelegramId;
use crate::money::{Currency, Percent, Rate, parse_decimal};

impl Desk {
    /// Sets the margin of the shop, or of one category.
    ///
    /// # Errors
    /// [`Refusal::BadPercent`], [`Refusal::NoSuchCategory`].
    pub async fn set_margin(&self, admin: TelegramId, percent: &str, category: &str) -> Result<Percent, DeskError> {
        let percent = Percent::parse(percent).map_err(|_| Refusal::BadPercent)?;
        let known = category.is_empty()
            || self.catalog.shelf().categories().any(|(name, _)| name.to_lowercase() == category.to_lowercase());
        if !known {
            return Err(Refusal::NoSuchCategory.into());
        }
        let mut tx = self.db.begin().await?;
        pricing::set_margin(&mut tx, &self.world, admin, category, percent).await?;
        tx.commit().await?;
        self.catalog.reload(&self.db).await?;
        Ok(percent)
    }

    /// Sets what one unit of a currency is worth in the shop's.
    ///
    /// # Errors
    /// [`Refusal::BadRate`].
    pub async fn set_rate(&self, admin: TelegramId, currency: &str, value: &str) -> Result<Rate, DeskError> {
        let own = self.catalog.currency();
        let from: Currency = currency.parse().map_err(|_| Refusal::BadRate)?;
        let value = parse_decimal(value).map_err(|_| Refusal::BadRate)?;
        if from == own {
            return Err(Refusal::BadRate.into());
        }
        let rate = Rate::new(from, own, value).map_err(|_| Refusal::BadRate)?;
        let mut tx = self.db.begin().await?;
        pricing::set_rate(&mut tx, &self.world, admin, rate).await?;
        tx.commit().await?;
        self.catalog.reload(&self.db).await?;
        Ok(rate)
    }
}
