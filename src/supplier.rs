//! Upstreams that sell us codes, behind one small trait.
//!
//! A supplier file owns everything about its supplier: wire types, words, amounts, limits. It sees
//! neither the database nor the order; it is handed a [`Placement`] and answers with an [`Outcome`]
//! or a [`SupplierError`] that says what may be done next. The distinction that matters most:
//!
//! * [`Outcome::Refused`]: the supplier said definitely that nothing was sold. Money may go back.
//! * [`SupplierError::NotSent`]: nothing was asked, or it was turned away untouched. May be sent again.
//! * [`SupplierError::NoAnswer`], [`SupplierError::Garbled`]: it may have sold. Must be asked about,
//!   never repeated without the supplier's own protection against repetition.
//!
//! Adding a supplier is one file here and one line in [`registry`].

pub mod account_shop;
pub mod line;
pub mod one4all;
#[cfg(test)]
pub(crate) mod script;
pub mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::config::{Section, SectionSpec, Settings, SettingsError};
use crate::id::IdempotencyKey;
use crate::money::{Currency, Money, UnitCost};
use crate::secret::Codes;
use crate::world::{Moment, World};

/// Sets a supplier up from its section.
type Open = fn(&Section, &World) -> Result<Arc<dyn Supplier>, SettingsError>;

/// Every supplier there is: a line for each.
const KNOWN: [(&SectionSpec, Open); 2] = [
    (&one4all::SECTION, |section, world| Ok(Arc::new(one4all::One4All::open(section, world)?))),
    (&account_shop::SECTION, |section, world| Ok(Arc::new(account_shop::AccountShop::open(section, world)?))),
];

/// The settings sections of all suppliers.
pub const SECTIONS: &[&SectionSpec] = &[KNOWN[0].0, KNOWN[1].0];

/// The suppliers that are configured, each with its own line. A section that is absent is a supplier
/// that is switched off.
///
/// # Errors
/// The problems of all sections together.
pub fn registry(settings: &Settings, world: &World) -> Result<Vec<Arc<dyn Supplier>>, SettingsError> {
    let mut found = Vec::new();
    let mut problems = SettingsError::default();
    for (spec, open) in KNOWN {
        match settings.section(spec.path).map(|section| open(section, world)) {
            Some(Ok(supplier)) => found.push(supplier),
            Some(Err(problem)) => problems.absorb(problem),
            None => {}
        }
    }
    if problems.problems().is_empty() { Ok(found) } else { Err(problems) }
}

/// The `url` setting of a section, without a slash at its end.
fn base_url(section: &Section) -> Result<String, SettingsError> {
    let url = section.required("url")?.trim_end_matches('/');
    if url.starts_with("https://") || url.starts_with("http://") {
        Ok(url.to_owned())
    } else {
        Err(section.invalid("url", "is not an address that begins with https:// or http://"))
    }
}

/// A supplier's short name: in rows, settings, logs and admin commands. Never shown to a buyer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SupplierName(String);

impl SupplierName {
    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SupplierName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl fmt::Display for SupplierName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for SupplierName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

crate::id::text_column!(SupplierName);

/// The coins a supplier takes on a crypto invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coin {
    /// USDT on Tron.
    Trc20Usdt,
    /// USDT on Ethereum.
    Erc20Usdt,
    /// USDT on BNB Smart Chain.
    Bep20Usdt,
    /// Bitcoin.
    Btc,
    /// Ether.
    Eth,
    /// Tron.
    Trx,
    /// BNB.
    Bnb,
}

impl Coin {
    /// All seven, in the order offered.
    pub const ALL: [Self; 7] =
        [Self::Trc20Usdt, Self::Erc20Usdt, Self::Bep20Usdt, Self::Btc, Self::Eth, Self::Trx, Self::Bnb];

    /// The word used on the wire, in rows and in buttons.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trc20Usdt => "trc20_usdt",
            Self::Erc20Usdt => "erc20_usdt",
            Self::Bep20Usdt => "bep20_usdt",
            Self::Btc => "btc",
            Self::Eth => "eth",
            Self::Trx => "trx",
            Self::Bnb => "bnb",
        }
    }

    /// The ticker people know.
    pub const fn ticker(self) -> &'static str {
        match self {
            Self::Trc20Usdt | Self::Erc20Usdt | Self::Bep20Usdt => "USDT",
            Self::Btc => "BTC",
            Self::Eth => "ETH",
            Self::Trx => "TRX",
            Self::Bnb => "BNB",
        }
    }

    /// The network in words.
    pub const fn network(self) -> &'static str {
        match self {
            Self::Trc20Usdt | Self::Trx => "Tron (TRC-20)",
            Self::Erc20Usdt | Self::Eth => "Ethereum (ERC-20)",
            Self::Bep20Usdt | Self::Bnb => "BNB Smart Chain (BEP-20)",
            Self::Btc => "Bitcoin",
        }
    }
}

/// Who pays the supplier for an order, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payment {
    /// The shop's own funds with the supplier; the buyer pays from their wallet.
    Wallet,
    /// The buyer pays the supplier's crypto invoice.
    Crypto(Coin),
    /// The buyer pays in the supplier's Alipay checkout.
    Alipay,
    /// The buyer pays in the supplier's WeChat Pay checkout.
    Wechat,
}

impl Payment {
    /// The word in rows and buttons.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wallet => "wallet",
            Self::Crypto(coin) => coin.word(),
            Self::Alipay => "alipay",
            Self::Wechat => "wechat",
        }
    }

    /// Whether the buyer pays the supplier directly, past our ledger.
    pub const fn is_past_us(self) -> bool {
        !matches!(self, Self::Wallet)
    }
}

impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A payment word nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown way of paying")]
pub struct UnknownPayment;

impl std::str::FromStr for Payment {
    type Err = UnknownPayment;

    fn from_str(text: &str) -> Result<Self, UnknownPayment> {
        match text {
            "wallet" => Ok(Self::Wallet),
            "alipay" => Ok(Self::Alipay),
            "wechat" => Ok(Self::Wechat),
            coin => Coin::ALL.into_iter().find(|known| known.word() == coin).map(Self::Crypto).ok_or(UnknownPayment),
        }
    }
}

crate::id::text_column!(Payment);

/// How soon goods come after payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// In the same breath as the purchase.
    AtOnce,
    /// After some polling.
    WithinMinutes,
}

/// What is fixed about a supplier.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Its short name.
    pub name: SupplierName,
    /// The currency of its costs and of our funds there.
    pub currency: Currency,
    /// The currency our funds are held in, where it differs from the costs.
    pub funds_currency: Currency,
    /// Whether wallet orders can be placed at all (the credentials for it are configured).
    pub sells_from_funds: bool,
    /// Ways the buyer may pay the supplier past us. Live availability: [`Supplier::payments`].
    pub invoices: bool,
    /// The most pieces in one order.
    pub quantity_max: u32,
    /// How long an idempotency key protects a purchase; `None`: the supplier has no such thing.
    pub key_lifetime: Option<Duration>,
    /// How soon goods come.
    pub pace: Pace,
}

/// How many are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stock {
    /// So many.
    Count(u32),
    /// Some; the supplier does not say how many.
    Some,
    /// None, or the supplier's words cannot be read as "some".
    Out,
}

impl Stock {
    /// Whether `quantity` can be had, as far as this says.
    pub fn covers(self, quantity: u32) -> bool {
        match self {
            Self::Count(count) => count >= quantity,
            Self::Some => true,
            Self::Out => false,
        }
    }
}

/// One supplier's product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The supplier's identity for it, as needed to buy it.
    pub sku: String,
    /// The name to show where no better language is known.
    pub name: String,
    /// Names in other languages: two-letter code and text.
    pub names: Vec<(String, String)>,
    /// The name of the supplier's category; empty if it has none.
    pub category: String,
    /// The supplier's identity for that category, which makes [`Supplier::offer`] cheap; empty if it has none.
    pub category_id: String,
    /// The cost of one piece; `None` if it cannot be read or is not positive. Such an offer is not sold.
    pub cost: Option<UnitCost>,
    /// How many there are.
    pub stock: Stock,
    /// The fewest pieces in one order.
    pub quantity_min: u32,
    /// The most pieces in one order.
    pub quantity_max: u32,
}

/// Our own balance with a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Funds {
    /// So much.
    Known(Money),
    /// The supplier has no way to ask.
    Unknown,
    /// There may be money, but the supplier does not let us spend it.
    Frozen,
}

/// The request for an order, as it is sent (and sent again).
#[derive(Debug, Clone)]
pub struct Placement {
    /// Made once per order; the same on every try.
    pub key: IdempotencyKey,
    /// What to buy.
    pub sku: String,
    /// How many pieces.
    pub quantity: u32,
    /// Who pays and how.
    pub payment: Payment,
    /// A coupon to pass through.
    pub coupon: Option<String>,
    /// When the first try was committed.
    pub placed_at: Moment,
}

/// The supplier's own name for an order: whatever it needs to be asked about it. Not secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SupplierReference(pub String);

/// An on-chain or checkout payment the buyer must make to the supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Where to send coins; `None` for a web checkout.
    pub address: Option<String>,
    /// The exact amount, in the supplier's own digits.
    pub amount: Option<String>,
    /// A web checkout to open.
    pub url: Option<String>,
    /// When it stops being payable, Unix milliseconds, if the supplier said.
    pub expires_at_ms: Option<i64>,
}

/// What the buyer's payment looks like from the supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentProgress {
    /// Nothing seen.
    Waiting,
    /// Seen, not final.
    Confirming,
    /// Too little arrived.
    Underpaid,
    /// More than asked arrived.
    Overpaid,
    /// Settled; goods follow.
    Paid,
}

/// Goods as they came.
#[derive(Debug, Clone)]
pub struct Goods {
    /// The codes, exact.
    pub codes: Codes,
    /// How many the supplier says it delivered, if it says.
    pub stated: Option<u32>,
    /// What the supplier says it charged, if it says.
    pub charged: Option<Money>,
    /// The supplier's name for the order, if the answer had it.
    pub reference: Option<SupplierReference>,
}

/// A definite answer.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The goods are here. Whether they are all of them is for the order machine to judge.
    Ready(Goods),
    /// Sold, not delivered yet; ask again.
    Pending {
        /// What to ask about.
        reference: SupplierReference,
        /// For an invoice: how far the payment is.
        progress: Option<PaymentProgress>,
    },
    /// The buyer must pay first.
    Invoice {
        /// What to ask about.
        reference: SupplierReference,
        /// How to pay.
        invoice: Invoice,
    },
    /// An invoice that ran out unpaid.
    Expired,
    /// Definitely nothing was sold.
    Refused(Reason),
}

/// Why a supplier refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Fewer pieces than asked for.
    OutOfStock,
    /// Our funds there are too small. The buyer is told the product is unavailable; admins are told why.
    NoFunds,
    /// Our account there is frozen.
    Frozen,
    /// Our key or token is not accepted, lacks a right, or comes from the wrong address.
    Unauthorized,
    /// The supplier does not know the product (any more).
    UnknownProduct,
    /// The supplier does not accept the request as it is (quantity, coupon, way of paying).
    Invalid,
    /// Others were faster, again and again.
    Conflict,
    /// The order was cancelled, failed or was refunded at the supplier.
    Cancelled,
}

/// Why nothing was asked, or why it was turned away untouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Could not connect.
    Unreachable,
    /// A rate limit: ours, or the supplier's 429.
    RateLimited,
    /// Too many failures lately; nothing is sent for a while.
    BreakerOpen,
    /// A concurrent purchase got in between, and the supplier said that nothing was sold.
    Conflict,
}

/// No definite answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SupplierError {
    /// Nothing happened at the supplier; may be tried again after `retry_in`.
    #[error("not sent ({why:?})")]
    NotSent {
        /// Why.
        why: Hold,
        /// How long to wait, if known.
        retry_in: Option<Duration>,
    },
    /// The request may have been carried out: ask before anything else.
    #[error("no answer")]
    NoAnswer,
    /// An answer came and cannot be read: ask, and tell an admin. The text names the shape that was
    /// missing, never what was there.
    #[error("unreadable answer: {0}")]
    Garbled(&'static str),
    /// The supplier refused a *reading* request (a purchase is refused with [`Outcome::Refused`]).
    #[error("refused ({0:?})")]
    Refused(Reason),
}

/// How many purchases may be sent right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// So many purchases.
    pub purchases: u32,
    /// When there is room again, if there is none.
    pub retry_in: Duration,
    /// Whether more than half of the read limit is left, so that nothing needs saving.
    pub calm: bool,
}

/// The state of a supplier's circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// Everything is sent.
    Closed,
    /// Nothing is sent for a while.
    Open,
    /// One request is let through to see.
    HalfOpen,
}

/// An upstream that sells us codes.
#[async_trait]
pub trait Supplier: Send + Sync {
    /// What is fixed about it.
    fn terms(&self) -> &Terms;

    /// How many purchases may be sent right now, by rate limit and circuit breaker.
    fn capacity(&self) -> Capacity;

    /// The state of its circuit breaker.
    fn breaker(&self) -> Breaker;

    /// Asks whether it is there and accepts our credentials.
    async fn reach(&self) -> Result<(), SupplierError>;

    /// Everything it sells, all pages. Runs in the background: yields to sales when limits are near.
    async fn products(&self) -> Result<Vec<Offer>, SupplierError>;

    /// One product, now. `None`: it is gone. `category_id` is [`Offer::category_id`] as last seen; it
    /// narrows the search, and an empty one searches everything.
    async fn offer(&self, sku: &str, category_id: &str) -> Result<Option<Offer>, SupplierError>;

    /// Our balance there, now.
    async fn funds(&self) -> Result<Funds, SupplierError>;

    /// The ways a buyer may pay past us, now. Empty: none.
    async fn payments(&self) -> Result<Vec<Payment>, SupplierError>;

    /// Buys. Sent once; the caller decides about a second time.
    async fn place(&self, placement: &Placement) -> Result<Outcome, SupplierError>;

    /// Asks about an order by the supplier's name for it.
    async fn check(&self, reference: &SupplierReference) -> Result<Outcome, SupplierError>;

    /// After a lost answer: the supplier's orders that could be this placement, oldest first. The caller
    /// removes those that belong to other orders.
    async fn find(&self, placement: &Placement) -> Result<Vec<SupplierReference>, SupplierError>;
}
