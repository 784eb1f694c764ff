//! The endpoints: what must be there, and the shapes of the answers.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::books::{Books, Ordered, Product, Wanted};
use super::coin::Coin;
use super::{Credentials, Inner, Shape};
use crate::demo::faults::lock;
use crate::demo::wire::{Answer, Call, percent_decoded};
use crate::world::Moment;

/// "Maximum 200 per order" (the contract).
const QUANTITY_MAX: u64 = 200;
/// The payment methods of the contract.
const METHODS: [&str; 5] = ["crypto", "balance_cny", "balance_crypto", "alipay", "wechat"];

fn refused(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"success": false, "message": message}))
}

impl Inner {
    /// One request, decided.
    pub(super) fn decide(&self, endpoint: &'static str, segments: &[&str], call: &Call) -> Answer {
        let id = percent_decoded(segments.get(1).copied().unwrap_or_default());
        match (endpoint, call.method.as_str()) {
            ("products", "GET") => {
                let books = lock(&self.books);
                let products: Vec<String> = books.listed().map(product).collect();
                document(&format!(r#"{{"success":true,"products":[{}]}}"#, products.join(",")))
            }
            ("product", "GET") => {
                let books = lock(&self.books);
                let found = books.listed().find(|product| product.id == id || product.slug == id).map(product);
                let body = found.map(|product| format!(r#"{{"success":true,"product":{product}}}"#));
                body.map_or_else(|| refused(404, "Product not found"), |body| document(&body))
            }
            ("login", "POST") => self.login(call),
            ("create", "POST") => self.create(call).unwrap_or_else(|refusal| refusal),
            ("query", "GET") => self.query(call),
            ("status", "GET") => self.status(&id),
            ("config", "GET") => {
                let (alipay, wechat) = lock(&self.books).checkouts;
                let coins: Vec<&str> = Coin::ALL.iter().map(|coin| coin.word()).collect();
                let config = json!({"alipay": alipay, "wechat": wechat, "crypto": true, "coins": coins});
                Answer::json(200, &json!({"success": true, "config": config}))
            }
            ("unknown", _) => refused(404, "Not found"),
            _ => refused(405, "Method not allowed"),
        }
    }

    fn login(&self, call: &Call) -> Answer {
        let Some(body) = object(call) else { return refused(400, "Invalid JSON") };
        let field = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(email), Some(password)) = (field("email"), field("password")) else {
            return refused(400, "email and password are required");
        };
        let books = lock(&self.books);
        let Some(token) = books.login(email, password) else { return refused(401, "Invalid credentials") };
        Answer::json(
            200,
            &match books.shape {
                Shape::Nested | Shape::Flat => json!({"success": true, "token": token}),
                Shape::Data => json!({"success": true, "data": {"token": token}}),
                Shape::Camel => json!({"success": true, "access_token": token}),
            },
        )
    }

    fn create(&self, call: &Call) -> Result<Answer, Answer> {
        let now = self.clock.now();
        let body = object(call).ok_or_else(|| refused(400, "Invalid JSON"))?;
        let mut books = lock(&self.books);
        let wanted = wanted(&books, call, &body).map_err(|(status, message)| refused(status, message))?;
        let order = books.create(now, wanted).map_err(|message| refused(400, message))?;
        Ok(Answer::json(200, &shown(&books, &order)))
    }

    fn query(&self, call: &Call) -> Answer {
        let now = self.clock.now();
        let field = |name: &str| call.parameter(name).filter(|text| !text.is_empty());
        let (order_no, email) = (field("order_no"), field("email"));
        let mut books = lock(&self.books);
        // Every lookup counts, also one that finds nothing: otherwise e-mails could be guessed.
        let admitted = books.admit(now, call.from, order_no.unwrap_or_default(), email.unwrap_or_default());
        if let Err(seconds) = admitted {
            return refused(429, "Too many requests").header("retry-after", seconds.to_string());
        }
        let (Some(order_no), Some(email)) = (order_no, email) else {
            return refused(400, "order_no and email are required");
        };
        let found = books.look(now, order_no);
        match found.filter(|order| order.order_no == order_no && order.email.eq_ignore_ascii_case(email)) {
            Some(order) => {
                let mut body = shown(&books, &order);
                if order.status == "completed" {
                    put_credentials(&books, &order, &mut body);
                }
                Answer::json(200, &body)
            }
            None => refused(404, "Order not found"),
        }
    }

    fn status(&self, reference: &str) -> Answer {
        let mut books = lock(&self.books);
        match books.look(self.clock.now(), reference) {
            Some(order) => Answer::json(200, &shown(&books, &order)),
            None => refused(404, "Order not found"),
        }
    }
}

fn object(call: &Call) -> Option<Map<String, Value>> {
    call.is("application/json").then(|| serde_json::from_slice(&call.body).ok()).flatten()
}

/// A body assembled as text, checked to be JSON.
fn document(text: &str) -> Answer {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(_) => Answer::body(200, "application/json", text.as_bytes().to_vec()),
        Err(_) => refused(500, "Internal error"),
    }
}

/// A product as the contract's example shows it. The price goes out digit by digit, never through a float.
fn product(product: &Product) -> String {
    let rest = json!({
        "id": product.id, "slug": product.slug, "name_zh": product.name_zh, "name_en": product.name_en,
        "stock": product.stock, "min_quantity": product.min,
    });
    let rest = rest.to_string();
    // A price that is no number is still sold as what it is: a client must not trip over it.
    let number = serde_json::from_str::<serde_json::Number>(&product.price).is_ok();
    let price = if number { product.price.clone() } else { Value::from(product.price.as_str()).to_string() };
    format!(r#"{},"price":{}}}"#, rest.strip_suffix('}').unwrap_or(&rest), price)
}

/// Every rule of the parameter table, in its order.
fn wanted(books: &Books, call: &Call, body: &Map<String, Value>) -> Result<Wanted, (u16, &'static str)> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let product = text("productId").ok_or((400, "productId is required"))?;
    let quantity = body.get("quantity").ok_or((400, "quantity is required"))?;
    let quantity = quantity.as_u64().ok_or((400, "quantity must be an integer"))?;
    if quantity == 0 || quantity > QUANTITY_MAX {
        return Err((400, "quantity must be between 1 and 200"));
    }
    let quantity = u32::try_from(quantity).map_err(|_| (400, "quantity must be between 1 and 200"))?;
    let email = text("contactEmail").ok_or((400, "contactEmail is required"))?;
    let shaped = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.') && !host.contains('@')
    });
    if !shaped || email.contains(char::is_whitespace) {
        return Err((400, "contactEmail is not an e-mail address"));
    }
    let method = text("paymentMethod").ok_or((400, "paymentMethod is required"))?;
    let method = METHODS.into_iter().find(|known| *known == method).ok_or((400, "Unknown paymentMethod"))?;
    let coin = match (method, body.get("coin")) {
        ("crypto", Some(coin)) => Some(coin.as_str().and_then(Coin::from_word).ok_or((400, "Unknown coin"))?),
        ("crypto", None) => return Err((400, "coin is required for crypto")),
        (_, Some(_)) => return Err((400, "coin is only allowed for crypto")),
        (_, None) => None,
    };
    let coupon = body.get("couponCode").map(|code| code.as_str().filter(|code| !code.is_empty()));
    if coupon == Some(None) {
        return Err((400, "Omit couponCode when unused"));
    }
    if (method == "alipay" && !books.checkouts.0) || (method == "wechat" && !books.checkouts.1) {
        return Err((400, "Payment method is not available"));
    }
    let token = call.bearer().map(str::to_owned);
    if method.starts_with("balance") && !token.as_deref().is_some_and(|token| books.knows_token(token)) {
        return Err((401, "Unauthorized"));
    }
    let coupon = coupon.flatten().map(str::to_owned);
    Ok(Wanted { product: product.to_owned(), quantity, email: email.to_owned(), method, coin, coupon, token })
}

fn iso(moment: Moment) -> String {
    let at = OffsetDateTime::from_unix_timestamp(moment.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (hour, minute, second) = at.time().as_hms();
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", at.date())
}

/// An order in the shape that is switched on.
fn shown(books: &Books, order: &Ordered) -> Value {
    let camel = books.shape == Shape::Camel;
    let name = |snake: &'static str, other: &'static str| if camel { other } else { snake }.to_owned();
    let mut fields = Map::new();
    fields.insert("id".to_owned(), json!(order.id));
    fields.insert(name("order_no", "orderNo"), json!(order.order_no));
    fields.insert("status".to_owned(), json!(order.status));
    fields.insert("quantity".to_owned(), json!(order.quantity));
    fields.insert(name("total_amount", "totalAmount"), json!(order.total_cny.to_string()));
    fields.insert(name("payment_method", "paymentMethod"), json!(order.method));
    let mut payment = Map::new();
    if let Some(invoice) = &order.invoice {
        payment.insert(name("address", "payAddress"), json!(invoice.address));
        payment.insert(name("expected_amount", "expectedAmount"), json!(invoice.expected.to_string()));
        payment.insert(name("received_amount", "receivedAmount"), json!(invoice.received.to_string()));
        payment.insert("coin".to_owned(), json!(invoice.coin.word()));
        payment.insert(name("expires_at", "expiresAt"), json!(iso(invoice.expires)));
    } else if matches!(order.method.as_str(), "alipay" | "wechat") {
        let url = format!("https://pay.example.com/{}/{}", order.method, order.order_no);
        payment.insert(name("payment_url", "paymentUrl"), json!(url));
    }
    if books.shape == Shape::Flat {
        fields.append(&mut payment);
        fields.insert("success".to_owned(), json!(true));
        return Value::Object(fields);
    }
    if !payment.is_empty() {
        fields.insert("payment".to_owned(), Value::Object(payment));
    }
    match books.shape {
        Shape::Data => json!({"success": true, "data": {"order": fields}}),
        _ => json!({"success": true, "order": fields}),
    }
}

/// Adds what was delivered, where the shape keeps its order.
fn put_credentials(books: &Books, order: &Ordered, body: &mut Value) {
    let credentials = match books.credentials {
        Credentials::Lines => json!(order.credentials),
        Credentials::Text => json!(order.credentials.join("\n")),
        Credentials::Objects => order
            .credentials
            .iter()
            .map(|line| {
                let (account, password) = line.split_once("----").unwrap_or((line, ""));
                json!({"account": account, "password": password})
            })
            .collect(),
    };
    let place = match books.shape {
        Shape::Flat => Some(body),
        Shape::Data => body.pointer_mut("/data/order"),
        Shape::Nested | Shape::Camel => body.get_mut("order"),
    };
    if let Some(fields) = place.and_then(Value::as_object_mut) {
        fields.insert("credentials".to_owned(), credentials);
    }
}
