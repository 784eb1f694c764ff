//! The copy of the catalogue in memory that buyers browse and search.

use std::collections::{BTreeMap, HashMap};

use crate::catalog::Suppliers;
use crate::catalog::pricing::{Price, Prices};
use crate::catalog::records::OfferRow;
use crate::catalog::search::{Entry, Index};
use crate::id::ProductNo;
use crate::money::UnitCost;
use crate::supplier::{Offer, Pace, Stock, SupplierName};

/// One product as a buyer may see it, with what a sale needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number.
    pub no: ProductNo,
    /// The supplier that sells it to us. Never shown to a buyer.
    pub supplier: SupplierName,
    /// The supplier's identity for it.
    pub sku: String,
    /// The name where no better language is known.
    pub name: String,
    /// Names by language code.
    pub names: Vec<(String, String)>,
    /// The category, as shown.
    pub category: String,
    /// The supplier's identity for the category.
    pub category_id: String,
    /// What a piece costs us.
    pub cost: Option<UnitCost>,
    /// What a piece costs the buyer; `None`: not for sale just now.
    pub price: Option<Price>,
    /// How many there are, as last seen.
    pub stock: Stock,
    /// The fewest pieces in one order.
    pub quantity_min: u32,
    /// The most pieces in one order.
    pub quantity_max: u32,
    /// Whether the supplier is paid from our funds (wallet) and by the buyer's own invoice (crypto).
    pub ways: Ways,
    /// How soon the goods come.
    pub pace: Pace,
    /// How many pieces were sold.
    pub sold: i64,
}

/// How a product can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    /// From the buyer's wallet.
    pub wallet: bool,
    /// On the supplier's crypto invoice.
    pub crypto: bool,
}

impl Item {
    /// The name in a language, or the general one.
    pub fn name_in(&self, language: &str) -> &str {
        let own = self.names.iter().find(|(code, _)| code == language);
        own.map_or(self.name.as_str(), |(_, name)| name.as_str())
    }

    /// Whether the smallest order can be bought, as far as the shelf knows.
    pub fn is_available(&self) -> bool {
        self.price.is_some() && self.stock.covers(self.quantity_min)
    }

    /// The most pieces one order can have now.
    pub fn quantity_limit(&self) -> u32 {
        match self.stock {
            Stock::Count(count) => count.min(self.quantity_max),
            Stock::Some => self.quantity_max,
            Stock::Out => 0,
        }
    }
}

/// All products on sale, by number and by category, with their search index.
#[derive(Debug, Default)]
pub struct Shelf {
    revision: i64,
    items: Vec<Item>,
    by_no: HashMap<ProductNo, usize>,
    by_sku: HashMap<(SupplierName, String), usize>,
    categories: Vec<(String, Vec<usize>)>,
    index: Option<Index>,
}

impl Shelf {
    /// Builds the shelf from the rows. Offers that are gone, or whose supplier is not configured, are left out.
    pub fn build(revision: i64, rows: Vec<OfferRow>, prices: &Prices, suppliers: &Suppliers) -> Self {
        let items: Vec<Item> = rows.into_iter().filter_map(|row| item(row, prices, suppliers)).collect();
        let by_no = items.iter().enumerate().map(|(place, item)| (item.no, place)).collect();
        let by_sku =
            items.iter().enumerate().map(|(place, item)| ((item.supplier.clone(), item.sku.clone()), place)).collect();
        let mut categories: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, item) in items.iter().enumerate() {
            categories.entry(&item.category).or_default().push(place);
        }
        let categories = categories.into_iter().map(|(name, places)| (name.to_owned(), places)).collect();
        let index = Index::build(items.iter().enumerate().map(|(place, item)| Entry {
            id: u32::try_from(place).unwrap_or(u32::MAX),
            names: item.names.iter().map(|(_, name)| name.as_str()).chain([item.name.as_str()]).collect(),
            categories: vec![item.category.as_str()],
            popularity: u32::try_from(item.sold).unwrap_or(0),
            available: item.is_available(),
        }));
        Self { revision, items, by_no, by_sku, categories, index: Some(index) }
    }

    /// The revision of the rows it was built from; zero before the first time.
    pub const fn revision(&self) -> i64 {
        self.revision
    }

    /// How many products there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The product with this number.
    pub fn get(&self, no: ProductNo) -> Option<&Item> {
        self.items.get(*self.by_no.get(&no)?)
    }

    /// The product a supplier's offer backs.
    pub fn find(&self, supplier: &SupplierName, sku: &str) -> Option<&Item> {
        self.items.get(*self.by_sku.get(&(supplier.clone(), sku.to_owned()))?)
    }

    /// The categories by name, with how many products each has.
    pub fn categories(&self) -> impl Iterator<Item = (&str, usize)> {
        self.categories.iter().map(|(name, places)| (name.as_str(), places.len()))
    }

    /// The name of the category at a place in [`Self::categories`], and its products.
    pub fn category(&self, place: usize) -> Option<(&str, Vec<&Item>)> {
        let (name, places) = self.categories.get(place)?;
        Some((name, places.iter().filter_map(|place| self.items.get(*place)).collect()))
    }

    /// What fits a query best; an empty one gives the most sold.
    pub fn search(&self, query: &str, limit: usize, offset: usize) -> Vec<&Item> {
        let Some(index) = &self.index else { return Vec::new() };
        let places = index.search(query, limit, offset);
        places.into_iter().filter_map(|place| self.items.get(usize::try_from(place).ok()?)).collect()
    }

    pub(super) fn set_stock(&mut self, supplier: &SupplierName, sku: &str, stock: Stock) {
        if let Some(item) = self.by_sku_mut(supplier, sku) {
            item.stock = stock;
        }
    }

    pub(super) fn reprice(&mut self, supplier: &SupplierName, offer: &Offer, prices: &Prices) {
        if let Some(item) = self.by_sku_mut(supplier, &offer.sku) {
            item.cost = offer.cost;
            item.price = prices.price(offer.cost, &item.category);
        }
    }

    fn by_sku_mut(&mut self, supplier: &SupplierName, sku: &str) -> Option<&mut Item> {
        let place = *self.by_sku.get(&(supplier.clone(), sku.to_owned()))?;
        self.items.get_mut(place)
    }

    pub(super) fn take(&mut self, no: ProductNo, quantity: u32) {
        let place = self.by_no.get(&no);
        if let Some(item) = place.and_then(|place| self.items.get_mut(*place))
            && let Stock::Count(count) = item.stock
        {
            let left = count.saturating_sub(quantity);
            item.stock = if left == 0 { Stock::Out } else { Stock::Count(left) };
        }
    }
}

fn item(row: OfferRow, prices: &Prices, suppliers: &Suppliers) -> Option<Item> {
    let supplier = suppliers.get(&row.supplier)?;
    if row.gone {
        return None;
    }
    let terms = supplier.terms();
    let offer = row.offer;
    Some(Item {
        no: row.no,
        price: prices.price(offer.cost, &offer.category),
        supplier: row.supplier,
        sku: offer.sku,
        name: offer.name,
        names: offer.names,
        category: offer.category,
        category_id: offer.category_id,
        cost: offer.cost,
        stock: offer.stock,
        quantity_min: offer.quantity_min,
        quantity_max: offer.quantity_max.min(terms.quantity_max),
        ways: Ways { wallet: terms.sells_from_funds, crypto: terms.invoices },
        pace: terms.pace,
        sold: row.sold,
    })
}
