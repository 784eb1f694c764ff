//! What the stand-in holds: shelves, wallet, orders, and the purchase itself.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::rules::Refused;
use super::{SCOPES, Sold};
use crate::money::parse_decimal;
use crate::world::Moment;

/// "Idempotency keys … remain cached for 24 hours" (the contract).
pub(super) const KEY_LIFETIME: Duration = Duration::from_hours(24);

#[derive(Debug)]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) price: String,
    pub(super) stock: u32,
    pub(super) listed: bool,
}

#[derive(Debug)]
pub(super) struct Category {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) products: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Order {
    pub(super) sold: Sold,
    pub(super) product_name: String,
    pub(super) unit_price: String,
    pub(super) created: Moment,
}

#[derive(Debug)]
struct Remembered {
    at: Moment,
    product: String,
    quantity: u32,
    answer: Value,
}

#[derive(Debug)]
pub(super) struct Desk {
    pub(super) scopes: HashSet<String>,
    pub(super) categories: Vec<Category>,
    pub(super) products: HashMap<String, Product>,
    pub(super) balance: Decimal,
    pub(super) frozen: bool,
    pub(super) staged: VecDeque<Vec<String>>,
    pub(super) orders: Vec<Order>,
    by_id: HashMap<String, usize>,
    category_of: HashMap<String, usize>,
    keys: HashMap<String, Remembered>,
    key_ages: VecDeque<(Moment, String)>,
    serial: u64,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            scopes: SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            categories: Vec::new(),
            products: HashMap::new(),
            balance: Decimal::ZERO,
            frozen: false,
            staged: VecDeque::new(),
            orders: Vec::new(),
            by_id: HashMap::new(),
            category_of: HashMap::new(),
            keys: HashMap::new(),
            key_ages: VecDeque::new(),
            serial: 0,
        }
    }

    pub(super) fn add_product(&mut self, category: &str, name: &str, price: &str, stock: u32) -> String {
        let id = format!("clp{:08}", self.products.len().saturating_add(1));
        let fresh = self.categories.len();
        let at = *self.category_of.entry(category.to_owned()).or_insert(fresh);
        if at == fresh {
            let category = Category { id: format!("clc{fresh:06}"), name: category.to_owned(), products: Vec::new() };
            self.categories.push(category);
        }
        if let Some(category) = self.categories.get_mut(at) {
            category.products.push(id.clone());
        }
        let product = Product { id: id.clone(), name: name.to_owned(), price: price.to_owned(), stock, listed: true };
        self.products.insert(id.clone(), product);
        id
    }

    /// One order by its id.
    pub(super) fn order(&self, id: &str) -> Option<&Order> {
        self.orders.get(*self.by_id.get(id)?)
    }

    /// A purchase: replayed, refused, or done whole.
    pub(super) fn buy(&mut self, now: Moment, key: &str, product: &str, quantity: u32) -> Result<Value, Refused> {
        self.forget_old_keys(now);
        if let Some(known) = self.keys.get(key) {
            let same = known.product == product && known.quantity == quantity;
            let reused = "This Idempotency-Key was used for another request.";
            return if same {
                Ok(known.answer.clone())
            } else {
                Err(Refused::new(422, "IDEMPOTENCY_KEY_REUSED", reused.to_owned()))
            };
        }
        let total = self.check(product, quantity)?;
        let codes = self.take_codes(quantity);
        let Some(item) = self.products.get_mut(product) else { return Err(Refused::not_found("Product")) };
        item.stock = item.stock.saturating_sub(quantity);
        let before = self.balance;
        self.balance = before.saturating_sub(total);
        let id = format!("clo{:010}", self.orders.len().saturating_add(1));
        let order = Order {
            sold: Sold { order: id.clone(), product: product.to_owned(), quantity, codes, key: key.to_owned(), total },
            product_name: item.name.clone(),
            unit_price: item.price.clone(),
            created: now,
        };
        let answer = json!({"success": true, "data": {
            "order": order.summary(),
            "codes": order.codes(),
            "wallet": {
                "previousBalance": before.to_string(),
                "deducted": total.to_string(),
                "currentBalance": self.balance.to_string(),
            },
        }});
        self.by_id.insert(id, self.orders.len());
        self.orders.push(order);
        let known = Remembered { at: now, product: product.to_owned(), quantity, answer: answer.clone() };
        self.keys.insert(key.to_owned(), known);
        self.key_ages.push_back((now, key.to_owned()));
        Ok(answer)
    }

    /// Everything that can forbid a purchase; the total if nothing does.
    fn check(&self, product: &str, quantity: u32) -> Result<Decimal, Refused> {
        let item =
            self.products.get(product).filter(|item| item.listed).ok_or_else(|| Refused::not_found("Product"))?;
        if self.frozen {
            return Err(Refused::new(
                403,
                "WALLET_FROZEN",
                "Your marketplace wallet is frozen. Contact support.".to_owned(),
            ));
        }
        if item.stock < quantity {
            let message = format!("Not enough stock available. Requested: {quantity}, Available: {}", item.stock);
            return Err(Refused::new(409, "OUT_OF_STOCK", message));
        }
        let total = parse_decimal(&item.price).ok().and_then(|price| price.checked_mul(Decimal::from(quantity)));
        let total = total.ok_or_else(|| Refused::new(500, "INTERNAL_ERROR", "Something went wrong.".to_owned()))?;
        if self.balance < total {
            let message = "Wallet balance is too low for the purchase.".to_owned();
            return Err(Refused::new(402, "INSUFFICIENT_FUNDS", message));
        }
        Ok(total)
    }

    fn take_codes(&mut self, quantity: u32) -> Arc<[String]> {
        if let Some(staged) = self.staged.pop_front() {
            return staged.into();
        }
        (0..quantity)
            .map(|_| {
                self.serial = self.serial.saturating_add(1);
                code(self.serial)
            })
            .collect()
    }

    fn forget_old_keys(&mut self, now: Moment) {
        while self.key_ages.front().is_some_and(|(at, _)| now.since(*at) >= KEY_LIFETIME) {
            let Some((_, key)) = self.key_ages.pop_front() else { return };
            if self.keys.get(&key).is_some_and(|known| now.since(known.at) >= KEY_LIFETIME) {
                self.keys.remove(&key);
            }
        }
    }
}

impl Order {
    /// The order as the buy answer shows it.
    fn summary(&self) -> Value {
        json!({
            "id": self.sold.order,
            "productId": self.sold.product,
            "productName": self.product_name,
            "quantity": self.sold.quantity,
            "unitPrice": self.unit_price,
            "totalAmount": self.sold.total.to_string(),
            "currency": "USDT",
            "status": "COMPLETED",
        })
    }

    /// The order as the list and the detail show it.
    pub(super) fn full(&self) -> Value {
        let mut order = self.summary();
        if let Some(fields) = order.as_object_mut() {
            fields.insert("type".to_owned(), json!("AUTO"));
            fields.insert("createdAt".to_owned(), json!(super::rules::iso(self.created)));
        }
        order
    }

    /// The codes, numbered from one.
    pub(super) fn codes(&self) -> Vec<Value> {
        (1_u64..).zip(self.sold.codes.iter()).map(|(index, code)| json!({"index": index, "code": code})).collect()
    }
}

/// The `serial`-th code: no two alike, no pattern to guess the next from by eye.
fn code(serial: u64) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    // Each step can be undone, so two serials never meet in one code.
    let mut mixed = serial.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^= mixed >> 27;
    let mut text = String::with_capacity(19);
    for position in 0..16_u32 {
        if position > 0 && position.trailing_zeros() >= 2 {
            text.push('-');
        }
        // 13 letters carry the 64 bits, the last three repeat some of them.
        let five = mixed.rotate_right(position.saturating_mul(5)) & 31;
        let letter = usize::try_from(five).ok().and_then(|at| LETTERS.get(at)).copied().unwrap_or(b'A');
        text.push(char::from(letter));
    }
    text
}
