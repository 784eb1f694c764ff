//! What is for sale: products, their offers at suppliers, prices, and the shelf buyers browse.
//!
//! The rows are the truth; the [`Shelf`] is a copy in memory, built from them at start, after every
//! refresh and whenever an admin changes a price, so that browsing and searching cost no database work.
//! A live look before a sale writes what it saw through to both ([`Catalog::note`]). Replicas read
//! again when the `catalog` revision moves.
//!
//! A price is cost × rate × (1 + margin), rounded up. An offer whose cost cannot be read, or for whose
//! currency no rate is set, has no price and cannot be bought, which is said as "not for sale just now".

pub mod pricing;
pub mod records;
pub mod refresh;
pub mod search;
pub mod shelf;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::id::ProductNo;
use crate::money::{Currency, Percent, Rate};
use crate::store::{Db, StoreError};
use crate::supplier::{Offer, Supplier, SupplierName};

pub use shelf::{Item, Shelf};

/// The suppliers the shop is connected to.
#[derive(Clone)]
pub struct Suppliers(Arc<Vec<Arc<dyn Supplier>>>);

impl Suppliers {
    /// The suppliers in the order of the registry.
    pub fn new(suppliers: Vec<Arc<dyn Supplier>>) -> Self {
        Self(Arc::new(suppliers))
    }

    /// The supplier with this name, if it is configured.
    pub fn get(&self, name: &SupplierName) -> Option<&Arc<dyn Supplier>> {
        self.0.iter().find(|supplier| supplier.terms().name == *name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Supplier>> {
        self.0.iter()
    }
}

impl std::fmt::Debug for Suppliers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|supplier| supplier.terms().name.as_str())).finish()
    }
}

/// What the settings say about prices; admins may override it at the desk.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// The shop's currency.
    pub currency: Currency,
    /// The margin where nothing else is set.
    pub margin: Percent,
    /// Rates into the shop's currency.
    pub rates: Vec<Rate>,
}

/// The catalogue as the program uses it.
#[derive(Clone)]
pub struct Catalog {
    defaults: Arc<Defaults>,
    suppliers: Suppliers,
    shelf: Arc<RwLock<Shelf>>,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog").field("products", &self.shelf().len()).finish_non_exhaustive()
    }
}

impl Catalog {
    /// An empty shelf; [`Catalog::reload`] fills it.
    pub fn new(defaults: Defaults, suppliers: Suppliers) -> Self {
        Self { defaults: Arc::new(defaults), suppliers, shelf: Arc::default() }
    }

    /// The shop's currency.
    pub fn currency(&self) -> Currency {
        self.defaults.currency
    }

    /// What the settings say about prices.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// The suppliers behind it.
    pub const fn suppliers(&self) -> &Suppliers {
        &self.suppliers
    }

    /// The shelf as it is now. Held briefly, never across an await.
    pub fn shelf(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// One product as it is on the shelf.
    pub fn item(&self, no: ProductNo) -> Option<Item> {
        self.shelf().get(no).cloned()
    }

    /// Reads the rows again if their revision has moved (or at the first time); says whether it did.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reload(&self, db: &Db) -> Result<bool, StoreError> {
        let mut tx = db.read().await?;
        let revision = records::revision(&mut tx).await?;
        if self.shelf().revision() == revision {
            return Ok(false);
        }
        let prices = pricing::Prices::load(&mut tx, &self.defaults).await?;
        let rows = records::offers(&mut tx).await?;
        drop(tx);
        let shelf = Shelf::build(revision, rows, &prices, &self.suppliers);
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = shelf;
        Ok(true)
    }

    /// Takes over what a live look saw. The shelf follows at once; the rows only when the cost moved or the
    /// product came or went, because the stock of a product that sells changes with every sale.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note(&self, db: &Db, supplier: &SupplierName, offer: &Offer) -> Result<(), StoreError> {
        let turned = {
            let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
            let Some(item) = shelf.find(supplier, &offer.sku) else { return Ok(()) };
            let turned = item.cost != offer.cost || item.stock.covers(1) != offer.stock.covers(1);
            shelf.set_stock(supplier, &offer.sku, offer.stock);
            turned
        };
        if !turned {
            return Ok(());
        }
        let mut tx = db.begin().await?;
        records::note(&mut tx, supplier, offer).await?;
        let prices = pricing::Prices::load(&mut tx, &self.defaults).await?;
        tx.commit().await?;
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        shelf.reprice(supplier, offer, &prices);
        Ok(())
    }

    /// Takes sold pieces off the shelf, so that the stock shown follows our own sales between two looks.
    pub fn take(&self, no: ProductNo, quantity: u32) {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner).take(no, quantity);
    }
}
