//! The whole shop on one stage: the real [`House`] over real HTTP, with the stand-ins around it.
//!
//! The tour and the stories share it, so what a story proves is what the tour shows.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rust_decimal::Decimal;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{Settings, Sources};
use crate::demo::account_shop::FakeAccountShop;
use crate::demo::one4all::{self, FakeOne4All};
use crate::demo::telegram::FakeTelegram;
use crate::http;
use crate::runner::House;
use crate::secret::KeyRing;
use crate::supplier;
use crate::world::World;

/// The bot's token on the stage.
pub const TOKEN: &str = "1000000001:AAStageTokenForTheStandInOfTelegram00";
/// The admin's Telegram id.
pub const ADMIN: i64 = 9_000_001;
/// The account the shop has with the account shop.
pub const EMAIL: &str = "orders@kiosk.example";

/// What our accounts with the suppliers hold at first.
pub const FUNDS: Decimal = Decimal::ONE_THOUSAND;

/// Stand-ins with goods on their shelves and money in our accounts.
#[derive(Debug)]
pub struct Scenery {
    /// Telegram.
    pub telegram: FakeTelegram,
    /// One4All.
    pub one4all: FakeOne4All,
    /// The account shop.
    pub account_shop: FakeAccountShop,
    /// The token of our account with the account shop.
    pub account_token: String,
}

impl Scenery {
    /// Starts the stand-ins, with an admin but without goods.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn build(world: &World) -> Result<Self> {
        let telegram = FakeTelegram::start(TOKEN, world.clone()).await.context("the stand-in for Telegram")?;
        let one4all = FakeOne4All::start(Arc::clone(&world.clock)).await.context("the stand-in for One4All")?;
        let account_shop =
            FakeAccountShop::start(Arc::clone(&world.clock)).await.context("the stand-in for the account shop")?;
        one4all.set_wallet(FUNDS);
        let account_token = account_shop.add_account(EMAIL, "stage password", FUNDS, FUNDS);
        telegram.user(ADMIN, "Ada", Some("ada"), Some("en"));
        Ok(Self { telegram, one4all, account_shop, account_token })
    }

    /// The settings of a shop that stands in this scenery. `more` is put over them.
    ///
    /// # Errors
    /// When `more` has a mistake.
    pub fn settings(&self, world: &World, database: &str, more: &[(&str, &str)]) -> Result<Settings> {
        let keys = KeyRing::generate(world.entropy.as_ref());
        let admin = ADMIN.to_string();
        let mut values: Vec<(String, String)> = [
            ("KIOSK_TELEGRAM__TOKEN", TOKEN),
            ("KIOSK_TELEGRAM__API_URL", &self.telegram.url()),
            ("KIOSK_DATABASE__URL", database),
            ("KIOSK_VAULT__KEYS", keys.as_str()),
            ("KIOSK_HTTP__LISTEN", "127.0.0.1:0"),
            ("KIOSK_SHOP__ADMINS", &admin),
            ("KIOSK_SHOP__RATES", "CNY=0.14"),
            ("KIOSK_SUPPLIER__ONE4ALL__API_KEY", one4all::KEY),
            ("KIOSK_SUPPLIER__ONE4ALL__URL", &self.one4all.url()),
            ("KIOSK_SUPPLIER__ACCOUNT_SHOP__URL", &self.account_shop.url()),
            ("KIOSK_SUPPLIER__ACCOUNT_SHOP__CONTACT_EMAIL", EMAIL),
            ("KIOSK_SUPPLIER__ACCOUNT_SHOP__TOKEN", &self.account_token),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        for (name, value) in more {
            values.retain(|(known, _)| known != name);
            values.push(((*name).to_owned(), (*value).to_owned()));
        }
        Ok(Settings::load(&Sources::from_map(values), supplier::SECTIONS)?)
    }
}

/// A shop that is open.
#[derive(Debug)]
pub struct Stage {
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    /// Where its `/health` answers.
    pub address: std::net::SocketAddr,
}

impl Stage {
    /// Opens the real shop.
    ///
    /// # Errors
    /// [`crate::runner::OpenError`].
    pub async fn open(settings: &Settings, world: World) -> Result<Self> {
        let house = House::open(settings, world, http::detached_metrics()?).await?;
        let address = house.address().context("no address")?;
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(house.run(stopped));
        Ok(Self { stop, running, address })
    }

    /// Closes the shop as SIGTERM does, and waits until it is closed.
    pub async fn close(self) {
        self.stop.send_replace(true);
        // A panic inside was logged; the stage only has to be empty.
        let _ = self.running.await;
    }
}
