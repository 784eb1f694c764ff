//! One4All's words and shapes. Decides by HTTP status first, by error code second, by message never.
//!
//! | answer to a purchase | means |
//! |---|---|
//! | 2xx, `COMPLETED` with codes | [`Outcome::Ready`] |
//! | 2xx, `FAILED` | [`Reason::Cancelled`] |
//! | 2xx, `PENDING` or any other word | [`Outcome::Pending`] |
//! | 401, 403 | [`Reason::Unauthorized`], with `WALLET_FROZEN` [`Reason::Frozen`] |
//! | 402 | [`Reason::NoFunds`] |
//! | 404 | [`Reason::UnknownProduct`] |
//! | 409 `OUT_OF_STOCK` | [`Reason::OutOfStock`] |
//! | 409 `STOCK_CONFLICT` | [`Hold::Conflict`]: nothing was sold, may be tried again |
//! | 409 with another code | no answer: the key may be in use by our own earlier try |
//! | other 4xx | [`Reason::Invalid`] |
//! | any 4xx without the API's own error object, 3xx, an unreadable 2xx | unreadable |
//!
//! 408, 429 and 5xx are dealt with by the line.

use serde_json::value::RawValue;

use super::super::wire::Node;
use super::super::{Goods, Hold, Offer, Outcome, Reason, Stock, SupplierError, SupplierReference};
use super::{ListedOrder, QUANTITY_MAX, Wallet};
use crate::money::{Currency, Money, UnitCost};
use crate::secret::{Code, Codes};
use crate::world::Response;

/// What a purchase came to.
pub(super) fn purchase(response: &Response) -> Result<Outcome, SupplierError> {
    if (200..300).contains(&response.status) {
        return outcome(&success(response)?, None);
    }
    let Some(code) = error_code(response) else {
        return Err(SupplierError::Garbled("an error that is not the API's own"));
    };
    // What is wrong with a key was decided before or beside the purchase it stands for.
    if code.contains("IDEMPOTENCY") {
        return Err(SupplierError::NoAnswer);
    }
    match (response.status, code.as_str()) {
        (409, "OUT_OF_STOCK") => Ok(Outcome::Refused(Reason::OutOfStock)),
        (409, "STOCK_CONFLICT") => Err(SupplierError::NotSent { why: Hold::Conflict, retry_in: None }),
        (409, _) => Err(SupplierError::NoAnswer),
        (status, code) => Ok(Outcome::Refused(reason(status, code))),
    }
}

/// What an order came to, from its detail.
pub(super) fn detail(response: &Response, reference: &SupplierReference) -> Result<Outcome, SupplierError> {
    outcome(&data(response)?, Some(reference))
}

/// The `data` of a successful reading request.
pub(super) fn data(response: &Response) -> Result<Node, SupplierError> {
    if (200..300).contains(&response.status) {
        return success(response);
    }
    match (response.status, error_code(response)) {
        (status @ 400..500, Some(code)) => Err(SupplierError::Refused(reason(status, &code))),
        // Reading again is harmless, and the status alone says what an admin has to look at.
        (status @ (401 | 403), None) => Err(SupplierError::Refused(reason(status, ""))),
        _ => Err(SupplierError::Garbled("an error that is not the API's own")),
    }
}

fn success(response: &Response) -> Result<Node, SupplierError> {
    let body = Node::parse(&response.body).ok_or(SupplierError::Garbled("a body that is not JSON"))?;
    if body.at("success").truth() == Some(false) {
        return Err(SupplierError::Garbled("a success that says it is none"));
    }
    let data = body.at("data");
    if data.is_object() { Ok(data.clone()) } else { Err(SupplierError::Garbled("an answer without data")) }
}

/// The code in the API's own error object, in capitals; empty if the object has none. `None` if the body
/// is anything else: a proxy's page, a cut answer.
fn error_code(response: &Response) -> Option<String> {
    let body = Node::parse(&response.body).filter(|_| (400..500).contains(&response.status))?;
    let error = body.at("error");
    let is_own = body.at("success").truth() == Some(false) && !error.is_null();
    is_own.then(|| error.at("code").text().or(error.text()).unwrap_or_default().trim().to_ascii_uppercase())
}

fn reason(status: u16, code: &str) -> Reason {
    match status {
        403 if code == "WALLET_FROZEN" => Reason::Frozen,
        401 | 403 => Reason::Unauthorized,
        402 => Reason::NoFunds,
        404 => Reason::UnknownProduct,
        _ => Reason::Invalid,
    }
}

/// An `order` with its `codes`, from a purchase or a detail.
fn outcome(data: &Node, asked: Option<&SupplierReference>) -> Result<Outcome, SupplierError> {
    let order = data.at("order");
    if !order.is_object() {
        return Err(SupplierError::Garbled("an answer without an order"));
    }
    let named = order.at("id").text().map(|id| SupplierReference(id.to_owned()));
    let reference = named.or_else(|| asked.cloned());
    let listed = data.at("codes").list().unwrap_or_default();
    let status = order.at("status").text().unwrap_or_default().trim().to_ascii_uppercase();
    match status.as_str() {
        "COMPLETED" if listed.is_empty() => Err(SupplierError::Garbled("a completed order without codes")),
        "COMPLETED" => Ok(Outcome::Ready(Goods {
            codes: codes(listed).ok_or(SupplierError::Garbled("a code that is not text"))?,
            stated: order.at("quantity").count(),
            charged: charged(data),
            reference,
        })),
        "FAILED" if listed.is_empty() => Ok(Outcome::Refused(Reason::Cancelled)),
        "FAILED" => Err(SupplierError::Garbled("a failed order with codes")),
        _ => {
            let reference = reference.ok_or(SupplierError::Garbled("an order without an identity"))?;
            Ok(Outcome::Pending { reference, progress: None })
        }
    }
}

/// The codes by their `index` (from 1), exact. One that cannot be read makes all of them unreadable,
/// because nobody could tell which piece is missing.
fn codes(listed: &[Node]) -> Option<Codes> {
    let mut codes = Vec::with_capacity(listed.len());
    for (place, entry) in listed.iter().enumerate() {
        let code = if entry.is_object() { entry.at("code") } else { entry };
        let index = entry.at("index").count().and_then(|index| usize::try_from(index).ok());
        codes.push((index.unwrap_or(place.saturating_add(1)), Code::new(code.text()?.to_owned())));
    }
    codes.sort_by_key(|(index, _)| *index);
    Some(codes.into_iter().map(|(_, code)| code).collect())
}

fn charged(data: &Node) -> Option<Money> {
    let currency = currency(data.at("order"))?;
    data.at("wallet").at("deducted").money(currency).or_else(|| data.at("order").at("totalAmount").money(currency))
}

/// The currency an object names; USDT if it names none, nothing if it names one we do not know.
fn currency(node: &Node) -> Option<Currency> {
    node.at("currency").text().map_or(Some(Currency::Usdt), |text| text.parse().ok())
}

/// The offers on a page of products, grouped by category there.
pub(super) fn offers(data: &Node) -> Result<Vec<Offer>, SupplierError> {
    let categories = data.at("categories").list().ok_or(SupplierError::Garbled("products without categories"))?;
    let mut offers = Vec::new();
    for category in categories {
        for product in category.at("products").list().unwrap_or_default() {
            offers.extend(offer(product, category));
        }
    }
    Ok(offers)
}

fn offer(product: &Node, category: &Node) -> Option<Offer> {
    let sku = product.at("id").text()?.to_owned();
    let text = |node: &Node| node.text().unwrap_or_default().to_owned();
    let cost = product.at("price").amount().zip(currency(product));
    Some(Offer {
        name: product.at("name").text().unwrap_or(&sku).to_owned(),
        names: Vec::new(),
        category: text(category.at("name")),
        category_id: text(category.at("id")),
        cost: cost.and_then(|(amount, currency)| UnitCost::new(amount, currency).ok()),
        stock: stock(product),
        quantity_min: 1,
        quantity_max: QUANTITY_MAX,
        sku,
    })
}

/// The number if there is one; otherwise the word, of which only `IN_STOCK` is documented.
fn stock(product: &Node) -> Stock {
    let word = || product.at("stockStatus").text().unwrap_or_default().eq_ignore_ascii_case("IN_STOCK");
    match product.at("availableQuantity").count() {
        Some(0) => Stock::Out,
        Some(count) => Stock::Count(count),
        None if word() => Stock::Some,
        None => Stock::Out,
    }
}

/// The orders on a page of orders. One without an identity cannot be asked about and is left out.
pub(super) fn listed(data: &Node) -> Result<Vec<ListedOrder>, SupplierError> {
    let orders = data.at("orders").list().ok_or(SupplierError::Garbled("an order list without orders"))?;
    let read = orders.iter().filter_map(|order| {
        Some(ListedOrder {
            reference: SupplierReference(order.at("id").text()?.to_owned()),
            sku: order.at("productId").text().unwrap_or_default().to_owned(),
            quantity: order.at("quantity").count(),
            status: order.at("status").text().unwrap_or_default().to_owned(),
            created_at: order.at("createdAt").moment(),
        })
    });
    Ok(read.collect())
}

/// The wallet, its transactions as raw JSON.
pub(super) fn wallet(response: &Response) -> Result<Wallet, SupplierError> {
    #[derive(serde::Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        data: Data<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Data<'a> {
        #[serde(borrow, default)]
        transactions: Vec<&'a RawValue>,
    }
    let data = data(response)?;
    let wallet = data.at("wallet");
    let balance = wallet.at("balance").amount().zip(currency(wallet)).and_then(|(amount, currency)| {
        let spendable =
            amount.round_dp_with_strategy(currency.digits(), rust_decimal::RoundingStrategy::ToNegativeInfinity);
        Money::from_decimal(spendable, currency).ok().filter(|money| money.currency() == Currency::Usdt)
    });
    let transactions = serde_json::from_slice::<Body<'_>>(&response.body).map(|body| body.data.transactions);
    Ok(Wallet {
        balance: balance.ok_or(SupplierError::Garbled("a wallet without a balance in USDT"))?,
        status: wallet.at("status").text().unwrap_or_default().to_owned(),
        transactions: transactions.unwrap_or_default().into_iter().map(|raw| raw.get().to_owned()).collect(),
    })
}
