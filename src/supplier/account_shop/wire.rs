//! The account shop's shapes: what is documented by its name, the rest by the names it is likely to have.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::super::wire::Node;
use super::super::{Invoice, Offer, Outcome, Payment, Placement, Reason, Stock, SupplierError, SupplierReference};
use super::QUANTITY_MAX;
use super::status::Phase;
use crate::money::{Currency, UnitCost, parse_decimal};
use crate::world::Response;

/// Who pays the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    /// We do, from our balance there.
    Balance,
    /// The buyer does.
    PastUs,
}

/// What is known about an order, as kept in its [`SupplierReference`]. Both names are kept, because it is
/// not documented which of them the status path takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_no: Option<String>,
    pub(super) quantity: u32,
    pub(super) way: Way,
}

impl Known {
    pub(super) fn read(reference: &SupplierReference) -> Result<Self, SupplierError> {
        serde_json::from_str(&reference.0).map_err(|_| SupplierError::Garbled("an order reference that is not ours"))
    }

    fn reference(&self) -> Option<SupplierReference> {
        serde_json::to_string(self).ok().map(SupplierReference)
    }

    /// The names to ask for the status by, likelier first.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let number = self.order_no.as_deref().filter(|number| self.id.as_deref() != Some(number));
        self.id.as_deref().into_iter().chain(number)
    }

    /// The name to look the credentials up by.
    pub(super) fn number(&self) -> Option<&str> {
        self.order_no.as_deref().or(self.id.as_deref())
    }

    /// The outcome of an order that is under way.
    pub(super) fn pending(&self, reference: &SupplierReference, phase: Phase) -> Outcome {
        let progress = if self.way == Way::PastUs { phase.progress() } else { None };
        Outcome::Pending { reference: reference.clone(), progress }
    }
}

/// What an object in an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Top,
    Data,
    Order,
    Payment,
}

/// Names of nested objects, and what they are about.
const NESTS: [(&str, Kind); 7] = [
    ("order", Kind::Order),
    ("orders", Kind::Order),
    ("payment", Kind::Payment),
    ("invoice", Kind::Payment),
    ("crypto", Kind::Payment),
    ("data", Kind::Data),
    ("result", Kind::Data),
];
/// How deep answers are searched.
const NEST_DEPTH: usize = 3;

/// The objects an answer may keep its facts in, outer ones first. A list of one object is that object.
pub(super) fn scopes(answer: &Node) -> Vec<(Kind, &Node)> {
    let mut found = vec![(Kind::Top, single(answer))];
    let mut level = found.clone();
    for _ in 0..NEST_DEPTH {
        let nested = level.iter().flat_map(|(_, scope)| NESTS.map(|(name, kind)| (kind, single(scope.any(&[name])))));
        level = nested.filter(|(_, scope)| scope.is_object()).collect();
        found.extend(level.iter().copied());
    }
    found
}

fn single(node: &Node) -> &Node {
    if let Some([only]) = node.list() { only } else { node }
}

/// The first text under any of the names, in the kinds of scope given, in their order.
fn text<'a>(scopes: &[(Kind, &'a Node)], kinds: &[Kind], names: &[&str]) -> Option<(&'a Node, &'a Node)> {
    kinds.iter().find_map(|wanted| {
        let mut wanted = scopes.iter().filter(|(kind, _)| kind == wanted);
        wanted.find_map(|(_, scope)| {
            names
                .iter()
                .map(|name| scope.any(&[name]))
                .find(|value| value.text().is_some())
                .map(|value| (*scope, value))
        })
    })
}

/// A readable answer to a reading request.
pub(super) fn read(response: &Response) -> Result<Node, SupplierError> {
    let body = Node::parse(&response.body);
    match response.status {
        200..300 => match body {
            Some(body) if body.at("success").truth() == Some(false) => {
                Err(SupplierError::Garbled("a success that says it is none"))
            }
            Some(body @ (Node::Object(_) | Node::List(_))) => Ok(body),
            _ => Err(SupplierError::Garbled("a body that is not JSON")),
        },
        401 | 403 => Err(SupplierError::Refused(Reason::Unauthorized)),
        400..500 if body.is_some_and(|body| body.is_object()) => Err(SupplierError::Refused(Reason::Invalid)),
        _ => Err(SupplierError::Garbled("an error that is not the API's own")),
    }
}

/// The products of a list (contract, List Products).
pub(super) fn offers(answer: &Node, currency: Currency) -> Result<Vec<Offer>, SupplierError> {
    let data = answer.at("data");
    let places = [answer.at("products"), data.at("products"), data, answer.at("items"), answer];
    let products = places.into_iter().find_map(Node::list).ok_or(SupplierError::Garbled("a list without products"))?;
    let mut seen = std::collections::HashSet::new();
    let offers = products.iter().filter_map(|product| offer(product, currency));
    Ok(offers.filter(|offer| seen.insert(offer.sku.clone())).collect())
}

/// One product, asked for by identity or slug (contract, Get Product Detail; the shape is not documented).
pub(super) fn detail(answer: &Node, sku: &str, currency: Currency) -> Result<Offer, SupplierError> {
    let data = answer.at("data");
    let places = [answer.at("product"), data.at("product"), data, answer];
    let product = places.into_iter().find(|place| !place.at("id").is_null());
    let product = product.ok_or(SupplierError::Garbled("a detail without a product"))?;
    let asked = [product.at("id"), product.at("slug")].into_iter().any(|name| name.text() == Some(sku));
    let offer = offer(product, currency).filter(|_| asked);
    offer.ok_or(SupplierError::Garbled("a detail of another product"))
}

fn offer(product: &Node, currency: Currency) -> Option<Offer> {
    let sku = product.at("id").text()?.to_owned();
    let chinese = product.any(&["name_zh"]).text().map(str::to_owned);
    let english = product.any(&["name_en", "name"]).text().map(str::to_owned);
    let category = product.any(&["category_name", "category"]).text().unwrap_or_default();
    let stock = match product.at("stock").count() {
        None | Some(0) => Stock::Out,
        Some(count) => Stock::Count(count),
    };
    Some(Offer {
        name: english.or_else(|| chinese.clone()).unwrap_or_else(|| sku.clone()),
        names: chinese.map(|name| ("zh".to_owned(), name)).into_iter().collect(),
        category: category.to_owned(),
        category_id: String::new(),
        cost: product.at("price").amount().and_then(|amount| UnitCost::new(amount, currency).ok()),
        stock,
        quantity_min: product.any(&["min_quantity"]).count().unwrap_or(1).max(1),
        quantity_max: QUANTITY_MAX,
        sku,
    })
}

/// What a create came to. A refusal is only definite as a 4xx with the API's own object, or as a 2xx
/// that says no, says why, and names no order.
pub(super) fn created(response: &Response, placement: &Placement) -> Result<Outcome, SupplierError> {
    const UNREADABLE: SupplierError = SupplierError::Garbled("an answer to a create that is not the API's own");
    let body = Node::parse(&response.body).filter(Node::is_object);
    match (response.status, body) {
        // HTTP's own meaning: not done, for want of credentials.
        (401, _) => Ok(Outcome::Refused(Reason::Unauthorized)),
        (status @ 400..500, Some(body)) if says_no(&body) || says_why(&body) => {
            Ok(Outcome::Refused(reason(status, &body)))
        }
        (status @ 200..300, Some(body)) => {
            let known = known(&body, placement);
            match known.reference() {
                _ if says_no(&body) && says_why(&body) && known.number().is_none() => {
                    Ok(Outcome::Refused(reason(status, &body)))
                }
                _ if says_no(&body) => Err(SupplierError::Garbled("a create that says no and names an order")),
                Some(reference) if known.number().is_some() => sold(&body, placement.payment, reference),
                _ => Err(SupplierError::Garbled("a create without an order identity")),
            }
        }
        _ => Err(UNREADABLE),
    }
}

fn sold(body: &Node, payment: Payment, reference: SupplierReference) -> Result<Outcome, SupplierError> {
    let invoice = match payment {
        Payment::Wallet => return Ok(Outcome::Pending { reference, progress: None }),
        Payment::Crypto(_) => crypto_invoice(body),
        Payment::Alipay | Payment::Wechat => checkout(body),
    };
    let invoice = invoice.ok_or(SupplierError::Garbled("an invoice without an address, an amount or a checkout"))?;
    Ok(Outcome::Invoice { reference, invoice })
}

fn says_no(body: &Node) -> bool {
    body.at("success").truth() == Some(false)
}

fn says_why(body: &Node) -> bool {
    !body.any(&["error", "errors", "message", "msg"]).is_null()
}

/// Status first, then a code if there is one; never the message.
fn reason(status: u16, body: &Node) -> Reason {
    let error = body.at("error");
    let codes = [error.any(&["code"]), body.any(&["code", "error_code"]), error];
    let code = codes.into_iter().filter_map(Node::text).find(|text| !text.contains(char::is_whitespace));
    let code = code.unwrap_or_default().to_lowercase();
    match status {
        402 => Reason::NoFunds,
        403 => Reason::Unauthorized,
        404 => Reason::UnknownProduct,
        _ if code.contains("stock") => Reason::OutOfStock,
        _ if code.contains("balance") || code.contains("fund") => Reason::NoFunds,
        _ if code.contains("product") => Reason::UnknownProduct,
        _ if code.contains("auth") => Reason::Unauthorized,
        409 if code.is_empty() => Reason::OutOfStock,
        _ => Reason::Invalid,
    }
}

fn known(body: &Node, placement: &Placement) -> Known {
    let scopes = scopes(body);
    let outside = [Kind::Data, Kind::Top];
    let id = text(&scopes, &[Kind::Order], &["id", "order_id"])
        .or_else(|| text(&scopes, &outside, &["order_id"]))
        .or_else(|| text(&scopes, &outside, &["id"]))
        .or_else(|| text(&scopes, &[Kind::Payment], &["order_id"]));
    let number =
        text(&scopes, &[Kind::Order, Kind::Data, Kind::Top, Kind::Payment], &["order_no", "order_number", "order_sn"]);
    let owned = |found: Option<(&Node, &Node)>| found.and_then(|(_, value)| value.text()).map(str::to_owned);
    let way = if placement.payment.is_past_us() { Way::PastUs } else { Way::Balance };
    Known { id: owned(id), order_no: owned(number), quantity: placement.quantity, way }
}

/// Where the facts of a payment are looked for, likelier first.
const PAYMENT_FIRST: [Kind; 4] = [Kind::Payment, Kind::Order, Kind::Data, Kind::Top];

fn crypto_invoice(body: &Node) -> Option<Invoice> {
    const ADDRESSES: [&str; 7] =
        ["pay_address", "payment_address", "wallet_address", "crypto_address", "deposit_address", "pay_to", "address"];
    const AMOUNTS: [&str; 4] = ["expected_amount", "pay_amount", "crypto_amount", "payment_amount"];
    let scopes = scopes(body);
    let (place, address) = text(&scopes, &PAYMENT_FIRST, &ADDRESSES)?;
    let beside = [(Kind::Payment, place)];
    // A bare "amount" beside an order may be its price in another currency, so it counts elsewhere only.
    let amount = text(&beside, &PAYMENT_FIRST, &AMOUNTS)
        .or_else(|| text(&scopes, &PAYMENT_FIRST, &AMOUNTS))
        .or_else(|| text(&beside, &PAYMENT_FIRST, &["amount"]))
        .or_else(|| text(&scopes, &[Kind::Payment, Kind::Data, Kind::Top], &["amount"]));
    let amount = exact(amount?.1)?;
    let address = address.text()?.trim().to_owned();
    Some(Invoice { address: Some(address), amount: Some(amount), url: None, expires_at_ms: expiry(&scopes) })
}

/// The amount in the shop's own digits, if it is a positive one.
fn exact(node: &Node) -> Option<String> {
    let value = node.amount().filter(|value| *value > Decimal::ZERO)?;
    let written = node.text()?.trim();
    Some(if parse_decimal(written).is_ok() { written.to_owned() } else { value.normalize().to_string() })
}

fn checkout(body: &Node) -> Option<Invoice> {
    const URLS: [&str; 7] =
        ["checkout_url", "payment_url", "pay_url", "redirect_url", "qr_code_url", "code_url", "url"];
    let scopes = scopes(body);
    let url = text(&scopes, &PAYMENT_FIRST, &URLS)?.1.text()?.trim();
    let opens = url.starts_with("https://") || url.starts_with("http://");
    opens.then(|| Invoice { address: None, amount: None, url: Some(url.to_owned()), expires_at_ms: expiry(&scopes) })
}

fn expiry(scopes: &[(Kind, &Node)]) -> Option<i64> {
    const NAMES: [&str; 6] = ["expires_at", "expire_at", "expired_at", "payment_deadline", "pay_deadline", "deadline"];
    text(scopes, &PAYMENT_FIRST, &NAMES)?.1.moment().map(crate::world::Moment::millis)
}

/// How many pieces the answer says it is about.
pub(super) fn stated(answer: &Node) -> Option<u32> {
    let quantity = ["delivered_quantity", "quantity", "qty"];
    text(&scopes(answer), &[Kind::Order, Kind::Data, Kind::Top], &quantity)?.1.count()
}

/// Whether the payment configuration says clearly that a way of paying is on, or off. Its shape is not
/// documented: a truth, or an object that says whether it is enabled, under the way's name.
pub(super) fn switched_on(config: &Node, name: &str) -> Option<bool> {
    let data = config.at("data");
    let places = [config, data, config.at("config"), data.at("config")];
    let names = [name.to_owned(), format!("{name}_enabled"), format!("enable_{name}"), format!("{name}_pay")];
    let value = names.iter().flat_map(|name| places.map(|place| place.any(&[name]))).find(|value| !value.is_null())?;
    value.truth().or_else(|| value.any(&["enabled", "is_enabled", "enable", "active", "available"]).truth())
}
