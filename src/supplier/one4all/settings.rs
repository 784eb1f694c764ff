//! The settings of One4All and the limits that follow from them.

use std::str::FromStr;
use std::time::Duration;

use super::super::line::{Limit, Limits};
use crate::config::{Key, Section, SectionSpec, SettingsError};
use crate::secret::SecretString;

/// The settings section of One4All.
pub const SECTION: SectionSpec = SectionSpec {
    path: "supplier.one4all",
    keys: &[
        Key {
            name: "api_key",
            default: None,
            secret: true,
            meaning: "from the Developer API tab of the One4All control panel",
            example: "o4a_sk_…",
        },
        Key {
            name: "url",
            default: Some("https://api.one4all.com/api/v1"),
            secret: false,
            meaning: "where the One4All API is",
            example: "https://api.one4all.com/api/v1",
        },
        Key {
            name: "tier",
            default: Some("standard"),
            secret: false,
            meaning: "`standard`, `professional` or `enterprise`: 60, 300 or 1000 requests a minute",
            example: "standard",
        },
        Key {
            name: "purchases_per_10s",
            default: Some("5"),
            secret: false,
            meaning: "purchases in any 10 seconds; more than 5 only as agreed for `enterprise`",
            example: "5",
        },
    ],
};

/// The purchases every tier allows in [`PURCHASE_WINDOW`] (contract, Rate Limiting).
const PURCHASES: u32 = 5;
const PURCHASE_WINDOW: Duration = Duration::from_secs(10);
const REQUEST_WINDOW: Duration = Duration::from_mins(1);
/// How long a `429` without a wait holds the line: as long as the purchase window.
const HOLD_DEFAULT: Duration = Duration::from_secs(10);

/// What we agreed on with One4All (contract, Rate Limiting).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// 60 requests a minute.
    Standard,
    /// 300 requests a minute.
    Professional,
    /// 1000 requests a minute, purchases as agreed.
    Enterprise,
}

impl Tier {
    const fn requests(self) -> u32 {
        match self {
            Self::Standard => 60,
            Self::Professional => 300,
            Self::Enterprise => 1000,
        }
    }
}

/// Not one of the three tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tiers are standard, professional and enterprise")]
pub struct UnknownTier;

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(text: &str) -> Result<Self, UnknownTier> {
        match text.to_ascii_lowercase().as_str() {
            "standard" => Ok(Self::Standard),
            "professional" => Ok(Self::Professional),
            "enterprise" => Ok(Self::Enterprise),
            _ => Err(UnknownTier),
        }
    }
}

/// The settings, checked.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) url: String,
    pub(super) api_key: SecretString,
    pub(super) tier: Tier,
    pub(super) purchases_per_10s: u32,
}

impl Config {
    pub(super) fn read(section: &Section) -> Result<Self, SettingsError> {
        section.required("api_key")?;
        let api_key = section.secret("api_key").ok_or_else(|| section.invalid("api_key", "is not set"))?;
        let url = super::super::base_url(section)?;
        let tier = section.parsed("tier")?.unwrap_or(Tier::Standard);
        let purchases_per_10s = section.parsed("purchases_per_10s")?.unwrap_or(PURCHASES);
        if purchases_per_10s == 0 {
            return Err(section.invalid("purchases_per_10s", "is 0, which would sell nothing"));
        }
        if purchases_per_10s > PURCHASES && tier != Tier::Enterprise {
            return Err(section.invalid("purchases_per_10s", "is above 5, which only the tier enterprise may have"));
        }
        Ok(Self { url, api_key, tier, purchases_per_10s })
    }
}

/// The limits of a tier. A purchase is a request like any other and counts as both, except under a
/// purchase limit agreed for `enterprise`: that agreement may well be above 1000 requests a minute, and
/// would be worth nothing if the general limit still stood in its way. It then governs purchases alone.
pub(super) fn limits(config: &Config) -> Limits {
    let agreed = config.tier == Tier::Enterprise && config.purchases_per_10s != PURCHASES;
    Limits {
        requests: Some(Limit { count: config.tier.requests(), window: REQUEST_WINDOW }),
        purchases: Some(Limit { count: config.purchases_per_10s, window: PURCHASE_WINDOW }),
        per_subject: None,
        purchases_are_requests: !agreed,
        hold_default: HOLD_DEFAULT,
    }
}
