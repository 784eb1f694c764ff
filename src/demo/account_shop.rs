//! The account shop: no keys, three ways to pay, and a lookup one must be sparing with.
//!
//! From the contract: the product list, detail by id or slug, the rules of an order (`productId` is
//! the id and never the slug, `min_quantity` to 200 and the stock, an e-mail, five payment methods,
//! a coin with `crypto` only, a bearer token for the balance methods), credentials only once the
//! order is completed, and the lookup's 3 requests per IP and 2 per order and e-mail in 60 seconds.
//!
//! Every other body is undocumented, so [`Shape`] can be switched. Chosen where the contract is silent:
//! * a broken rule is 400 `{"success":false,"message":…}`, a missing or wrong token 401, an unknown
//!   order or product 404, an e-mail that is not the order's 404 as well, a limit 429 with `Retry-After`;
//! * prices are in CNY; the crypto balance and the coins are charged by the table in [`Coin`];
//! * `status` takes the id or the order number; a coin given without `crypto` is refused.

#![expect(clippy::must_use_candidate, reason = "a handle acts; what it returns is there for whoever wants it")]

mod books;
mod coin;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rust_decimal::Decimal;

use super::faults::{Counters, Fault, Faults, lock};
use super::wire::{ANY, Answer, Call, Server, Service};
use crate::world::Clock;
use books::Books;
pub use books::{Invoice, Ordered};
pub use coin::Coin;

/// How answers the contract does not describe look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{"success":true,"order":{"id","order_no","status","payment":{"address","expected_amount",…}}}`.
    Nested,
    /// The order's and the payment's fields beside `success`.
    Flat,
    /// As [`Self::Nested`] under `data`.
    Data,
    /// As [`Self::Nested`] with `orderNo`, `payAddress`, `expectedAmount`, numbers as text.
    Camel,
}

/// How delivered credentials look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// A list of `"account----password"` texts.
    Lines,
    /// A list of `{"account","password"}` objects.
    Objects,
    /// One text, a line each.
    Text,
}

/// How much of an invoice was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paid {
    /// To the last digit.
    Exact,
    /// One percent less: the order does not go on.
    Under,
    /// One percent more: the order goes on.
    Over,
}

struct Inner {
    clock: Arc<dyn Clock>,
    books: Mutex<Books>,
    faults: Faults,
    counters: Counters,
}

/// A running account shop. Dropping it closes it.
pub struct FakeAccountShop {
    inner: Arc<Inner>,
    server: Server,
}

impl std::fmt::Debug for FakeAccountShop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FakeAccountShop at {}", self.url())
    }
}

impl FakeAccountShop {
    /// Starts on any free port with empty shelves.
    pub async fn start(clock: Arc<dyn Clock>) -> io::Result<Self> {
        Self::start_at(clock, ANY).await
    }

    /// Starts at an address.
    pub async fn start_at(clock: Arc<dyn Clock>, address: SocketAddr) -> io::Result<Self> {
        let books = Mutex::new(Books::new());
        let inner = Arc::new(Inner { clock, books, faults: Faults::default(), counters: Counters::default() });
        let server = Server::start(Arc::clone(&inner), address).await?;
        Ok(Self { inner, server })
    }

    /// The base address, `/api` included.
    pub fn url(&self) -> String {
        format!("http://{}/api", self.server.address())
    }

    /// Puts a product on the shelf and returns its id. The price is CNY for one piece and goes over the
    /// wire as a number of exactly this text.
    pub fn add_product(&self, slug: &str, name_en: &str, name_zh: &str, price: &str, stock: u32, min: u32) -> String {
        lock(&self.inner.books).add_product(slug, name_en, name_zh, price, stock, min)
    }

    /// Changes a price.
    pub fn set_price(&self, product: &str, price: &str) {
        lock(&self.inner.books).change(product, |product| price.clone_into(&mut product.price));
    }

    /// Changes the stock.
    pub fn set_stock(&self, product: &str, stock: u32) {
        lock(&self.inner.books).change(product, |product| product.stock = stock);
    }

    /// Takes a product off the list.
    pub fn remove_product(&self, product: &str) {
        lock(&self.inner.books).change(product, |product| product.listed = false);
    }

    /// The stock left.
    pub fn stock(&self, product: &str) -> Option<u32> {
        lock(&self.inner.books).product(product).map(|product| product.stock)
    }

    /// Registers an account with both balances (CNY, USDT) and returns its bearer token.
    pub fn add_account(&self, email: &str, password: &str, cny: Decimal, crypto: Decimal) -> String {
        lock(&self.inner.books).add_account(email, password, cny, crypto)
    }

    /// Makes every token given out so far invalid; a login gives a new one.
    pub fn expire_tokens(&self) {
        lock(&self.inner.books).expire_tokens();
    }

    /// An account's balances: CNY, USDT.
    pub fn balances(&self, email: &str) -> Option<(Decimal, Decimal)> {
        lock(&self.inner.books).balances(email)
    }

    /// Switches the shape of the undocumented answers.
    pub fn set_shape(&self, shape: Shape) {
        lock(&self.inner.books).shape = shape;
    }

    /// Switches the form of delivered credentials.
    pub fn set_credentials(&self, credentials: Credentials) {
        lock(&self.inner.books).credentials = credentials;
    }

    /// Switches the outside checkouts on or off.
    pub fn set_checkouts(&self, alipay: bool, wechat: bool) {
        lock(&self.inner.books).checkouts = (alipay, wechat);
    }

    /// Sets the lookup's limits in 60 seconds, per IP and per order and e-mail; `None` lifts one.
    pub fn set_lookup_limits(&self, per_ip: Option<usize>, per_order: Option<usize>) {
        lock(&self.inner.books).set_lookup_limits(per_ip, per_order);
    }

    /// How many status answers say `paid` before a paid order is `completed`; `None` waits for
    /// [`Self::complete`]. At first 0.
    pub fn set_checks_before_completion(&self, checks: Option<u32>) {
        lock(&self.inner.books).checks_before_completion = checks;
    }

    /// The next order to be completed delivers exactly these credentials, as they are.
    pub fn next_credentials(&self, credentials: &[&str]) {
        let credentials = credentials.iter().map(|one| (*one).to_owned()).collect();
        lock(&self.inner.books).staged.push_back(credentials);
    }

    /// Pays a crypto order's invoice: seen on the chain (`confirming`), or too little (`underpaid`).
    /// `false` if there is no such order waiting.
    pub fn pay(&self, order_no: &str, how: Paid) -> bool {
        lock(&self.inner.books).pay(order_no, how)
    }

    /// The chain confirms: `confirming` becomes `paid`, and goes on as set.
    pub fn confirm(&self, order_no: &str) -> bool {
        lock(&self.inner.books).confirm(order_no)
    }

    /// Delivers a paid order.
    pub fn complete(&self, order_no: &str) -> bool {
        lock(&self.inner.books).complete(order_no)
    }

    /// Forces any status word on an order: `expired`, `cancelled`, or one nobody has heard of.
    pub fn set_status(&self, order_no: &str, status: &str) -> bool {
        lock(&self.inner.books).set_status(order_no, status)
    }

    /// Every order, oldest first.
    pub fn orders(&self) -> Vec<Ordered> {
        lock(&self.inner.books).orders.clone()
    }

    /// The next `times` calls of an endpoint meet a fault. Endpoints: `products`, `product`, `login`,
    /// `create`, `query`, `status`, `config`.
    pub fn plan(&self, endpoint: &str, times: usize, fault: Fault) {
        self.inner.faults.plan(endpoint, None, times, fault);
    }

    /// Forgets all planned faults.
    pub fn heal(&self) {
        self.inner.faults.clear();
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
        let path = call.path.strip_prefix("/api").unwrap_or_default();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let endpoint = match segments.as_slice() {
            ["products"] => "products",
            ["products", id] if !id.is_empty() => "product",
            ["auth", "login"] => "login",
            ["orders", "create"] => "create",
            ["orders", "query"] => "query",
            ["orders", id, "status"] if !id.is_empty() => "status",
            ["payment-config"] => "config",
            _ => "unknown",
        };
        self.counters.count(endpoint);
        let fault = self.faults.take(endpoint, None);
        let answer = Fault::around(fault, async { self.decide(endpoint, &segments, &call) }).await;
        self.counters.count(&answer.status.to_string());
        answer
    }
}
