//! The settings of the account shop.

use std::str::FromStr;

use crate::config::{Key, Section, SectionSpec, SettingsError};
use crate::money::Currency;
use crate::secret::SecretString;

/// The settings section of the account shop.
pub const SECTION: SectionSpec = SectionSpec {
    path: "supplier.account_shop",
    keys: &[
        key("url", Some("https://getgmailstore.com/api"), "where the shop's API is", "https://getgmailstore.com/api"),
        key("contact_email", None, "sent with every order and needed to look it up", "orders@example.com"),
        key("email", None, "to log in for paying from our balance", "shop@example.com"),
        Key { secret: true, ..key("password", None, "to log in for paying from our balance", "correct-horse") },
        Key { secret: true, ..key("token", None, "a user token, instead of e-mail and password", "eyJhbGciOi…") },
        key("currency", Some("CNY"), "what the shop's prices are in; it does not say", "CNY"),
        key("pay_from", Some("balance_crypto"), "`balance_cny` or `balance_crypto`", "balance_crypto"),
    ],
};

const fn key(name: &'static str, default: Option<&'static str>, meaning: &'static str, example: &'static str) -> Key {
    Key { name, default, secret: false, meaning, example }
}

/// Which of our balances pays (contract, Create Order, `paymentMethod`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayFrom {
    /// The CNY balance.
    Cny,
    /// The USD or crypto balance; the shop converts.
    Crypto,
}

impl PayFrom {
    /// The word on the wire and in the settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cny => "balance_cny",
            Self::Crypto => "balance_crypto",
        }
    }

    /// The currency of the balance.
    pub const fn currency(self) -> Currency {
        match self {
            Self::Cny => Currency::Cny,
            Self::Crypto => Currency::Usd,
        }
    }
}

/// Not one of the two balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the balances are balance_cny and balance_crypto")]
pub struct UnknownBalance;

impl FromStr for PayFrom {
    type Err = UnknownBalance;

    fn from_str(text: &str) -> Result<Self, UnknownBalance> {
        [Self::Cny, Self::Crypto].into_iter().find(|known| known.word() == text).ok_or(UnknownBalance)
    }
}

/// The settings, checked.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) url: String,
    pub(super) contact_email: String,
    pub(super) email: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) token: Option<SecretString>,
    pub(super) currency: Currency,
    pub(super) pay_from: PayFrom,
}

impl Config {
    pub(super) fn read(section: &Section) -> Result<Self, SettingsError> {
        let contact_email = section.required("contact_email")?.to_owned();
        if !contact_email.contains('@') {
            return Err(section.invalid("contact_email", "is not an e-mail address"));
        }
        let config = Self {
            url: super::super::base_url(section)?,
            contact_email,
            email: section.text("email").map(str::to_owned),
            password: section.secret("password"),
            token: section.secret("token"),
            currency: section.parsed("currency")?.unwrap_or(Currency::Cny),
            pay_from: section.parsed("pay_from")?.unwrap_or(PayFrom::Crypto),
        };
        match (&config.email, &config.password) {
            (Some(_), None) => Err(section.invalid("password", "is not set, although email is")),
            (None, Some(_)) => Err(section.invalid("email", "is not set, although password is")),
            _ => Ok(config),
        }
    }

    /// Whether a new token can be had.
    pub(super) const fn can_log_in(&self) -> bool {
        self.email.is_some() && self.password.is_some()
    }
}
