//! What the desk knows about suppliers, and refreshing their catalogues.

use futures::future::join_all;

use crate::catalog::records::{self, Refreshed};
use crate::catalog::refresh::{self, Changes, RefreshError};
use crate::desk::{Desk, DeskError, Refusal};
use crate::order;
use crate::supplier::{Breaker, Funds, Supplier, SupplierError, SupplierName};

/// One supplier as `/suppliers` and `kiosk check` show it.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its name.
    pub name: SupplierName,
    /// Whether it answers and accepts our credentials.
    pub reach: Result<(), SupplierError>,
    /// Our funds there.
    pub funds: Result<Funds, SupplierError>,
    /// Whether wallet orders can be placed there.
    pub sells_from_funds: bool,
    /// The state of its breaker.
    pub breaker: Breaker,
    /// How its last refresh went.
    pub refreshed: Option<Refreshed>,
    /// Orders under way there.
    pub under_way: i64,
    /// Whether its currency has a rate into the shop's.
    pub has_rate: bool,
}

impl Desk {
    /// Every supplier as it stands now.
    ///
    /// # Errors
    /// [`crate::store::StoreError`].
    pub async fn suppliers(&self) -> Result<Vec<Standing>, DeskError> {
        let asked = join_all(self.catalog.suppliers().iter().map(|supplier| async move {
            let reach = supplier.reach().await;
            let funds = if supplier.terms().sells_from_funds { supplier.funds().await } else { Ok(Funds::Unknown) };
            (supplier.clone(), reach, funds)
        }))
        .await;
        let mut tx = self.db.read().await?;
        let prices = crate::catalog::pricing::Prices::load(&mut tx, self.catalog.defaults()).await?;
        let mut standings = Vec::new();
        for (supplier, reach, funds) in asked {
            let terms = supplier.terms();
            standings.push(Standing {
                name: terms.name.clone(),
                reach,
                funds,
                sells_from_funds: terms.sells_from_funds,
                breaker: supplier.breaker(),
                refreshed: records::refreshed(&mut tx, &terms.name).await?,
                under_way: order::records::under_way(&mut tx, &terms.name).await?,
                has_rate: prices.rate(terms.currency).is_some(),
            });
        }
        Ok(standings)
    }

    /// The suppliers a `/sync` is about: one by name, or all.
    ///
    /// # Errors
    /// [`Refusal::NoSuchSupplier`].
    pub fn chosen(&self, name: &str) -> Result<Vec<std::sync::Arc<dyn Supplier>>, DeskError> {
        let all: Vec<_> = self.catalog.suppliers().iter().cloned().collect();
        if name.is_empty() {
            return Ok(all);
        }
        let names = all.iter().map(|supplier| supplier.terms().name.to_string()).collect();
        let chosen: Vec<_> =
            all.into_iter().filter(|supplier| supplier.terms().name.as_str().eq_ignore_ascii_case(name)).collect();
        if chosen.is_empty() { Err(Refusal::NoSuchSupplier(names).into()) } else { Ok(chosen) }
    }

    /// Reads one supplier's catalogue now.
    ///
    /// # Errors
    /// [`Refusal::SupplierFailed`] with what failed.
    pub async fn sync(&self, supplier: &dyn Supplier) -> Result<Changes, DeskError> {
        match refresh::refresh(&self.world, &self.db, &self.catalog, supplier).await {
            Ok(changes) => Ok(changes),
            Err(RefreshError::Supplier(error)) => Err(Refusal::SupplierFailed(error.to_string()).into()),
            Err(RefreshError::Store(error)) => Err(error.into()),
        }
    }
}
