//! The endpoints: who may ask, what must be there, and the shapes of the answers.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::desk::Desk;
use super::{Inner, KEY};
use crate::demo::faults::lock;
use crate::demo::wire::{Answer, Call};
use crate::world::Moment;

/// An answer of the table of errors.
#[derive(Debug)]
pub(super) struct Refused {
    status: u16,
    code: &'static str,
    message: String,
    retry_after_s: Option<u64>,
}

impl Refused {
    pub(super) const fn new(status: u16, code: &'static str, message: String) -> Self {
        Self { status, code, message, retry_after_s: None }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(404, "NOT_FOUND", format!("{what} not found."))
    }

    fn invalid(message: &str) -> Self {
        Self::new(400, "VALIDATION_ERROR", message.to_owned())
    }

    fn limited(seconds: u64) -> Self {
        let message = "Too Many Requests".to_owned();
        Self { retry_after_s: Some(seconds), ..Self::new(429, "RATE_LIMITED", message) }
    }

    fn answer(&self) -> Answer {
        let body = json!({"success": false, "error": {"code": self.code, "message": self.message}});
        let answer = Answer::json(self.status, &body);
        match self.retry_after_s {
            Some(seconds) => answer.header("retry-after", seconds.to_string()),
            None => answer,
        }
    }
}

/// A moment as the contract writes it: `2026-02-25T12:00:00.000Z`.
pub(super) fn iso(moment: Moment) -> String {
    let at = OffsetDateTime::from_unix_timestamp(moment.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let millis = moment.millis().rem_euclid(1000);
    let (date, time) = (at.date(), at.time());
    let (hour, minute, second) = time.as_hms();
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

impl Inner {
    /// One request, decided.
    pub(super) fn decide(&self, endpoint: &'static str, path: &str, call: &Call) -> Answer {
        let outcome = match endpoint {
            "health" if call.method == "GET" => {
                let now = iso(self.clock.now());
                Ok(json!({"success": true, "data": {"status": "healthy", "version": "v1", "timestamp": now}}))
            }
            "products" if call.method == "GET" => {
                self.guarded(call, "products:read").and_then(|()| self.products(call))
            }
            "wallet" if call.method == "GET" => self.guarded(call, "wallet:read").and_then(|()| self.wallet(call)),
            "buy" if call.method == "POST" => self.guarded(call, "orders:create").and_then(|()| self.buy(call)),
            "orders" if call.method == "GET" => self.guarded(call, "orders:read").and_then(|()| self.orders(call)),
            "order" if call.method == "GET" => self.guarded(call, "orders:read").and_then(|()| self.order(path)),
            "unknown" => Err(Refused::not_found("Route")),
            _ => Err(Refused::new(405, "METHOD_NOT_ALLOWED", "Method Not Allowed".to_owned())),
        };
        let answer = match outcome {
            Ok(body) => Answer::json(200, &body),
            Err(refused) => refused.answer(),
        };
        match lock(&self.limits).requests.remaining() {
            Some(left) if endpoint != "health" => answer.header("x-ratelimit-remaining", left.to_string()),
            _ => answer,
        }
    }

    /// The key, then its rate, then its scope. Only requests with a valid key are counted: limits are per key.
    fn guarded(&self, call: &Call, scope: &str) -> Result<(), Refused> {
        if call.bearer() != Some(KEY) {
            return Err(Refused::new(401, "UNAUTHORIZED", "Missing or invalid API key.".to_owned()));
        }
        lock(&self.limits).requests.admit(self.clock.now()).map_err(Refused::limited)?;
        if lock(&self.desk).scopes.contains(scope) {
            Ok(())
        } else {
            Err(Refused::new(403, "FORBIDDEN", format!("Key lacks required scope: {scope}.")))
        }
    }

    fn products(&self, call: &Call) -> Result<Value, Refused> {
        let (page, limit) = paging(call, 50)?;
        let in_stock = flag(call, "in_stock")?;
        let category = call.parameter("category_id");
        let desk = lock(&self.desk);
        let first = page.saturating_sub(1).saturating_mul(limit);
        let last = first.saturating_add(limit);
        let mut total = 0_usize;
        let mut categories = Vec::new();
        for shelf in desk.categories.iter().filter(|shelf| category.is_none_or(|id| id == shelf.id)) {
            let mut products = Vec::new();
            for product in shelf.products.iter().filter_map(|id| desk.products.get(id)) {
                if !product.listed || (in_stock && product.stock == 0) {
                    continue;
                }
                if (first..last).contains(&total) {
                    products.push(json!({
                        "id": product.id, "name": product.name, "price": product.price, "currency": "USDT",
                        "stockStatus": if product.stock > 0 { "IN_STOCK" } else { "OUT_OF_STOCK" },
                        "availableQuantity": product.stock,
                    }));
                }
                total = total.saturating_add(1);
            }
            if !products.is_empty() {
                categories.push(json!({"id": shelf.id, "name": shelf.name, "products": products}));
            }
        }
        let data = json!({"categories": categories, "pagination": pagination(page, limit, total)});
        Ok(json!({"success": true, "data": data, "meta": {"requestId": format!("req_{total}")}}))
    }

    fn wallet(&self, call: &Call) -> Result<Value, Refused> {
        let wanted = flag(call, "include_transactions")?;
        let limit = number(call, "transactions_limit", 10)?;
        if limit > 50 {
            return Err(Refused::invalid("transactions_limit must be at most 50."));
        }
        let desk = lock(&self.desk);
        let transactions: Vec<Value> = if wanted { transactions(&desk, limit) } else { Vec::new() };
        let status = if desk.frozen { "FROZEN" } else { "ACTIVE" };
        let wallet = json!({"balance": desk.balance.to_string(), "currency": "USDT", "status": status});
        Ok(json!({"success": true, "data": {"wallet": wallet, "transactions": transactions}}))
    }

    fn buy(&self, call: &Call) -> Result<Value, Refused> {
        let now = self.clock.now();
        lock(&self.limits).purchases.admit(now).map_err(Refused::limited)?;
        let key = call.header("idempotency-key").filter(|key| !key.trim().is_empty() && key.len() <= 255);
        let missing = || Refused::new(400, "IDEMPOTENCY_KEY_REQUIRED", "Idempotency-Key is required.".to_owned());
        let key = key.ok_or_else(missing)?;
        let (product, quantity) = purchase(call)?;
        lock(&self.desk).buy(now, key, &product, quantity)
    }

    fn orders(&self, call: &Call) -> Result<Value, Refused> {
        let (page, limit) = paging(call, 20)?;
        let status = call.parameter("status");
        if status.is_some_and(|status| !["COMPLETED", "PENDING", "FAILED"].contains(&status)) {
            return Err(Refused::invalid("status must be COMPLETED, PENDING or FAILED."));
        }
        let (from, to) = (date(call, "from")?, date(call, "to")?);
        let desk = lock(&self.desk);
        // Orders are kept by age, so the newest come first by walking back; all of them are COMPLETED.
        let all = desk.orders.iter().rev().filter(|order| {
            status.is_none_or(|status| status == "COMPLETED")
                && from.is_none_or(|from| order.created >= from)
                && to.is_none_or(|to| order.created <= to)
        });
        let first = page.saturating_sub(1).saturating_mul(limit);
        let total = all.clone().count();
        let orders: Vec<Value> = all.skip(first).take(limit).map(super::desk::Order::full).collect();
        let data = json!({"orders": orders, "pagination": pagination(page, limit, total)});
        Ok(json!({"success": true, "data": data, "meta": {}}))
    }

    fn order(&self, path: &str) -> Result<Value, Refused> {
        let desk = lock(&self.desk);
        let order = path.strip_prefix("/orders/").and_then(|id| desk.order(id));
        let order = order.ok_or_else(|| Refused::not_found("Order"))?;
        Ok(json!({"success": true, "data": {"order": order.full(), "codes": order.codes()}, "meta": {}}))
    }
}

/// The transaction shape is undocumented; this is one plausible reading.
fn transactions(desk: &Desk, limit: usize) -> Vec<Value> {
    let newest = desk.orders.iter().rev().take(limit);
    newest
        .map(|order| {
            let amount = Decimal::ZERO.saturating_sub(order.sold.total).to_string();
            let id = format!("clt{}", order.sold.order);
            json!({"id": id, "type": "PURCHASE", "amount": amount, "currency": "USDT", "createdAt": iso(order.created)})
        })
        .collect()
}

/// The body of a purchase, JSON or form.
fn purchase(call: &Call) -> Result<(String, u32), Refused> {
    let (product, quantity) = if call.is("application/x-www-form-urlencoded") {
        let fields = call.form();
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        (field("product_id"), field("quantity").and_then(|text| text.parse::<u64>().ok()))
    } else if call.is("application/json") {
        let body: Value = serde_json::from_slice(&call.body).map_err(|_| Refused::invalid("The body is not JSON."))?;
        (
            body.get("product_id").and_then(Value::as_str).map(str::to_owned),
            body.get("quantity").and_then(Value::as_u64),
        )
    } else {
        return Err(Refused::invalid("Content-Type must be JSON or form."));
    };
    let product = product.filter(|id| !id.is_empty()).ok_or_else(|| Refused::invalid("product_id is required."))?;
    let quantity =
        quantity.and_then(|quantity| u32::try_from(quantity).ok()).filter(|quantity| (1..=100).contains(quantity));
    let quantity = quantity.ok_or_else(|| Refused::invalid("quantity must be an integer between 1 and 100."))?;
    Ok((product, quantity))
}

fn pagination(page: usize, limit: usize, total: usize) -> Value {
    json!({"page": page, "limit": limit, "total": total, "totalPages": total.div_ceil(limit.max(1))})
}

fn paging(call: &Call, limit: usize) -> Result<(usize, usize), Refused> {
    let (page, limit) = (number(call, "page", 1)?, number(call, "limit", limit)?);
    if page == 0 || limit == 0 || limit > 100 {
        return Err(Refused::invalid("page must be at least 1 and limit between 1 and 100."));
    }
    Ok((page, limit))
}

fn number(call: &Call, name: &str, default: usize) -> Result<usize, Refused> {
    let parsed = call.parameter(name).map(str::parse);
    parsed
        .transpose()
        .map(|value| value.unwrap_or(default))
        .map_err(|_| Refused::invalid(&format!("{name} must be a number.")))
}

fn flag(call: &Call, name: &str) -> Result<bool, Refused> {
    match call.parameter(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Refused::invalid(&format!("{name} must be true or false."))),
    }
}

fn date(call: &Call, name: &str) -> Result<Option<Moment>, Refused> {
    let Some(text) = call.parameter(name) else { return Ok(None) };
    let full = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let at = OffsetDateTime::parse(&full, &Rfc3339);
    let at = at.map_err(|_| Refused::invalid(&format!("{name} must be an ISO 8601 date.")))?;
    let millis = at.unix_timestamp_nanos().div_euclid(1_000_000);
    Ok(Some(Moment::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))))
}
