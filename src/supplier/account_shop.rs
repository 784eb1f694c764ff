//! The account shop: mailboxes and accounts, paid from our balance there or by the buyer's own crypto.
//!
//! Facts are from the account shop's page of endpoints ("the contract" below) and, for the paths of
//! login, create and query, from the shop's public documentation. Response bodies other than the product
//! list are documented nowhere: they are read by the documented names and the likely other names for
//! them, and what cannot be read is never taken for a yes or a no.
//!
//! There is no idempotency key and no order list. A lost or unreadable answer to a create can therefore
//! not be resolved by a program: [`Supplier::find`] finds nothing, and the order is for a person.
//!
//! There is no way to ask for our balance either: [`Supplier::funds`] is [`Funds::Unknown`].
//!
//! Credentials are looked up at `/orders/query`, three times a minute for one IP address and twice for
//! one order. Those lookups have a line of their own, and one is only spent when the order's status,
//! which costs nothing, says that it was delivered.

mod goods;
mod login;
mod settings;
mod status;
#[cfg(test)]
mod tests;
mod wire;

use std::time::Duration;

use async_trait::async_trait;

use self::login::Login;
use self::settings::Config;
use self::status::Phase;
use self::wire::{Known, Way};
use super::line::{Limit, Limits, Line, Purpose};
use super::wire::{Node, encoded};
use super::{
    Breaker, Capacity, Coin, Funds, Goods, Hold, Offer, Outcome, Pace, Payment, Placement, Reason, Supplier,
    SupplierError, SupplierName, SupplierReference, Terms,
};
use crate::config::{Section, SettingsError};
use crate::secret::{ExposeSecret, SecretString};
use crate::world::{Method, Request, Response, World};

pub use self::settings::{PayFrom, SECTION};

/// Its short name.
pub const NAME: &str = "account_shop";
/// The most pieces in one order (contract, Create Order).
pub const QUANTITY_MAX: u32 = 200;
/// Credential lookups in [`LOOKUP_WINDOW`] from one IP address, so for the whole process (contract,
/// Query Order).
pub const LOOKUPS: u32 = 3;
/// Credential lookups in [`LOOKUP_WINDOW`] for one order and e-mail address (contract, Query Order).
pub const LOOKUPS_PER_ORDER: u32 = 2;
/// The window of both.
pub const LOOKUP_WINDOW: Duration = Duration::from_mins(1);
/// How long a `429` without a wait holds a line; the shop does not say.
const HOLD_DEFAULT: Duration = Duration::from_mins(1);
/// How long a read may take.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a purchase may take. As long as the lease of the worker that waits for it allows.
const PURCHASE_TIMEOUT: Duration = Duration::from_secs(16);
/// How long a login may take: with the purchase it must fit into the lease of the worker that waits.
pub(super) const LOGIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The account shop.
#[derive(Debug)]
pub struct AccountShop {
    line: Line,
    lookups: Line,
    config: Config,
    login: Login,
    terms: Terms,
}

impl AccountShop {
    /// Sets the supplier up from its settings, with lines of its own.
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
            currency: config.currency,
            funds_currency: config.pay_from.currency(),
            sells_from_funds: config.can_log_in() || config.token.is_some(),
            invoices: true,
            quantity_max: QUANTITY_MAX,
            key_lifetime: None,
            pace: Pace::WithinMinutes,
        };
        // Only the lookup has a stated limit; everything else relies on being told by a 429.
        let open = Limits {
            requests: None,
            purchases: None,
            per_subject: None,
            purchases_are_requests: true,
            hold_default: HOLD_DEFAULT,
        };
        let window = |count| Some(Limit { count, window: LOOKUP_WINDOW });
        let lookups = Limits { requests: window(LOOKUPS), per_subject: window(LOOKUPS_PER_ORDER), ..open };
        Self {
            line: Line::new(name.clone(), open, world.clone()),
            lookups: Line::new(name, lookups, world.clone()),
            login: Login::new(config.token.clone()),
            config,
            terms,
        }
    }

    fn request(&self, method: Method, path: &str, token: Option<&SecretString>) -> Request {
        let mut headers = vec![("accept", "application/json".to_owned())];
        headers.extend(token.map(|token| ("authorization", format!("Bearer {}", token.expose_secret()))));
        let timeout = if method == Method::Post { PURCHASE_TIMEOUT } else { READ_TIMEOUT };
        Request { method, url: format!("{}{path}", self.config.url), headers, json: None, timeout }
    }

    async fn read(&self, path: &str, purpose: Purpose<'_>) -> Result<Node, SupplierError> {
        wire::read(&self.line.send(self.request(Method::Get, path, None), purpose).await?)
    }

    /// Sends the create with our token. A `401` means that nothing was done, for want of a good token,
    /// so after one more login it may be sent once more.
    async fn create_signed(&self, body: &str) -> Result<Response, SupplierError> {
        let token = self.login.token(self).await?;
        let first = self.line.send(self.create_request(body, Some(&token)), Purpose::Purchase).await?;
        if first.status != 401 || !self.config.can_log_in() {
            return Ok(first);
        }
        let token = self.login.renewed(self, &token).await?;
        self.line.send(self.create_request(body, Some(&token)), Purpose::Purchase).await
    }

    fn create_request(&self, body: &str, token: Option<&SecretString>) -> Request {
        Request { json: Some(body.to_owned()), ..self.request(Method::Post, "/orders/create", token) }
    }

    /// The create's body (contract, Create Order): `coin` only with crypto, `couponCode` only when used.
    fn create_body(&self, placement: &Placement) -> String {
        let method = match placement.payment {
            Payment::Wallet => self.config.pay_from.word(),
            Payment::Crypto(_) => "crypto",
            Payment::Alipay => "alipay",
            Payment::Wechat => "wechat",
        };
        let mut body = serde_json::json!({
            "productId": placement.sku,
            "quantity": placement.quantity,
            "contactEmail": self.config.contact_email,
            "paymentMethod": method,
        });
        if let Payment::Crypto(coin) = placement.payment {
            body["coin"] = coin.word().into();
        }
        if let Some(coupon) = placement.coupon.as_deref().filter(|coupon| !coupon.trim().is_empty()) {
            body["couponCode"] = coupon.into();
        }
        body.to_string()
    }

    /// The status of an order. Whether the path takes the identity or the number is not documented, so
    /// where the first is unknown the second is tried. A token is sent if there is one; none is asked for.
    async fn status(&self, known: &Known) -> Result<Node, SupplierError> {
        let mut names = known.names();
        let first = names.next().ok_or(SupplierError::Garbled("an order reference without an identity"))?;
        let answer = self.status_of(first, known.way).await?;
        let answer = match names.next() {
            Some(other) if answer.status == 404 => self.status_of(other, known.way).await?,
            _ => answer,
        };
        wire::read(&answer)
    }

    async fn status_of(&self, name: &str, way: Way) -> Result<Response, SupplierError> {
        let path = format!("/orders/{}/status", encoded(name));
        let token = if way == Way::Balance { self.login.in_memory() } else { None };
        let answer = self.line.send(self.request(Method::Get, &path, token.as_ref()), Purpose::Sale).await?;
        if answer.status != 401 || way != Way::Balance || !self.config.can_log_in() {
            return Ok(answer);
        }
        let token = match token {
            Some(token) => self.login.renewed(self, &token).await,
            None => self.login.token(self).await,
        };
        self.line.send(self.request(Method::Get, &path, Some(&token?)), Purpose::Sale).await
    }

    /// Looks the credentials up.
    async fn lookup(&self, known: &Known, reference: &SupplierReference) -> Result<Outcome, SupplierError> {
        let number = known.number().ok_or(SupplierError::Garbled("an order reference without a number"))?;
        let path = format!("/orders/query?order_no={}&email={}", encoded(number), encoded(&self.config.contact_email));
        let request = self.request(Method::Get, &path, None);
        let answer = wire::read(&self.lookups.send(request, Purpose::About(number)).await?)?;
        if let Some(codes) = goods::credentials(&answer, known.quantity) {
            let stated = wire::stated(&answer);
            return Ok(Outcome::Ready(Goods { codes, stated, charged: None, reference: Some(reference.clone()) }));
        }
        // The status ran ahead of the delivery: nothing is wrong yet.
        match status::phase(&answer) {
            Some(phase) if phase != Phase::Done && !phase.is_over() => Ok(known.pending(reference, phase)),
            _ => Err(SupplierError::Garbled("a completed order without readable credentials")),
        }
    }
}

#[async_trait]
impl Supplier for AccountShop {
    fn terms(&self) -> &Terms {
        &self.terms
    }

    fn capacity(&self) -> Capacity {
        self.line.capacity()
    }

    fn breaker(&self) -> Breaker {
        self.line.breaker()
    }

    /// The product list needs no credentials; they are tried where there are any to log in with.
    async fn reach(&self) -> Result<(), SupplierError> {
        self.read("/products", Purpose::Sale).await?;
        if self.config.token.is_none() && self.config.can_log_in() {
            self.login.token(self).await?;
        }
        Ok(())
    }

    async fn products(&self) -> Result<Vec<Offer>, SupplierError> {
        let request = self.request(Method::Get, "/products", None);
        let answer = wire::read(&self.line.read_patiently(request, Purpose::Background).await?)?;
        wire::offers(&answer, self.config.currency)
    }

    async fn offer(&self, sku: &str, _category_id: &str) -> Result<Option<Offer>, SupplierError> {
        let request = self.request(Method::Get, &format!("/products/{}", encoded(sku)), None);
        let answer = self.line.send(request, Purpose::Sale).await?;
        if answer.status == 404 && Node::parse(&answer.body).is_some_and(|body| body.is_object()) {
            return Ok(None);
        }
        wire::detail(&wire::read(&answer)?, sku, self.config.currency).map(Some)
    }

    /// Unknown: the shop documents no way to ask.
    async fn funds(&self) -> Result<Funds, SupplierError> {
        Ok(Funds::Unknown)
    }

    /// All seven coins, and the two checkouts where the shop says clearly that they are on.
    async fn payments(&self) -> Result<Vec<Payment>, SupplierError> {
        let config = match self.read("/payment-config", Purpose::Sale).await {
            Ok(config) => config,
            Err(SupplierError::Garbled(_) | SupplierError::Refused(_)) => Node::Null,
            Err(error) => return Err(error),
        };
        let on = |name| wire::switched_on(&config, name);
        let coins = if on("crypto") == Some(false) { &[][..] } else { &Coin::ALL[..] };
        let mut payments: Vec<Payment> = coins.iter().copied().map(Payment::Crypto).collect();
        payments.extend((on("alipay") == Some(true)).then_some(Payment::Alipay));
        payments.extend((on("wechat") == Some(true)).then_some(Payment::Wechat));
        Ok(payments)
    }

    /// Creates the order. Every answer that is neither an order nor a definite no is unreadable, and the
    /// create is never repeated.
    async fn place(&self, placement: &Placement) -> Result<Outcome, SupplierError> {
        if !(1..=QUANTITY_MAX).contains(&placement.quantity) {
            return Ok(Outcome::Refused(Reason::Invalid));
        }
        let body = self.create_body(placement);
        let answer = match placement.payment {
            Payment::Wallet if !self.terms.sells_from_funds => return Ok(Outcome::Refused(Reason::Invalid)),
            Payment::Wallet => self.create_signed(&body).await,
            Payment::Crypto(_) => self.line.send(self.create_request(&body, None), Purpose::Purchase).await,
            Payment::Alipay | Payment::Wechat => {
                if !self.payments().await.map_err(nothing_created)?.contains(&placement.payment) {
                    return Ok(Outcome::Refused(Reason::Invalid));
                }
                self.line.send(self.create_request(&body, None), Purpose::Purchase).await
            }
        };
        match answer {
            // Only a login is refused here, before anything was created.
            Err(SupplierError::Refused(reason)) => Ok(Outcome::Refused(reason)),
            Err(error) => Err(error),
            Ok(answer) => wire::created(&answer, placement),
        }
    }

    async fn check(&self, reference: &SupplierReference) -> Result<Outcome, SupplierError> {
        let known = Known::read(reference)?;
        let answer = self.status(&known).await?;
        match status::phase(&answer).ok_or(SupplierError::Garbled("a status answer without a status"))? {
            Phase::Done => self.lookup(&known, reference).await,
            Phase::Expired | Phase::Cancelled if known.way == Way::PastUs => Ok(Outcome::Expired),
            Phase::Expired | Phase::Cancelled => Ok(Outcome::Refused(Reason::Cancelled)),
            phase => Ok(known.pending(reference, phase)),
        }
    }

    /// Nothing, ever: the shop has no order list, and a query needs the number that was lost.
    async fn find(&self, _placement: &Placement) -> Result<Vec<SupplierReference>, SupplierError> {
        Ok(Vec::new())
    }
}

/// An error of a request that comes before a create: whatever it was, the create was not sent.
fn nothing_created(error: SupplierError) -> SupplierError {
    match error {
        SupplierError::NotSent { .. } => error,
        _ => SupplierError::NotSent { why: Hold::Unreachable, retry_in: None },
    }
}
