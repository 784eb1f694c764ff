//! One4All: a code marketplace that sells from our wallet and answers with the codes.
//!
//! Facts are from the One4All API document ("the contract" below). It promises an idempotency key for
//! every purchase, kept 24 hours, and an order list, so a lost answer can always be resolved: the same
//! key again while it is young, [`Supplier::find`] after that.
//!
//! What the contract leaves open is decided here so that money is safe: a status word it does not name
//! is pending, a wallet that is not `ACTIVE` is frozen, a stock word it does not name is out of stock.
//!
//! A refusal speaks for the request that got it. `401` and `403` are decided before the idempotency key
//! is looked up, so on a repeated purchase they do not say that the first try sold nothing.

mod settings;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;

use self::settings::{Config, limits};
use super::line::{Line, Purpose};
use super::wire::{Node, encoded, iso};
use super::{
    Breaker, Capacity, Funds, Offer, Outcome, Pace, Payment, Placement, Reason, Supplier, SupplierError, SupplierName,
    SupplierReference, Terms,
};
use crate::config::{Section, SettingsError};
use crate::money::{Currency, Money};
use crate::secret::{ExposeSecret, SecretString};
use crate::world::{Method, Moment, Request, World};

pub use self::settings::{SECTION, Tier};

/// Its short name.
pub const NAME: &str = "one4all";
/// The most pieces in one order (contract, Purchase Products).
pub const QUANTITY_MAX: u32 = 100;
/// How long a key protects a purchase. The contract keeps keys 24 hours; the last hour is left alone
/// because nobody says when it begins.
pub const KEY_LIFETIME: Duration = Duration::from_hours(23);
/// How far the supplier's clock may be from ours when an order is looked for.
pub const CLOCK_SKEW: Duration = Duration::from_mins(5);
/// Items on a page (contract: at most 100).
const PAGE_SIZE: u32 = 100;
/// The most pages of one list; more is taken for a mistake of the supplier.
const PAGES_MAX: u32 = 2_000;
/// The most wallet transactions in one answer (contract).
const TRANSACTIONS_MAX: u8 = 50;
/// How long a read may take.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a purchase may take. As long as the lease of the worker that waits for it allows.
const PURCHASE_TIMEOUT: Duration = Duration::from_secs(24);

/// The supplier One4All.
#[derive(Debug)]
pub struct One4All {
    line: Line,
    url: String,
    api_key: SecretString,
    terms: Terms,
}

/// Which products to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductFilter {
    /// Only this category, by the supplier's identity for it.
    pub category_id: Option<String>,
    /// Only what is in stock.
    pub in_stock: bool,
}

/// Which orders to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only those with this status word: `COMPLETED`, `PENDING` or `FAILED`.
    pub status: Option<&'static str>,
    /// Only those created after this moment.
    pub from: Option<Moment>,
    /// Only those created before this moment.
    pub to: Option<Moment>,
}

/// An order as the list shows it: without codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// The supplier's name for it.
    pub reference: SupplierReference,
    /// What was bought.
    pub sku: String,
    /// How many pieces, if it says.
    pub quantity: Option<u32>,
    /// The status word, as written.
    pub status: String,
    /// When it was created, if that can be read.
    pub created_at: Option<Moment>,
}

/// Our wallet there.
#[derive(Clone, PartialEq, Eq)]
pub struct Wallet {
    /// What can be spent; a part finer than the currency's digits is left out.
    pub balance: Money,
    /// The status word; `ACTIVE` is the only one the contract names.
    pub status: String,
    /// The latest transactions as raw JSON: the contract does not describe them.
    pub transactions: Vec<String>,
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { balance, status, transactions } = self;
        write!(f, "Wallet({balance}, {status:?}, {} transactions)", transactions.len())
    }
}

impl One4All {
    /// Sets the supplier up from its settings, with a line of its own.
    ///
    /// # Errors
    /// When a setting is missing or not allowed.
    pub fn open(section: &Section, world: &World) -> Result<Self, SettingsError> {
        Ok(Self::new(Config::read(section)?, world))
    }

    fn new(config: Config, world: &World) -> Self {
        let name = SupplierName::from(NAME);
        let terms = Terms {
            name: name.clone(),
            currency: Currency::Usdt,
            funds_currency: Currency::Usdt,
            sells_from_funds: true,
            invoices: false,
            quantity_max: QUANTITY_MAX,
            key_lifetime: Some(KEY_LIFETIME),
            pace: Pace::AtOnce,
        };
        let line = Line::new(name, limits(&config), world.clone());
        Self { line, url: config.url, api_key: config.api_key, terms }
    }

    /// Asks for its health, which needs no key (contract, Health Check). The text is the status word.
    ///
    /// # Errors
    /// As for any reading request.
    pub async fn health(&self) -> Result<String, SupplierError> {
        let request = Request { headers: Vec::new(), ..self.get("/health") };
        let data = wire::data(&self.line.send(request, Purpose::Sale).await?)?;
        data.at("status").text().map(str::to_owned).ok_or(SupplierError::Garbled("health without a status"))
    }

    /// The products that pass the filter, all pages (contract, List Products). Each once, in the order
    /// they came; those without an identity are left out. Waits for room, as it runs in the background.
    ///
    /// # Errors
    /// As for any reading request.
    pub async fn list_products(&self, filter: &ProductFilter) -> Result<Vec<Offer>, SupplierError> {
        let mut offers = Vec::new();
        let mut seen = HashSet::new();
        for page in 1..=PAGES_MAX {
            let request = self.get(&products_path(filter, page));
            let data = wire::data(&self.line.read_patiently(request, Purpose::Background).await?)?;
            let before = offers.len();
            offers.extend(wire::offers(&data)?.into_iter().filter(|offer| seen.insert(offer.sku.clone())));
            if is_last(&data, page, offers.len() > before) {
                return Ok(offers);
            }
        }
        Err(SupplierError::Garbled("a product list without an end"))
    }

    /// The orders that pass the filter, all pages, each once (contract, List Orders).
    ///
    /// # Errors
    /// As for any reading request.
    pub async fn list_orders(&self, filter: &OrderFilter) -> Result<Vec<ListedOrder>, SupplierError> {
        let mut orders: Vec<ListedOrder> = Vec::new();
        let mut seen = HashSet::new();
        for page in 1..=PAGES_MAX {
            let request = self.get(&orders_path(filter, page));
            let data = wire::data(&self.line.send(request, Purpose::Sale).await?)?;
            let before = orders.len();
            orders.extend(wire::listed(&data)?.into_iter().filter(|order| seen.insert(order.reference.0.clone())));
            if is_last(&data, page, orders.len() > before) {
                return Ok(orders);
            }
        }
        Err(SupplierError::Garbled("an order list without an end"))
    }

    /// Our wallet, with up to 50 transactions if asked for (contract, Get Wallet Balance).
    ///
    /// # Errors
    /// As for any reading request; [`Reason::Frozen`] if the supplier answers that the wallet is frozen.
    pub async fn wallet(&self, transactions: Option<u8>) -> Result<Wallet, SupplierError> {
        let query = transactions.map_or_else(String::new, |limit| {
            format!("?include_transactions=true&transactions_limit={}", limit.clamp(1, TRANSACTIONS_MAX))
        });
        wire::wallet(&self.line.send(self.get(&format!("/wallet{query}")), Purpose::Sale).await?)
    }

    fn get(&self, path: &str) -> Request {
        Request {
            method: Method::Get,
            url: format!("{}{path}", self.url),
            headers: self.headers(),
            json: None,
            timeout: READ_TIMEOUT,
        }
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("authorization", format!("Bearer {}", self.api_key.expose_secret())),
            ("accept", "application/json".to_owned()),
        ]
    }

    /// The contract's prose speaks of form-encoded bodies, its only example sends JSON; so does this.
    fn purchase(&self, placement: &Placement) -> Request {
        let body = serde_json::json!({ "product_id": placement.sku, "quantity": placement.quantity });
        let mut headers = self.headers();
        headers.push(("idempotency-key", placement.key.to_string()));
        Request {
            method: Method::Post,
            url: format!("{}/orders/buy", self.url),
            headers,
            json: Some(body.to_string()),
            timeout: PURCHASE_TIMEOUT,
        }
    }
}

#[async_trait]
impl Supplier for One4All {
    fn terms(&self) -> &Terms {
        &self.terms
    }

    fn capacity(&self) -> Capacity {
        self.line.capacity()
    }

    fn breaker(&self) -> Breaker {
        self.line.breaker()
    }

    /// Its health says whether it is there, the wallet whether our key is good.
    async fn reach(&self) -> Result<(), SupplierError> {
        self.health().await?;
        self.wallet(None).await.map(drop)
    }

    async fn products(&self) -> Result<Vec<Offer>, SupplierError> {
        self.list_products(&ProductFilter::default()).await
    }

    /// Reads pages of the category only until the product is found. What is out of stock is listed too,
    /// so that "sold out" and "gone" can be told apart.
    async fn offer(&self, sku: &str, category_id: &str) -> Result<Option<Offer>, SupplierError> {
        let category_id = Some(category_id.to_owned()).filter(|id| !id.is_empty());
        let filter = ProductFilter { category_id, in_stock: false };
        let mut seen = HashSet::new();
        for page in 1..=PAGES_MAX {
            let data = wire::data(&self.line.send(self.get(&products_path(&filter, page)), Purpose::Sale).await?)?;
            let before = seen.len();
            for offer in wire::offers(&data)? {
                if offer.sku == sku {
                    return Ok(Some(offer));
                }
                seen.insert(offer.sku);
            }
            if is_last(&data, page, seen.len() > before) {
                return Ok(None);
            }
        }
        Err(SupplierError::Garbled("a product list without an end"))
    }

    async fn funds(&self) -> Result<Funds, SupplierError> {
        // A wallet that says nothing about itself is not frozen; a purchase would tell.
        let open = |status: &str| status.is_empty() || status.eq_ignore_ascii_case("ACTIVE");
        match self.wallet(None).await {
            Ok(wallet) if open(&wallet.status) => Ok(Funds::Known(wallet.balance)),
            Ok(_) | Err(SupplierError::Refused(Reason::Frozen)) => Ok(Funds::Frozen),
            Err(error) => Err(error),
        }
    }

    /// None: everything is paid from our wallet.
    async fn payments(&self) -> Result<Vec<Payment>, SupplierError> {
        Ok(Vec::new())
    }

    async fn place(&self, placement: &Placement) -> Result<Outcome, SupplierError> {
        let quantity_fits = (1..=QUANTITY_MAX).contains(&placement.quantity);
        if !quantity_fits || placement.payment != Payment::Wallet {
            return Ok(Outcome::Refused(Reason::Invalid));
        }
        wire::purchase(&self.line.send(self.purchase(placement), Purpose::Purchase).await?)
    }

    async fn check(&self, reference: &SupplierReference) -> Result<Outcome, SupplierError> {
        let request = self.get(&format!("/orders/{}", encoded(&reference.0)));
        wire::detail(&self.line.send(request, Purpose::Sale).await?, reference)
    }

    /// Orders of the same product and quantity, created since the placement or shortly before (clocks
    /// differ) and no later than its key could have been used. Oldest first; those that failed come last,
    /// so that a try that sold is found before one that did not.
    async fn find(&self, placement: &Placement) -> Result<Vec<SupplierReference>, SupplierError> {
        let from = placement.placed_at.minus(CLOCK_SKEW);
        let to = placement.placed_at.plus(KEY_LIFETIME).plus(CLOCK_SKEW);
        let filter = OrderFilter { status: None, from: Some(from), to: Some(to) };
        let mut orders: Vec<(bool, Moment, SupplierReference)> = Vec::new();
        for order in self.list_orders(&filter).await? {
            // An order without a time could be anybody's, and the filter is theirs to keep or forget.
            let Some(created_at) = order.created_at.filter(|at| (from..=to).contains(at)) else { continue };
            if order.sku == placement.sku && order.quantity == Some(placement.quantity) {
                orders.push((order.status.eq_ignore_ascii_case("FAILED"), created_at, order.reference));
            }
        }
        orders.sort_by_key(|(failed, created_at, _)| (*failed, *created_at));
        Ok(orders.into_iter().map(|(_, _, reference)| reference).collect())
    }
}

fn products_path(filter: &ProductFilter, page: u32) -> String {
    let mut path = format!("/products?page={page}&limit={PAGE_SIZE}");
    if let Some(id) = &filter.category_id {
        path.push_str("&category_id=");
        path.push_str(&encoded(id));
    }
    if filter.in_stock {
        path.push_str("&in_stock=true");
    }
    path
}

fn orders_path(filter: &OrderFilter, page: u32) -> String {
    let mut path = format!("/orders?page={page}&limit={PAGE_SIZE}");
    let moments = [("from", filter.from), ("to", filter.to)];
    let moments = moments.into_iter().filter_map(|(name, moment)| Some((name, iso(moment?)?)));
    let status = filter.status.map(|word| ("status", word.to_owned()));
    for (name, value) in status.into_iter().chain(moments) {
        path.push('&');
        path.push_str(name);
        path.push('=');
        path.push_str(&encoded(&value));
    }
    path
}

/// Whether `page` was the last. Whether `total` counts products or categories is not documented, so only
/// `totalPages` is believed; without it, a page that brought nothing new ends the list.
fn is_last(data: &Node, page: u32, brought_something: bool) -> bool {
    data.at("pagination").at("totalPages").count().map_or(!brought_something, |pages| page >= pages)
}
