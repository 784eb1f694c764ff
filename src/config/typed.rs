//! The shop's own sections, and how their texts become types.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use super::{Key, Section, SectionSpec, SettingsError, quoted};
use crate::id::TelegramId;
use crate::money::{Currency, Percent, Rate, parse_decimal};
use crate::secret::{ExposeSecret, KeyRing, SecretString};

/// How to reach Telegram.
#[derive(Debug, Clone)]
pub struct Telegram {
    /// The bot's token; needed by everything that talks to Telegram.
    pub token: Option<SecretString>,
    /// The Bot API, without a slash at the end.
    pub api_url: String,
    /// Where Telegram sends updates, without a slash at the end. Absent: long polling.
    pub webhook_url: Option<String>,
}

/// Where everything is kept.
#[derive(Debug, Clone)]
pub struct Database {
    /// Its address.
    pub url: DatabaseUrl,
}

/// The address of a database, whose password is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The whole address, password included.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The address as it may be shown.
    pub fn redacted(&self) -> String {
        super::without_userinfo(&self.0)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// What codes are sealed with.
#[derive(Debug, Clone)]
pub struct Vault {
    /// `id:base64key,…`, newest first; needed by everything that touches codes.
    pub keys: Option<SecretString>,
}

/// Where the shop itself listens.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// For health, metrics and the webhook.
    pub listen: SocketAddr,
}

/// Who runs the shop, and its money.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Who may use the desk, each once.
    pub admins: Vec<TelegramId>,
    /// The currency of wallets and prices.
    pub currency: Currency,
    /// What is put on top of a cost unless the desk says otherwise.
    pub margin: Percent,
    /// What one unit of another currency is worth, each to [`Self::currency`].
    pub rates: Vec<Rate>,
}

/// The sections that are always known, in the order shown to people.
pub(super) static CORE: [&SectionSpec; 6] = [&TELEGRAM, &DATABASE, &VAULT, &HTTP, &SHOP, &PLAIN];

static TELEGRAM: SectionSpec = SectionSpec {
    path: "telegram",
    keys: &[
        Key {
            name: "token",
            default: None,
            secret: true,
            meaning: "from @BotFather",
            example: "123456789:AAE-the-rest-of-it",
        },
        Key {
            name: "api_url",
            default: Some("https://api.telegram.org"),
            secret: false,
            meaning: "a local Bot API server, or a stand-in",
            example: "https://api.telegram.org",
        },
        Key {
            name: "webhook_url",
            default: None,
            secret: false,
            meaning: "where Telegram sends updates; unset: long polling",
            example: "https://shop.example.org",
        },
    ],
};

static DATABASE: SectionSpec = SectionSpec {
    path: "database",
    keys: &[Key {
        name: "url",
        default: Some("sqlite://kiosk.db"),
        secret: true,
        meaning: "or `postgres://user:password@host/name`",
        example: "sqlite://kiosk.db",
    }],
};

static VAULT: SectionSpec = SectionSpec {
    path: "vault",
    keys: &[Key {
        name: "keys",
        default: None,
        secret: true,
        meaning: "`id:base64key,…`, newest first; `kiosk key` prints a new one",
        example: "1f3a9c2e:32-bytes-in-base64",
    }],
};

static HTTP: SectionSpec = SectionSpec {
    path: "http",
    keys: &[Key {
        name: "listen",
        default: Some("127.0.0.1:8080"),
        secret: false,
        meaning: "address and port for health, metrics and the webhook",
        example: "127.0.0.1:8080",
    }],
};

static SHOP: SectionSpec = SectionSpec {
    path: "shop",
    keys: &[
        Key {
            name: "admins",
            default: None,
            secret: false,
            meaning: "Telegram user ids, comma separated",
            example: "111222333,444555666",
        },
        Key {
            name: "currency",
            default: Some("USDT"),
            secret: false,
            meaning: "of wallets and prices",
            example: "USDT",
        },
        Key {
            name: "margin_percent",
            default: Some("10"),
            secret: false,
            meaning: "on top of the cost; per category and product at the desk",
            example: "12.5",
        },
        Key {
            name: "rates",
            default: None,
            secret: false,
            meaning: "`CNY=0.14,DZD=0.0074`: one unit in shop currency",
            example: "CNY=0.14,DZD=0.0074",
        },
    ],
};

static PLAIN: SectionSpec = SectionSpec {
    path: "",
    keys: &[Key {
        name: "log",
        default: Some("info"),
        secret: false,
        meaning: "what is logged: a level, or `level,module=level,…`",
        example: "info,kiosk=debug",
    }],
};

pub(super) type Core = (Telegram, Database, Vault, HttpSettings, Shop, String);

/// Reads the shop's own sections. `None` only if there are problems.
pub(super) fn read(sections: &BTreeMap<&'static str, Section>, problems: &mut SettingsError) -> Option<Core> {
    let section = |spec: &'static SectionSpec| {
        sections.get(spec.path).cloned().unwrap_or_else(|| Section::new(spec, BTreeMap::new()))
    };
    let telegram = problems.keep(telegram(&section(&TELEGRAM)));
    let database = problems.keep(database(&section(&DATABASE)));
    let vault = problems.keep(vault(&section(&VAULT)));
    let http = problems.keep(http(&section(&HTTP)));
    let shop = shop(&section(&SHOP), problems);
    let log = problems.keep(log(&section(&PLAIN)));
    Some((telegram?, database?, vault?, http?, shop?, log?))
}

fn telegram(section: &Section) -> Result<Telegram, SettingsError> {
    let token = section.secret("token");
    let sound = |token: &SecretString| {
        let token = token.expose_secret();
        token.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#%\\".contains(&byte))
    };
    if token.as_ref().is_some_and(|token| !sound(token)) {
        return Err(section.invalid("token", "does not look like a token"));
    }
    let webhook_url = section.text("webhook_url").map(|url| address(section, "webhook_url", url)).transpose()?;
    let api_url = address(section, "api_url", section.required("api_url")?)?;
    Ok(Telegram { token, api_url, webhook_url })
}

/// A web address, without the slash at its end.
fn address(section: &Section, key: &'static str, url: &str) -> Result<String, SettingsError> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let sound = host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && !url.contains(|c: char| c.is_whitespace() || c.is_control() || c == '?' || c == '#');
    if sound {
        Ok(url.trim_end_matches('/').to_owned())
    } else {
        Err(section.invalid(key, &format!("is {}, not an address with https:// in front", quoted(url))))
    }
}

fn database(section: &Section) -> Result<Database, SettingsError> {
    let url = section.required("url")?;
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    if known {
        Ok(Database { url: DatabaseUrl(url.to_owned()) })
    } else {
        Err(section.invalid("url", "must begin with sqlite:// or postgres://"))
    }
}

fn vault(section: &Section) -> Result<Vault, SettingsError> {
    let keys = section.secret("keys");
    if let Some(keys) = &keys {
        KeyRing::parse(keys.expose_secret())
            .map_err(|error| section.invalid("keys", &format!("is not a key ring: {error} (`kiosk key` makes one)")))?;
    }
    Ok(Vault { keys })
}

/// The key ring in its setting.
pub(super) fn keyring(keys: &SecretString) -> Result<KeyRing, SettingsError> {
    KeyRing::parse(keys.expose_secret()).map_err(|error| {
        SettingsError::one(format!(
            "KIOSK_VAULT__KEYS is not a key ring: {error}; `kiosk key` prints a new one, \
             for example KIOSK_VAULT__KEYS=1f3a9c2e:32-bytes-in-base64"
        ))
    })
}

fn http(section: &Section) -> Result<HttpSettings, SettingsError> {
    let listen = section.required("listen")?;
    let listen = listen
        .parse()
        .map_err(|_| section.invalid("listen", &format!("is {}, not a numeric address with a port", quoted(listen))))?;
    Ok(HttpSettings { listen })
}

fn shop(section: &Section, problems: &mut SettingsError) -> Option<Shop> {
    let admins = problems.keep(admins(section));
    let currency = problems.keep(section.required("currency").and_then(|text| {
        let known = Currency::ALL.map(Currency::code).join(", ");
        text.parse::<Currency>()
            .map_err(|_| section.invalid("currency", &format!("is {}, not one of {known}", quoted(text))))
    }));
    let margin = problems.keep(section.required("margin_percent").and_then(|text| {
        let (least, most) = Percent::RANGE;
        let problem = format!("is {}, not a percentage from {least} to {most}", quoted(text));
        Percent::parse(text).map_err(|_| section.invalid("margin_percent", &problem))
    }));
    let currency = currency?;
    let rates = problems.keep(rates(section, currency));
    Some(Shop { admins: admins?, currency, margin: margin?, rates: rates? })
}

fn items<'a>(section: &'a Section, key: &'static str) -> impl Iterator<Item = &'a str> {
    section.text(key).unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn admins(section: &Section) -> Result<Vec<TelegramId>, SettingsError> {
    let mut admins = Vec::new();
    for item in items(section, "admins") {
        let id = item.parse().ok().filter(|id: &i64| *id > 0).map(TelegramId).ok_or_else(|| {
            let problem = format!("holds {}, which is no numeric user id (@userinfobot tells yours)", quoted(item));
            section.invalid("admins", &problem)
        })?;
        if !admins.contains(&id) {
            admins.push(id);
        }
    }
    Ok(admins)
}

fn rates(section: &Section, shop: Currency) -> Result<Vec<Rate>, SettingsError> {
    let mut rates: Vec<Rate> = Vec::new();
    for item in items(section, "rates") {
        let problem = |why: &str| section.invalid("rates", &format!("holds {}, {why}", quoted(item)));
        let (code, value) = item.split_once('=').ok_or_else(|| problem("which is not CURRENCY=rate"))?;
        let from: Currency = code.parse().map_err(|_| problem("whose currency is not known"))?;
        if from == shop {
            return Err(problem("which is the shop's own currency"));
        }
        if rates.iter().any(|rate| rate.from() == from) {
            return Err(problem("whose currency stands there already"));
        }
        let rate = parse_decimal(value).and_then(|value| Rate::new(from, shop, value));
        rates.push(rate.map_err(|_| problem("whose rate is not a positive number of sane size"))?);
    }
    Ok(rates)
}

fn log(section: &Section) -> Result<String, SettingsError> {
    let filter = section.required("log")?;
    match tracing_subscriber::EnvFilter::try_new(filter) {
        Ok(_) => Ok(filter.to_owned()),
        Err(_) => Err(section.invalid("log", &format!("is {}, not a log filter", quoted(filter)))),
    }
}
