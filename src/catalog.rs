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

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch;

use crate::id::ProductNo;
use crate::money::{Currency, Percent, Rate};
use crate::store::{Db, StoreError};
use crate::supplier::{Offer, Stock, Supplier, SupplierName};

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
    /// Pieces sold since they were last written down, for "most sold".
    sold: Arc<Mutex<HashMap<ProductNo, u32>>>,
    loaded: Arc<watch::Sender<bool>>,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog").field("products", &self.shelf().len()).finish_non_exhaustive()
    }
}

impl Catalog {
    /// An empty shelf; [`Catalog::reload`] fills it.
    pub fn new(defaults: Defaults, suppliers: Suppliers) -> Self {
        Self {
            defaults: Arc::new(defaults),
            suppliers,
            shelf: Arc::default(),
            sold: Arc::default(),
            loaded: Arc::new(watch::Sender::new(false)),
        }
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
        let suppliers = self.suppliers.clone();
        // Indexing twenty thousand names takes a tenth of a second, which the answers of others must not wait for.
        let built = tokio::task::spawn_blocking(move || Shelf::build(revision, rows, &prices, &suppliers)).await;
        let shelf = built.map_err(|_| StoreError::Row("the shelf could not be built".into()))?;
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = shelf;
        self.loaded.send_replace(true);
        Ok(true)
    }

    /// Waits until the shelf was filled for the first time.
    pub async fn loaded(&self) {
        // The sender lives as long as this handle, so waiting cannot fail.
        let _ = self.loaded.subscribe().wait_for(|loaded| *loaded).await;
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

    /// Takes over the stock a supplier lists. Our own sales took theirs off the shelf without a change of rows, so
    /// a listing that says the same as the rows still has something to say.
    pub fn restock(&self, supplier: &SupplierName, listed: &[(String, Stock)]) {
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        for (sku, stock) in listed {
            shelf.set_stock(supplier, sku, *stock);
        }
    }

    /// Takes sold pieces off the shelf, so that the stock shown follows our own sales between two looks, and
    /// counts them.
    pub fn take(&self, no: ProductNo, quantity: u32) {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner).take(no, quantity);
        let mut sold = self.sold.lock().unwrap_or_else(PoisonError::into_inner);
        let count = sold.entry(no).or_default();
        *count = count.saturating_add(quantity);
    }

    /// Writes down how many pieces were sold. Together and now and then, because a row of the best seller
    /// written with every sale would queue them behind each other; popularity may lose a few in a crash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn write_sold(&self, db: &Db) -> Result<(), StoreError> {
        let sold = std::mem::take(&mut *self.sold.lock().unwrap_or_else(PoisonError::into_inner));
        if sold.is_empty() {
            return Ok(());
        }
        let mut tx = db.begin().await?;
        for (no, quantity) in sold {
            records::count_sold(&mut tx, no, quantity).await?;
        }
        tx.commit().await
    }
}
