//! What the stand-in holds: shelves, accounts, orders, and how an order moves.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use rust_decimal::Decimal;

use super::coin::{Coin, converted};
use super::{Credentials, Paid, Shape};
use crate::demo::faults::Window;
use crate::money::parse_decimal;
use crate::world::Moment;

/// "Rate limited to 3 requests per IP per 60 seconds and 2 per order/email pair" (the contract).
const LOOKUP_SPAN: Duration = Duration::from_mins(1);
/// How long a crypto invoice stays open. Undocumented.
pub(super) const INVOICE_OPEN: Duration = Duration::from_mins(30);

#[derive(Debug)]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) slug: String,
    pub(super) name_en: String,
    pub(super) name_zh: String,
    pub(super) price: String,
    pub(super) stock: u32,
    pub(super) min: u32,
    pub(super) listed: bool,
}

#[derive(Debug)]
struct Account {
    email: String,
    password: String,
    token: String,
    cny: Decimal,
    crypto: Decimal,
}

/// The open invoice of a crypto order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// The coin.
    pub coin: Coin,
    /// Where to pay.
    pub address: String,
    /// How much.
    pub expected: Decimal,
    /// How much has come.
    pub received: Decimal,
    /// Until when.
    pub expires: Moment,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// The id, a UUID.
    pub id: String,
    /// The number people quote.
    pub order_no: String,
    /// The product's id.
    pub product: String,
    /// How many.
    pub quantity: u32,
    /// The e-mail it can be looked up with.
    pub email: String,
    /// The payment method's word.
    pub method: String,
    /// The coupon, if one was given.
    pub coupon: Option<String>,
    /// The status word.
    pub status: String,
    /// What it costs, in CNY.
    pub total_cny: Decimal,
    /// The invoice of a crypto order.
    pub invoice: Option<Invoice>,
    /// What was delivered, once completed.
    pub credentials: Vec<String>,
    /// How often its status was asked since it was paid.
    pub checks: u32,
}

/// What an order is made from, once its words are understood.
pub(super) struct Wanted {
    pub(super) product: String,
    pub(super) quantity: u32,
    pub(super) email: String,
    pub(super) method: &'static str,
    pub(super) coin: Option<Coin>,
    pub(super) coupon: Option<String>,
    pub(super) token: Option<String>,
}

#[derive(Debug)]
pub(super) struct Books {
    products: Vec<Product>,
    accounts: Vec<Account>,
    pub(super) orders: Vec<Ordered>,
    pub(super) shape: Shape,
    pub(super) credentials: Credentials,
    pub(super) checkouts: (bool, bool),
    pub(super) checks_before_completion: Option<u32>,
    pub(super) staged: VecDeque<Vec<String>>,
    limits: (Option<usize>, Option<usize>),
    by_ip: HashMap<IpAddr, Window>,
    by_pair: HashMap<(String, String), Window>,
    tokens: u64,
    delivered: u64,
}

impl Books {
    pub(super) fn new() -> Self {
        Self {
            products: Vec::new(),
            accounts: Vec::new(),
            orders: Vec::new(),
            shape: Shape::Nested,
            credentials: Credentials::Lines,
            checkouts: (false, false),
            checks_before_completion: Some(0),
            staged: VecDeque::new(),
            limits: (Some(3), Some(2)),
            by_ip: HashMap::new(),
            by_pair: HashMap::new(),
            tokens: 0,
            delivered: 0,
        }
    }

    pub(super) fn add_product(&mut self, slug: &str, en: &str, zh: &str, price: &str, stock: u32, min: u32) -> String {
        let id = format!("30a6d792-9e06-4023-85f4-{:012x}", self.products.len().saturating_add(1));
        let (slug, name_en, name_zh) = (slug.to_owned(), en.to_owned(), zh.to_owned());
        let price = price.to_owned();
        self.products.push(Product { id: id.clone(), slug, name_en, name_zh, price, stock, min, listed: true });
        id
    }

    pub(super) fn change(&mut self, id: &str, how: impl FnOnce(&mut Product)) {
        if let Some(product) = self.products.iter_mut().find(|product| product.id == id) {
            how(product);
        }
    }

    pub(super) fn product(&self, id: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.id == id)
    }

    pub(super) fn listed(&self) -> impl Iterator<Item = &Product> {
        self.products.iter().filter(|product| product.listed)
    }

    pub(super) fn add_account(&mut self, email: &str, password: &str, cny: Decimal, crypto: Decimal) -> String {
        let token = self.fresh_token();
        let (email, password) = (email.to_owned(), password.to_owned());
        self.accounts.push(Account { email, password, token: token.clone(), cny, crypto });
        token
    }

    fn fresh_token(&mut self) -> String {
        self.tokens = self.tokens.saturating_add(1);
        format!("demo.user.token.{:06}", self.tokens)
    }

    pub(super) fn expire_tokens(&mut self) {
        for at in 0..self.accounts.len() {
            let token = self.fresh_token();
            if let Some(account) = self.accounts.get_mut(at) {
                account.token = token;
            }
        }
    }

    pub(super) fn login(&self, email: &str, password: &str) -> Option<String> {
        let found = self.accounts.iter().find(|account| account.email == email && account.password == password);
        found.map(|account| account.token.clone())
    }

    pub(super) fn knows_token(&self, token: &str) -> bool {
        self.accounts.iter().any(|account| account.token == token)
    }

    pub(super) fn balances(&self, email: &str) -> Option<(Decimal, Decimal)> {
        self.accounts.iter().find(|account| account.email == email).map(|account| (account.cny, account.crypto))
    }

    pub(super) fn set_lookup_limits(&mut self, per_ip: Option<usize>, per_order: Option<usize>) {
        self.limits = (per_ip, per_order);
        self.by_ip.clear();
        self.by_pair.clear();
    }

    /// Counts a lookup, or says in how many seconds the next is allowed.
    pub(super) fn admit(&mut self, now: Moment, ip: IpAddr, order_no: &str, email: &str) -> Result<(), u64> {
        let window = |limit: Option<usize>| {
            let mut window = Window::new(0, LOOKUP_SPAN);
            window.set_limit(limit);
            window
        };
        let (per_ip, per_pair) = self.limits;
        self.by_ip.entry(ip).or_insert_with(|| window(per_ip)).admit(now)?;
        let pair = (order_no.to_owned(), email.to_ascii_lowercase());
        self.by_pair.entry(pair).or_insert_with(|| window(per_pair)).admit(now)
    }

    /// Makes an order whose words are right, or says what stands against it.
    pub(super) fn create(&mut self, now: Moment, wanted: Wanted) -> Result<Ordered, &'static str> {
        let found = self.products.iter().find(|product| product.listed && product.id == wanted.product);
        let product = found.ok_or("Product not found")?;
        if wanted.quantity < product.min {
            return Err("Quantity is below the minimum");
        }
        if wanted.quantity > product.stock {
            return Err("Insufficient stock");
        }
        let price = parse_decimal(&product.price).map_err(|_| "Price unavailable")?;
        let total_cny = price.checked_mul(Decimal::from(wanted.quantity)).ok_or("Price unavailable")?;
        self.debit(&wanted, total_cny)?;
        self.change(&wanted.product, |product| product.stock = product.stock.saturating_sub(wanted.quantity));
        let serial = self.orders.len().saturating_add(1);
        let invoice = wanted.coin.map(|coin| Invoice {
            coin,
            address: coin.address(serial),
            expected: converted(total_cny, coin),
            received: Decimal::ZERO,
            expires: now.plus(INVOICE_OPEN),
        });
        let paid = wanted.method.starts_with("balance");
        let order = Ordered {
            id: format!("5d0c1a52-7a39-4b8e-9f10-{serial:012x}"),
            order_no: format!("GS{serial:010}"),
            product: wanted.product,
            quantity: wanted.quantity,
            email: wanted.email,
            method: wanted.method.to_owned(),
            coupon: wanted.coupon,
            status: if paid { "paid" } else { "pending" }.to_owned(),
            total_cny,
            invoice,
            credentials: Vec::new(),
            checks: 0,
        };
        self.orders.push(order.clone());
        Ok(order)
    }

    fn debit(&mut self, wanted: &Wanted, total_cny: Decimal) -> Result<(), &'static str> {
        if !wanted.method.starts_with("balance") {
            return Ok(());
        }
        let token = wanted.token.as_deref().unwrap_or_default();
        let account = self.accounts.iter_mut().find(|account| account.token == token).ok_or("Unauthorized")?;
        let (purse, amount) = if wanted.method == "balance_cny" {
            (&mut account.cny, total_cny)
        } else {
            (&mut account.crypto, converted(total_cny, Coin::Trc20Usdt))
        };
        if *purse < amount {
            return Err("Insufficient balance");
        }
        *purse = purse.saturating_sub(amount);
        Ok(())
    }

    /// Finds an order by its id or number.
    pub(super) fn find(&mut self, reference: &str) -> Option<&mut Ordered> {
        self.orders.iter_mut().rev().find(|order| order.order_no == reference || order.id == reference)
    }

    pub(super) fn pay(&mut self, reference: &str, how: Paid) -> bool {
        let Some(order) = self.find(reference).filter(|order| order.status == "pending") else { return false };
        let Some(invoice) = order.invoice.as_mut() else { return false };
        let share = match how {
            Paid::Exact => Decimal::ONE,
            Paid::Under => Decimal::new(99, 2),
            Paid::Over => Decimal::new(101, 2),
        };
        invoice.received = invoice.expected.saturating_mul(share).normalize();
        if how == Paid::Under { "underpaid" } else { "confirming" }.clone_into(&mut order.status);
        true
    }

    pub(super) fn confirm(&mut self, reference: &str) -> bool {
        let Some(order) = self.find(reference).filter(|order| order.status == "confirming") else { return false };
        "paid".clone_into(&mut order.status);
        true
    }

    pub(super) fn set_status(&mut self, reference: &str, status: &str) -> bool {
        self.find(reference).map(|order| status.clone_into(&mut order.status)).is_some()
    }

    /// A look at the status: a paid order moves on after enough of them, an unpaid one expires.
    pub(super) fn look(&mut self, now: Moment, reference: &str) -> Option<Ordered> {
        let needed = self.checks_before_completion;
        let order = self.find(reference)?;
        let over = order.invoice.as_ref().is_some_and(|invoice| now > invoice.expires);
        if order.status == "pending" && over {
            "expired".clone_into(&mut order.status);
        }
        let done = order.status == "paid" && needed.is_some_and(|needed| order.checks >= needed);
        if order.status == "paid" {
            order.checks = order.checks.saturating_add(1);
        }
        if done {
            self.complete(reference);
        }
        self.find(reference).cloned()
    }

    pub(super) fn complete(&mut self, reference: &str) -> bool {
        let Some(quantity) = self.find(reference).filter(|order| order.status == "paid").map(|order| order.quantity)
        else {
            return false;
        };
        let credentials = self.staged.pop_front().unwrap_or_else(|| {
            let first = self.delivered;
            self.delivered = first.saturating_add(u64::from(quantity));
            (first..self.delivered).map(|n| format!("demo.account{n:06}@example.com----Pw-{:08x}", mixed(n))).collect()
        });
        if let Some(order) = self.find(reference) {
            "completed".clone_into(&mut order.status);
            order.credentials = credentials;
        }
        true
    }
}

fn mixed(serial: u64) -> u64 {
    serial.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32
}
