//! Money, currencies and rates, without a float anywhere.
//!
//! [`Money`] is a whole number of a currency's smallest unit. It has no operators on purpose:
//! [`Money::plus`], [`Money::minus`] and [`Money::covers`] say what happens when two currencies
//! meet (an error) and when a sum leaves the range (an error too). Crossing currencies takes a
//! [`Rate`] and names its rounding.
//!
//! A supplier's unit cost may be finer than a currency's smallest unit (a tenth of a fen), so it is
//! a [`UnitCost`]: an exact decimal that only becomes money once it is multiplied by a quantity.

#![deny(clippy::arithmetic_side_effects)]

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};

/// Currencies the shop can hold or be charged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Currency {
    /// Tether, counted in millionths.
    Usdt,
    /// US dollar, counted in cents.
    Usd,
    /// Chinese yuan, counted in fen.
    Cny,
    /// Algerian dinar, counted in centimes.
    Dzd,
}

impl Currency {
    /// Every currency, in the order shown to people.
    pub const ALL: [Self; 4] = [Self::Usdt, Self::Usd, Self::Cny, Self::Dzd];

    /// The code used in settings, rows and messages.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Usdt => "USDT",
            Self::Usd => "USD",
            Self::Cny => "CNY",
            Self::Dzd => "DZD",
        }
    }

    /// How many decimal digits one unit has.
    pub const fn digits(self) -> u32 {
        match self {
            Self::Usdt => 6,
            Self::Usd | Self::Cny | Self::Dzd => 2,
        }
    }

    /// The step prices are rounded up to, in smallest units: a hundredth of a dollar or yuan, a
    /// whole dinar.
    const fn pleasant_step(self) -> i64 {
        match self {
            Self::Usdt => 10_000,
            Self::Usd | Self::Cny => 1,
            Self::Dzd => 100,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        Self::ALL
            .into_iter()
            .find(|currency| currency.code().eq_ignore_ascii_case(text))
            .ok_or_else(|| MoneyError::UnknownCurrency(text.chars().take(16).collect()))
    }
}

/// Why an amount could not be read or computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a plain decimal number.
    #[error("not an amount")]
    NotAnAmount,
    /// The amount has more decimal digits than its currency.
    #[error("{0} has at most {digits} decimal digits", digits = .0.digits())]
    TooFine(Currency),
    /// The amount does not fit.
    #[error("amount out of range")]
    OutOfRange,
    /// Two different currencies met.
    #[error("{0} met {1}")]
    Mixed(Currency, Currency),
    /// No such currency code.
    #[error("unknown currency {0:?}")]
    UnknownCurrency(String),
}

/// An exact amount in one currency. May be negative (a difference), which callers must refuse where
/// it makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// The largest amount accepted from outside, in whole units: far above any sale, far below overflow.
    pub const UNITS_MAX: i64 = 1_000_000_000;

    /// `minor` smallest units of `currency`.
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::from_minor(0, currency)
    }

    /// Smallest units, as stored.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency of this amount.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether this is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Reads an amount a person or an upstream wrote: an optional sign, digits, at most one point.
    /// Never rounds: more digits than the currency has are refused unless they are zeros.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        Self::from_decimal(parse_decimal(text)?, currency)
    }

    /// Turns an exact decimal into money, refusing what would have to be rounded.
    pub fn from_decimal(value: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let value = value.normalize();
        if value.scale() > currency.digits() {
            return Err(MoneyError::TooFine(currency));
        }
        if value.abs() > Decimal::from(Self::UNITS_MAX) {
            return Err(MoneyError::OutOfRange);
        }
        let minor = value
            .checked_mul(Decimal::from(scale_of(currency)))
            .and_then(|minor| i64::try_from(minor).ok())
            .ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, currency })
    }

    /// This amount as an exact decimal of whole units.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.digits())
    }

    /// The sum. Fails on another currency and on overflow.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, ..self })
    }

    /// The difference. Fails on another currency and on overflow.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, ..self })
    }

    /// This amount `quantity` times.
    pub fn times(self, quantity: u32) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(i64::from(quantity)).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, ..self })
    }

    /// Whether this is at least `other`. Fails on another currency.
    pub fn covers(self, other: Self) -> Result<bool, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor >= other.minor)
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency { Ok(()) } else { Err(MoneyError::Mixed(self.currency, other.currency)) }
    }
}

impl fmt::Display for Money {
    /// At least two decimal digits, no trailing zeros beyond them: `0.85 USDT`, `12.00 CNY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.to_decimal().normalize();
        if value.scale() < 2 {
            value.rescale(2);
        }
        write!(f, "{value} {}", self.currency)
    }
}

/// What one piece costs us at a supplier: exact, positive, possibly finer than the currency's
/// smallest unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnitCost {
    amount: Decimal,
    currency: Currency,
}

impl UnitCost {
    /// A cost of zero, below zero, or beyond [`Money::UNITS_MAX`] is refused: it must never become a price.
    pub fn new(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        if amount <= Decimal::ZERO || amount > Decimal::from(Money::UNITS_MAX) {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Self { amount: amount.normalize(), currency })
    }

    /// The exact amount, in whole units of [`Self::currency`].
    pub const fn amount(self) -> Decimal {
        self.amount
    }

    /// The currency the supplier charges in.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// What `quantity` pieces cost, rounded up to the currency's smallest unit.
    pub fn times(self, quantity: u32) -> Result<Money, MoneyError> {
        let total = self.amount.checked_mul(Decimal::from(quantity)).ok_or(MoneyError::OutOfRange)?;
        rounded_up(total, self.currency)
    }
}

/// How many units of `to` one unit of `from` is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    from: Currency,
    to: Currency,
    value: Decimal,
}

impl Rate {
    /// The smallest and largest rate anybody may set.
    const BOUNDS: (Decimal, Decimal) =
        (Decimal::from_parts(1, 0, 0, false, 9), Decimal::from_parts(1_000_000_000, 0, 0, false, 0));

    /// A positive rate; zero, negative and absurd ones are refused.
    pub fn new(from: Currency, to: Currency, value: Decimal) -> Result<Self, MoneyError> {
        if value < Self::BOUNDS.0 || value > Self::BOUNDS.1 {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Self { from, to, value: value.normalize() })
    }

    /// The rate of a currency to itself.
    pub const fn identity(currency: Currency) -> Self {
        Self { from: currency, to: currency, value: Decimal::ONE }
    }

    /// Units of the target for one unit of the source.
    pub const fn value(self) -> Decimal {
        self.value
    }

    /// The source currency.
    pub const fn from(self) -> Currency {
        self.from
    }

    /// The target currency.
    pub const fn to(self) -> Currency {
        self.to
    }

    /// The price of one piece: cost × rate × (1 + margin), rounded **up** to a pleasant step.
    ///
    /// # Errors
    /// When the cost is in another currency than [`Self::from`], or the price leaves the range.
    pub fn price(self, cost: UnitCost, margin: Percent) -> Result<Money, MoneyError> {
        if cost.currency() != self.from {
            return Err(MoneyError::Mixed(cost.currency(), self.from));
        }
        let exact = cost
            .amount()
            .checked_mul(self.value)
            .and_then(|value| value.checked_mul(margin.factor()))
            .ok_or(MoneyError::OutOfRange)?;
        let money = rounded_up(exact, self.to)?;
        let step = self.to.pleasant_step();
        let steps = money.minor().checked_add(step.saturating_sub(1)).map(|sum| sum.div_euclid(step));
        let minor = steps.and_then(|steps| steps.checked_mul(step)).ok_or(MoneyError::OutOfRange)?;
        if minor <= 0 {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Money::from_minor(minor, self.to))
    }

    /// What `cost` is in the target currency, rounded up to its smallest unit.
    pub fn convert_up(self, cost: UnitCost) -> Result<Money, MoneyError> {
        if cost.currency() != self.from {
            return Err(MoneyError::Mixed(cost.currency(), self.from));
        }
        let exact = cost.amount().checked_mul(self.value).ok_or(MoneyError::OutOfRange)?;
        rounded_up(exact, self.to)
    }
}

/// A margin in percent, from -50 (a loss leader) to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(Decimal);

impl Percent {
    /// The range an owner may set, in percent.
    pub const RANGE: (i64, i64) = (-50, 1000);

    /// A percentage within [`Self::RANGE`], with at most four decimal digits.
    pub fn new(value: Decimal) -> Result<Self, MoneyError> {
        let value = value.normalize();
        if value < Decimal::from(Self::RANGE.0) || value > Decimal::from(Self::RANGE.1) || value.scale() > 4 {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Self(value))
    }

    /// Reads `10`, `12.5` or `12.5%`.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        Self::new(parse_decimal(text.strip_suffix('%').unwrap_or(text))?)
    }

    /// The percentage itself.
    pub const fn value(self) -> Decimal {
        self.0
    }

    fn factor(self) -> Decimal {
        let hundredth = Decimal::new(1, 2);
        let share = self.0.checked_mul(hundredth).unwrap_or(Decimal::ZERO);
        Decimal::ONE.checked_add(share).unwrap_or(Decimal::ONE)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// Reads a plain decimal: sign, ASCII digits, one point. Refuses exponents, separators, blanks inside,
/// and anything longer than a sane amount, so that `1e30` or a megabyte of digits is no number here.
pub fn parse_decimal(text: &str) -> Result<Decimal, MoneyError> {
    const LENGTH_MAX: usize = 28;
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.chars().any(|c| c.is_ascii_digit())
        && digits.chars().filter(|c| *c == '.').count() <= 1;
    if !plain || text.len() > LENGTH_MAX {
        return Err(MoneyError::NotAnAmount);
    }
    Decimal::from_str_exact(text.strip_prefix('+').unwrap_or(text)).map_err(|_| MoneyError::NotAnAmount)
}

fn scale_of(currency: Currency) -> i64 {
    10_i64.saturating_pow(currency.digits())
}

fn rounded_up(value: Decimal, currency: Currency) -> Result<Money, MoneyError> {
    let value = value.round_dp_with_strategy(currency.digits(), RoundingStrategy::ToPositiveInfinity);
    Money::from_decimal(value, currency)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(text: &str) -> Money {
        Money::parse(text, Currency::Usdt).unwrap()
    }

    #[test]
    fn amounts_are_read_exactly_or_refused() {
        assert_eq!(money("0.85").minor(), 850_000);
        assert_eq!(money("10").minor(), 10_000_000);
        assert_eq!(money("0.8500000").minor(), 850_000);
        assert_eq!(Money::parse("0.0000001", Currency::Usdt), Err(MoneyError::TooFine(Currency::Usdt)));
        assert_eq!(Money::parse("0.005", Currency::Cny), Err(MoneyError::TooFine(Currency::Cny)));
        for bad in ["", ".", "1e3", "1,5", "١", "0x10", "1 0", "NaN", "--1", "1.2.3", &"9".repeat(40)] {
            assert!(Money::parse(bad, Currency::Usdt).is_err(), "{bad:?}");
        }
        assert_eq!(Money::parse("1000000001", Currency::Usdt), Err(MoneyError::OutOfRange));
    }

    #[test]
    fn amounts_read_pleasantly() {
        assert_eq!(money("0.85").to_string(), "0.85 USDT");
        assert_eq!(money("12").to_string(), "12.00 USDT");
        assert_eq!(money("0.123456").to_string(), "0.123456 USDT");
    }

    #[test]
    fn currencies_never_mix() {
        let cny = Money::parse("1", Currency::Cny).unwrap();
        assert!(money("1").plus(cny).is_err());
        assert!(money("1").minus(cny).is_err());
        assert!(money("1").covers(cny).is_err());
    }

    #[test]
    fn a_price_is_cost_times_rate_and_margin_rounded_up() {
        let rate = Rate::new(Currency::Cny, Currency::Usdt, Decimal::new(14, 2)).unwrap();
        let cost = UnitCost::new(Decimal::new(5, 1), Currency::Cny).unwrap();
        let price = rate.price(cost, Percent::parse("10").unwrap()).unwrap();
        assert_eq!(price.to_string(), "0.08 USDT");
        let same = Rate::identity(Currency::Usdt);
        let cost = UnitCost::new(Decimal::new(85, 2), Currency::Usdt).unwrap();
        assert_eq!(same.price(cost, Percent::parse("10%").unwrap()).unwrap().to_string(), "0.94 USDT");
    }

    #[test]
    fn no_cost_and_no_rate_of_nothing() {
        assert!(UnitCost::new(Decimal::ZERO, Currency::Usdt).is_err());
        assert!(UnitCost::new(Decimal::NEGATIVE_ONE, Currency::Usdt).is_err());
        assert!(Rate::new(Currency::Cny, Currency::Usdt, Decimal::ZERO).is_err());
        assert!(Percent::parse("-51").is_err());
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(minor in -100_000_000_000_i64..100_000_000_000) {
            for currency in Currency::ALL {
                let amount = Money::from_minor(minor, currency);
                let text = amount.to_string();
                let number = text.strip_suffix(currency.code()).unwrap();
                prop_assert_eq!(Money::parse(number, currency), Ok(amount));
            }
        }

        #[test]
        fn a_price_never_falls_below_its_cost(minor in 1_i64..10_000_000_000, scale in 0_u32..9, margin in 0_u32..500) {
            let Ok(cost) = UnitCost::new(Decimal::new(minor, scale), Currency::Usdt) else { return Ok(()) };
            let price = Rate::identity(Currency::Usdt).price(cost, Percent::new(Decimal::from(margin)).unwrap());
            if let Ok(price) = price {
                prop_assert!(price.to_decimal() >= cost.amount());
            }
        }

        #[test]
        fn anything_at_all_is_read_or_refused(text in ".{0,64}") {
            let _ = Money::parse(&text, Currency::Usdt);
        }
    }
}
