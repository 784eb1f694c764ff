//! `One4All`, as its documentation describes it: prepaid wallet, codes in the answer, idempotency keys.
//!
//! From the contract: bearer key and scopes, the envelope, money as text, `Idempotency-Key` required
//! on POST and remembered for 24 hours, 1 to 100 pieces, the table of errors, 60/300/1000 requests a
//! minute by tier and 5 purchases in 10 seconds. Money and stock change together or not at all.
//!
//! Chosen where it is silent:
//! * `limit` above 100 is answered 400 `VALIDATION_ERROR`, as are a page of 0 and words that are no number;
//! * a missing `Idempotency-Key` is 400 `IDEMPOTENCY_KEY_REQUIRED`;
//! * the same key with another product or quantity is 422 `IDEMPOTENCY_KEY_REUSED`;
//! * only successful purchases are remembered under a key, and a replay still counts as a request;
//! * an unknown product or order is 404 `NOT_FOUND`, a limit is 429 `RATE_LIMITED` with `Retry-After`;
//! * `total` counts products, which keep their category around them on every page.

#![expect(clippy::must_use_candidate, reason = "a handle acts; what it returns is there for whoever wants it")]

mod desk;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::json;

use super::faults::{Canned, Counters, Fault, Faults, Window, lock};
use super::wire::{ANY, Answer, Call, Server, Service};
use crate::world::Clock;
use desk::{Desk, Product};

/// The key a fresh stand-in accepts.
pub const KEY: &str = "o4a_sk_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6";

/// Every scope there is.
pub const SCOPES: [&str; 4] = ["products:read", "wallet:read", "orders:create", "orders:read"];

/// What the documentation calls a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// 60 requests a minute, 5 purchases in 10 seconds.
    Standard,
    /// 300 requests a minute, 5 purchases in 10 seconds.
    Professional,
    /// 1000 requests a minute, and a purchase limit by agreement: here none until one is set.
    Enterprise,
}

/// One purchase that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// The order's id.
    pub order: String,
    /// The product's id.
    pub product: String,
    /// How many were asked and paid for.
    pub quantity: u32,
    /// What was handed out.
    pub codes: Arc<[String]>,
    /// The idempotency key it was asked with.
    pub key: String,
    /// What it cost.
    pub total: Decimal,
}

#[derive(Debug)]
struct Limits {
    requests: Window,
    purchases: Window,
}

struct Inner {
    clock: Arc<dyn Clock>,
    desk: Mutex<Desk>,
    limits: Mutex<Limits>,
    faults: Faults,
    counters: Counters,
}

/// A running `One4All`. Dropping it closes it.
pub struct FakeOne4All {
    inner: Arc<Inner>,
    server: Server,
}

impl std::fmt::Debug for FakeOne4All {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FakeOne4All at {}", self.url())
    }
}

impl FakeOne4All {
    /// Starts on any free port, standard tier, empty shelves, empty wallet.
    pub async fn start(clock: Arc<dyn Clock>) -> io::Result<Self> {
        Self::start_at(clock, ANY).await
    }

    /// Starts at an address.
    pub async fn start_at(clock: Arc<dyn Clock>, address: SocketAddr) -> io::Result<Self> {
        let limits = Limits {
            requests: Window::new(60, Duration::from_mins(1)),
            purchases: Window::new(5, Duration::from_secs(10)),
        };
        let inner = Arc::new(Inner {
            clock,
            desk: Mutex::new(Desk::new()),
            limits: Mutex::new(limits),
            faults: Faults::default(),
            counters: Counters::default(),
        });
        let server = Server::start(Arc::clone(&inner), address).await?;
        Ok(Self { inner, server })
    }

    /// The base address, version included.
    pub fn url(&self) -> String {
        format!("http://{}/api/v1", self.server.address())
    }

    /// Moves the key to a tier.
    pub fn set_tier(&self, tier: Tier) {
        let (requests, purchases) = match tier {
            Tier::Standard => (60, Some(5)),
            Tier::Professional => (300, Some(5)),
            Tier::Enterprise => (1000, None),
        };
        let mut limits = lock(&self.inner.limits);
        limits.requests.set_limit(Some(requests));
        limits.purchases.set_limit(purchases);
    }

    /// Sets both limits freely: requests in 60 seconds and purchases in 10; `None` lifts one.
    pub fn set_limits(&self, requests: Option<usize>, purchases: Option<usize>) {
        let mut limits = lock(&self.inner.limits);
        limits.requests.set_limit(requests);
        limits.purchases.set_limit(purchases);
    }

    /// Lets the key do only this.
    pub fn set_scopes(&self, scopes: &[&str]) {
        lock(&self.inner.desk).scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    }

    /// Puts a product on the shelf and returns its id. The price goes over the wire as this very text.
    pub fn add_product(&self, category: &str, name: &str, price: &str, stock: u32) -> String {
        lock(&self.inner.desk).add_product(category, name, price, stock)
    }

    /// Adds `count` products in 40 categories, with names a search can be tried on.
    pub fn fill(&self, count: usize) {
        let brands = ["PUBG Mobile", "Steam", "Roblox", "Netflix", "原神", "Яндекс Плюс", "ببجي", "PlayStation"];
        let mut desk = lock(&self.inner.desk);
        for number in 0..count {
            let brand = brands.get(number.checked_rem(brands.len()).unwrap_or(0)).copied().unwrap_or("Card");
            let category = format!("{brand} {}", number.checked_rem(40).unwrap_or(0));
            let cents = i64::try_from(number.checked_rem(5000).unwrap_or(0)).unwrap_or(0).saturating_add(50);
            desk.add_product(&category, &format!("{brand} card {number}"), &Decimal::new(cents, 2).to_string(), 1000);
        }
    }

    /// Changes a price, as text: also one that cannot be read.
    pub fn set_price(&self, product: &str, price: &str) {
        self.change(product, |product| price.clone_into(&mut product.price));
    }

    /// Changes the stock.
    pub fn set_stock(&self, product: &str, stock: u32) {
        self.change(product, |product| product.stock = stock);
    }

    /// Takes a product off the list.
    pub fn remove_product(&self, product: &str) {
        self.change(product, |product| product.listed = false);
    }

    /// The stock left.
    pub fn stock(&self, product: &str) -> Option<u32> {
        lock(&self.inner.desk).products.get(product).map(|product| product.stock)
    }

    fn change(&self, product: &str, how: impl FnOnce(&mut Product)) {
        if let Some(product) = lock(&self.inner.desk).products.get_mut(product) {
            how(product);
        }
    }

    /// Sets the wallet's balance.
    pub fn set_wallet(&self, balance: Decimal) {
        lock(&self.inner.desk).balance = balance;
    }

    /// The wallet's balance.
    pub fn wallet(&self) -> Decimal {
        lock(&self.inner.desk).balance
    }

    /// Freezes or thaws the wallet.
    pub fn freeze(&self, frozen: bool) {
        lock(&self.inner.desk).frozen = frozen;
    }

    /// The next purchase hands out exactly these codes, whatever was ordered and paid for.
    pub fn next_codes(&self, codes: &[&str]) {
        lock(&self.inner.desk).staged.push_back(codes.iter().map(|code| (*code).to_owned()).collect());
    }

    /// The next `times` calls of an endpoint meet a fault. Endpoints: `health`, `products`, `wallet`,
    /// `buy`, `orders`, `order`.
    pub fn plan(&self, endpoint: &str, times: usize, fault: Fault) {
        self.inner.faults.plan(endpoint, None, times, fault);
    }

    /// The next `times` purchases collide with somebody else's.
    pub fn plan_stock_conflict(&self, times: usize) {
        let body =
            json!({"success": false, "error": {"code": "STOCK_CONFLICT", "message": "Concurrent purchase conflict."}});
        self.plan("buy", times, Fault::Answer(Canned::json(409, &body)));
    }

    /// Forgets all planned faults.
    pub fn heal(&self) {
        self.inner.faults.clear();
    }

    /// Everything sold, oldest first.
    pub fn sold(&self) -> Vec<Sold> {
        lock(&self.inner.desk).orders.iter().map(|order| order.sold.clone()).collect()
    }

    /// How often an endpoint was asked, or a status answered (`"429"`).
    pub fn count(&self, what: &str) -> u64 {
        self.inner.counters.get(what)
    }

    /// All counters: requests by endpoint, answers by status.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.inner.counters.all()
    }
}

impl Service for Inner {
    async fn answer(&self, call: Call) -> Answer {
        let path = call.path.strip_prefix("/api/v1").unwrap_or_default();
        let endpoint = match path {
            "/health" => "health",
            "/products" => "products",
            "/wallet" => "wallet",
            "/orders/buy" => "buy",
            "/orders" => "orders",
            _ if path.strip_prefix("/orders/").is_some_and(|id| !id.is_empty() && !id.contains('/')) => "order",
            _ => "unknown",
        };
        self.counters.count(endpoint);
        let fault = self.faults.take(endpoint, None);
        let answer = Fault::around(fault, async { self.decide(endpoint, path, &call) }).await;
        self.counters.count(&answer.status.to_string());
        answer
    }
}
