//! `kiosk check`: what is configured, whether each service answers, and what to do, in a line each.

use std::process::ExitCode;

use crate::catalog::Suppliers;
use crate::config::Settings;
use crate::secret::ExposeSecret;
use crate::store::Db;
use crate::supplier::{self, Funds, Hold, Reason, Supplier, SupplierError};
use crate::telegram::Telegram;
use crate::world::World;

/// Checks everything and prints a line for each; fails if something needs mending.
pub async fn run(settings: &Settings, world: &World) -> ExitCode {
    let mut lines = vec![telegram(settings).await, vault(settings), database(settings).await, admins(settings)];
    match supplier::registry(settings, world) {
        Ok(suppliers) if suppliers.is_empty() => {
            lines.push(Line::bad(
                "suppliers",
                "none is set up",
                "set KIOSK_SUPPLIER__ONE4ALL__API_KEY or another section",
            ));
        }
        Ok(suppliers) => {
            for supplier in Suppliers::new(suppliers).iter() {
                lines.push(one(settings, supplier.as_ref()).await);
            }
        }
        Err(error) => lines.push(Line::bad("suppliers", &error.to_string(), "mend the setting")),
    }
    let mut good = true;
    for line in lines {
        good = good && line.good;
        say(&line.to_string());
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Line {
    good: bool,
    what: String,
    how: String,
    to_do: Option<String>,
}

impl Line {
    fn good(what: &str, how: &str) -> Self {
        Self { good: true, what: what.to_owned(), how: how.to_owned(), to_do: None }
    }

    fn bad(what: &str, how: &str, to_do: &str) -> Self {
        Self { good: false, what: what.to_owned(), how: how.to_owned(), to_do: Some(to_do.to_owned()) }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = if self.good { "ok  " } else { "FAIL" };
        write!(f, "{mark} {:<14} {}", self.what, self.how)?;
        if let Some(to_do) = &self.to_do {
            write!(f, " – {to_do}")?;
        }
        Ok(())
    }
}

async fn telegram(settings: &Settings) -> Line {
    let token = match settings.require_token() {
        Ok(token) => token,
        Err(error) => return Line::bad("telegram", &error.to_string(), "get a token from @BotFather"),
    };
    let telegram = match Telegram::new(token.expose_secret(), &settings.telegram.api_url) {
        Ok(telegram) => telegram,
        Err(error) => return Line::bad("telegram", &error.to_string(), "mend KIOSK_TELEGRAM__API_URL"),
    };
    match telegram.username().await {
        Ok(name) => Line::good("telegram", &format!("the bot is @{name}")),
        Err(error) => {
            Line::bad("telegram", &error.to_string(), "see that the token is right and the Bot API can be reached")
        }
    }
}

fn vault(settings: &Settings) -> Line {
    match settings.require_keyring() {
        Ok(_) => Line::good("vault", "codes can be sealed"),
        Err(error) => Line::bad("vault", &error.to_string(), "`kiosk key` prints a key"),
    }
}

async fn database(settings: &Settings) -> Line {
    let url = settings.database.url.redacted();
    let opened = async {
        let db = Db::open(settings.database.url.expose()).await?;
        let reached = db.read().await.map(|_| ());
        db.close().await;
        reached
    };
    match opened.await {
        Ok(()) => Line::good("database", &url),
        Err(error) => Line::bad("database", &format!("{url}: {error}"), "see that KIOSK_DATABASE__URL is right"),
    }
}

fn admins(settings: &Settings) -> Line {
    match settings.shop.admins.len() {
        0 => Line::bad("admins", "nobody can run the shop", "set KIOSK_SHOP__ADMINS to your Telegram user id"),
        count => Line::good("admins", &format!("{count}")),
    }
}

async fn one(settings: &Settings, supplier: &dyn Supplier) -> Line {
    let terms = supplier.terms();
    let name = terms.name.as_str();
    if let Err(error) = supplier.reach().await {
        return Line::bad(name, &error.to_string(), advice(error));
    }
    let own = settings.shop.currency;
    if terms.currency != own && !settings.shop.rates.iter().any(|rate| rate.from() == terms.currency) {
        let problem = format!("no rate from {} to {own}", terms.currency);
        let to_do = format!("set KIOSK_SHOP__RATES={}=… or use /rate {} …", terms.currency, terms.currency);
        return Line::bad(name, &problem, &to_do);
    }
    if !terms.sells_from_funds {
        return Line::good(name, "reachable; sells on invoices only");
    }
    match supplier.funds().await {
        Ok(Funds::Known(funds)) if funds.is_positive() => Line::good(name, &format!("reachable, funds {funds}")),
        Ok(Funds::Known(funds)) => Line::bad(name, &format!("funds {funds}"), "top up there"),
        Ok(Funds::Frozen) => Line::bad(name, "the wallet there is frozen", "contact the supplier"),
        Ok(Funds::Unknown) => Line::good(name, "reachable; it cannot be asked for its funds"),
        Err(error) => Line::bad(name, &error.to_string(), advice(error)),
    }
}

const fn advice(error: SupplierError) -> &'static str {
    match error {
        SupplierError::Refused(Reason::Unauthorized) => {
            "see that the key is right, has all scopes, and this address is allowed"
        }
        SupplierError::Refused(Reason::Frozen) => "contact the supplier",
        SupplierError::NotSent { why: Hold::RateLimited, .. } => "try again in a minute",
        SupplierError::NotSent { .. } | SupplierError::NoAnswer => {
            "see that its address is right and can be reached from here"
        }
        SupplierError::Garbled(_) | SupplierError::Refused(_) => "see that its address is the API's",
    }
}

#[expect(clippy::print_stdout, reason = "the command line answers on standard output")]
fn say(text: &str) {
    println!("{text}");
}
