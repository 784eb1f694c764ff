//! The guided tour, `kiosk demo`: the real shop between the stand-ins, and three people who use it.
//!
//! Nothing is pretended. The shop is the one `kiosk run` opens, its database is a fresh file, and every step is
//! looked up where a person would see it before the next is taken. The tour fails, with what failed, if a step does
//! not happen in time, if a code or a cent is not in exactly one place at the end, or if a code stands in the log.
//!
//! It takes as long as the shop takes. Most of that is the shop's patience with a payment: it asks for the first
//! time after five seconds and then every three, and its three answers are told one by one. The credentials cost
//! one of the account shop's three lookups a minute.

mod books;
mod console;
mod log;
mod tell;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures::future::{Either, select};
use serde_json::json;

use self::books::{Figures, Owned};
pub use self::log::{Log, LogWriter};
use self::tell::{Teller, say};
use super::account_shop::{Coin, Paid};
use super::one4all;
use super::stage::{ADMIN, EMAIL, Scenery, Stage, TOKEN};
use super::telegram::{Action, BOT_NAME, Seen};
use crate::world::{Method, Request, World};

/// The buyer who pays from the wallet.
const BO: i64 = 7_000_001;
/// The buyer who pays with crypto.
const MEI: i64 = 7_000_002;
/// A group with the bot in it.
const FRIENDS: i64 = -1_000_000_000_001;
/// Longer than one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the shelves are looked at while the shop opens.
const SHELF_PAUSE: Duration = Duration::from_millis(20);
/// The levels of the log that are shown; everything is searched.
const SHOWN: [&str; 3] = [" INFO ", " WARN ", " ERROR "];

/// What the command line knows.
#[derive(Debug)]
pub struct Options {
    /// Keep everything running afterwards.
    pub stay: bool,
    /// The folder for the tour's own folder.
    pub folder: PathBuf,
    /// Whether the terminal shows colours.
    pub colour: bool,
    /// Where the program's log goes.
    pub log: Log,
}

/// Runs the tour until it ends, or until `stop`.
///
/// # Errors
/// When the stage cannot be set up. A step that fails is printed and gives exit code 1.
pub async fn run(options: Options, stop: impl Future<Output = ()>) -> Result<ExitCode> {
    let world = World::real()?;
    let folder = options.folder.join(format!("kiosk-demo-{}", world.entropy.uuid_v4().simple()));
    std::fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let code = on_stage(&options, &world, &folder, stop).await;
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        say(&format!("The folder {} could not be removed: {error}", folder.display()));
    }
    code
}

async fn on_stage(options: &Options, world: &World, folder: &Path, stop: impl Future<Output = ()>) -> Result<ExitCode> {
    let scenery = Scenery::build(world).await?;
    furnish(&scenery);
    let file = folder.join("kiosk.db");
    let database = format!("sqlite://{}", file.display());
    let settings = scenery.settings(world, &database, &[])?;
    let stage = Stage::open(&settings, world.clone()).await?;
    let mut teller = Teller::new(world.clone(), options.colour);
    for (chat, name) in [(ADMIN, "Ada (admin)"), (BO, "Bo"), (MEI, "Mei"), (FRIENDS, "the group Friends")] {
        teller.name(chat, name);
    }
    let mut tour = Tour { scenery: &scenery, teller, world, log: &options.log, database: &database };
    let mut stop = pin!(stop);
    let told = {
        let telling = pin!(tour.told(&stage));
        match select(telling, stop.as_mut()).await {
            Either::Left((told, _)) => Some(told),
            Either::Right(_) => None,
        }
    };
    let code = match told {
        Some(Ok(figures)) => {
            summary(&figures);
            if options.stay {
                addresses(&scenery, &stage, &file);
                options.log.open();
                let staying = pin!(console::stay(&mut tour.teller, &scenery));
                select(staying, stop).await;
            }
            ExitCode::SUCCESS
        }
        Some(Err(error)) => {
            say(&format!("\nThe tour failed: {error:#}\n\nThe log of the shop:\n{}", options.log.text()));
            ExitCode::FAILURE
        }
        None => {
            say("\nThe tour was interrupted.");
            ExitCode::FAILURE
        }
    };
    stage.close().await;
    Ok(code)
}

/// Goods on the shelves, people in the chats.
fn furnish(scenery: &Scenery) {
    let Scenery { telegram, one4all, account_shop, .. } = scenery;
    one4all.add_product("PUBG Mobile", "PUBG Mobile 60 UC", "0.85", 142);
    one4all.add_product("PUBG Mobile", "PUBG Mobile 325 UC", "4.20", 60);
    one4all.add_product("Steam", "Steam Wallet 10 USD", "9.60", 25);
    one4all.add_product("Netflix", "Netflix Gift Card 15 EUR", "14.90", 0);
    account_shop.add_product("gmail-aged", "Gmail account, aged", "谷歌邮箱 老号", "6.50", 300, 1);
    account_shop.add_product("outlook-new", "Outlook account, new", "微软邮箱 新号", "1.20", 800, 5);
    // One look at a paid order finds it paid, the next finds it delivered: so that both can be seen.
    account_shop.set_checks_before_completion(Some(1));
    telegram.user(BO, "Bo", Some("bo"), Some("en"));
    telegram.user(MEI, "Mei", Some("mei"), Some("en"));
    telegram.group(FRIENDS, "Friends");
}

struct Tour<'a> {
    scenery: &'a Scenery,
    teller: Teller,
    world: &'a World,
    log: &'a Log,
    database: &'a str,
}

/// An invoice that is under way.
struct Invoice {
    message: i64,
    order_no: String,
}

impl Tour<'_> {
    async fn told(&mut self, stage: &Stage) -> Result<Figures> {
        self.opening(stage).await?;
        self.admin().await?;
        let invoice = self.invoice().await?;
        let mut owned = self.wallet().await?;
        owned.extend(self.payment(&invoice).await?);
        self.proof(&owned).await
    }

    /// The shop opens and reads its suppliers' catalogues.
    async fn opening(&mut self, stage: &Stage) -> Result<()> {
        self.teller.chapter("The shop opens");
        self.teller.note("The real shop, between stand-ins for Telegram, One4All and an account shop on this");
        self.teller.note("machine. A fresh database, no account anywhere, nothing leaves the loopback interface.");
        let start = self.world.now();
        for words in ["60 uc", "gmail", "netflix"] {
            loop {
                let answer = self.scenery.telegram.inline(ADMIN, words, PATIENCE).await.context("no inline answer")?;
                if !answer.results.is_empty() {
                    break;
                }
                ensure!(self.world.now().since(start) < PATIENCE, "the shelves stay empty: {words:?} is not found");
                self.world.clock.sleep(SHELF_PAUSE).await;
            }
        }
        let url = format!("http://{}/health", stage.address);
        let request = Request { method: Method::Get, url, headers: Vec::new(), json: None, timeout: PATIENCE };
        let health = self.world.transport.send(request).await.context("/health")?;
        ensure!(health.status == 200, "/health answers {}", health.status);
        self.teller.listen(self.scenery.telegram.events());
        self.teller.proved("open; both catalogues are on the shelves, /health is well");
        Ok(())
    }

    /// A buyer arrives, the admin fills the wallet and looks at the suppliers.
    async fn admin(&mut self) -> Result<()> {
        self.teller.chapter("An admin tops up a wallet");
        self.says(BO, "/start");
        self.sees(BO, "Hello, Bo!").await?;
        self.says(ADMIN, "/start");
        self.sees(ADMIN, "Hello, Ada!").await?;
        let telegram = self.scenery.telegram.clone();
        let scope = json!({"type": "chat", "chat_id": ADMIN});
        self.teller.until("the admin's menu is set", || telegram.commands(&scope, "")).await?;
        self.says(ADMIN, "/topup @bo 10 welcome");
        let done = self.sees(ADMIN, "10.00 USDT added to the wallet").await?;
        ensure!(done.button("Undo").is_some(), "a top-up cannot be undone");
        self.sees(BO, "10.00 USDT was added to your wallet").await?;
        self.says(ADMIN, "/suppliers");
        let suppliers = self.sees(ADMIN, "account_shop").await?;
        ensure!(suppliers.text.contains("one4all: reachable"), "One4All is not reachable");
        self.says(BO, "/suppliers");
        self.sees(BO, "I don't know that command").await?;
        self.teller.proved("the desk is open to admins only; to Bo its commands do not exist");
        Ok(())
    }

    /// Mei finds an account in Chinese and chooses to pay with crypto.
    async fn invoice(&mut self) -> Result<Invoice> {
        self.teller.chapter("Mei pays with crypto");
        let link = self.finds(MEI, "谷歌邮箱", "Gmail account", None).await?;
        self.says(MEI, &link);
        self.sees(MEI, "Gmail account, aged").await?;
        self.presses(MEI, "+")?;
        self.sees(MEI, "2 × →").await?;
        self.presses(MEI, "Buy")?;
        self.sees(MEI, "Total:").await?;
        self.presses(MEI, "Pay with crypto")?;
        let coins = self.sees(MEI, "Choose what you want to pay with").await?;
        let buttons = coins.labels().len();
        ensure!(buttons == Coin::ALL.len() + 1, "{buttons} buttons for seven coins and the way back");
        self.presses(MEI, "USDT · Tron (TRC-20)")?;
        let telegram = self.scenery.telegram.clone();
        let found = || telegram.messages(MEI).into_iter().find(|seen| seen.photo.is_some());
        let shown = self.teller.until("the invoice as a QR picture", found).await?;
        let order = self.scenery.account_shop.orders().pop().context("no order at the account shop")?;
        let invoice = order.invoice.context("no invoice at the account shop")?;
        let picture = shown.photo.as_ref().is_some_and(|file| file.bytes.starts_with(b"\x89PNG"));
        ensure!(picture, "the QR code is no picture");
        ensure!(shown.text.contains(&invoice.address), "the address is not shown");
        ensure!(shown.text.contains(&invoice.expected.to_string()), "the exact amount is not shown");
        ensure!(shown.text.contains("Waiting for payment"), "the state is not shown");
        let copies =
            shown.buttons.iter().flatten().any(|button| button.action == Action::Copy(invoice.address.clone()));
        ensure!(copies, "the address cannot be copied with a button");
        self.teller.proved("address, exact amount, network, deadline and a QR picture; nothing was taken yet");
        ensure!(self.scenery.account_shop.pay(&order.order_no, Paid::Exact), "the invoice cannot be paid");
        self.teller.note("Mei sends the exact amount. The chain takes its time; meanwhile …");
        Ok(Invoice { message: shown.id, order_no: order.order_no })
    }

    /// Bo finds a code with a typo, shares it, and buys three from the wallet.
    async fn wallet(&mut self) -> Result<Vec<Owned>> {
        self.teller.chapter("Bo buys from the wallet");
        let link = self.finds(BO, "pubgg mobil 60", "60 UC", Some(FRIENDS)).await?;
        self.says(BO, &link);
        self.sees(BO, "PUBG Mobile 60 UC").await?;
        for wanted in ["2 × →", "3 × →"] {
            self.presses(BO, "+")?;
            self.sees(BO, wanted).await?;
        }
        self.presses(BO, "Buy")?;
        let quote = self.sees(BO, "Total: 2.82 USDT").await?;
        ensure!(quote.text.contains("10.00 USDT → 7.18 USDT"), "the quote does not show the wallet");
        self.teller.note("Bo is impatient and presses twice.");
        for _ in 0..2 {
            self.scenery.telegram.press(BO, BO, quote.id, "Pay from wallet")?;
        }
        let parcel = self.parcel(BO).await?;
        self.sees(BO, "Delivered: 3 codes").await?;
        let sold = self.scenery.one4all.sold();
        let [sold] = sold.as_slice() else { bail!("pressing twice bought {} times", sold.len()) };
        let codes: Vec<String> = sold.codes.iter().cloned().collect();
        ensure!(codes.len() == 3, "{} codes came instead of 3", codes.len());
        well_wrapped(&parcel, &codes)?;
        self.says(BO, "/wallet");
        self.sees(BO, "Balance: 7.18 USDT").await?;
        self.teller.proved("pressed twice, bought once: 3 codes, 2.82 USDT, each code under a spoiler, tap to copy");
        Ok(codes.into_iter().map(|code| Owned { code, buyer: BO }).collect())
    }

    /// The payment is seen, confirmed, and the accounts arrive; all in one message that changes.
    async fn payment(&mut self, invoice: &Invoice) -> Result<Vec<Owned>> {
        self.teller.chapter("Mei's payment arrives");
        let seen = self.state(invoice, "Seen, confirming").await?;
        ensure!(!seen.text.contains("Send exactly"), "who has paid is asked to pay again");
        ensure!(self.scenery.account_shop.confirm(&invoice.order_no), "the payment cannot be confirmed");
        self.state(invoice, "Paid").await?;
        let parcel = self.parcel(MEI).await?;
        self.state(invoice, "Delivered: 2 codes").await?;
        let order = self.scenery.account_shop.orders().pop().context("the order is gone")?;
        ensure!(order.credentials.len() == 2, "{} accounts came instead of 2", order.credentials.len());
        well_wrapped(&parcel, &order.credentials)?;
        let pictures = self.scenery.telegram.messages(MEI).iter().filter(|seen| seen.photo.is_some()).count();
        ensure!(pictures == 1, "the invoice was sent {pictures} times");
        let lookups = self.scenery.account_shop.count("query");
        self.teller.proved(&format!("one message, edited from waiting to delivered; lookups used: {lookups}"));
        Ok(order.credentials.into_iter().map(|code| Owned { code, buyer: MEI }).collect())
    }

    /// Everything is where it belongs.
    async fn proof(&mut self, owned: &[Owned]) -> Result<Figures> {
        self.teller.chapter("What the shop wrote in its log meanwhile");
        let log = self.log.clone();
        let settled = || (log.text().matches("parcel delivered").count() == 2).then_some(());
        self.teller.until("both orders are settled", settled).await?;
        let secrets = [TOKEN, one4all::KEY, self.scenery.account_token.as_str()];
        let text = books::log_is_clean(self.log, owned, &secrets)?;
        for line in text.lines().filter(|line| SHOWN.iter().any(|level| line.contains(level))) {
            let bare = SHOWN.iter().find_map(|level| line.find(level)).and_then(|at| line.get(at..)).unwrap_or(line);
            say(&format!("   {}", bare.trim()));
        }
        let lines = text.lines().count();
        self.teller.proved(&format!("{lines} lines searched, debug lines too: counts, and not one code, key or token"));
        books::codes_are_where_they_belong(self.scenery, owned, &[ADMIN, BO, MEI, FRIENDS])?;
        books::add_up(self.database, self.scenery).await
    }

    /// Somebody searches inline, and perhaps shares what they found; gives the command behind the deep link.
    async fn finds(&mut self, who: i64, words: &str, title: &str, share: Option<i64>) -> Result<String> {
        let answer = self.scenery.telegram.inline(who, words, PATIENCE).await.context("no answer to a search")?;
        self.teller.offered(who, &answer);
        let first = answer.results.first().with_context(|| format!("nothing found for {words:?}"))?;
        ensure!(first.title.contains(title), "{words:?} found {:?} first", first.title);
        if let Some(chat) = share {
            self.scenery.telegram.choose_inline(who, chat, words, first);
        }
        let urls = first.buttons.iter().flatten().filter_map(|button| match &button.action {
            Action::Url(url) => Some(url.as_str()),
            _ => None,
        });
        let prefix = format!("https://t.me/{BOT_NAME}?start=");
        let payload = urls.into_iter().find_map(|url| url.strip_prefix(&prefix));
        let payload = payload.context("the card has no link into the shop")?;
        self.teller.note(&format!("taps [Open in shop] → {prefix}{payload}"));
        Ok(format!("/start {payload}"))
    }

    fn says(&mut self, who: i64, text: &str) {
        self.scenery.telegram.say(who, who, text);
    }

    fn presses(&mut self, who: i64, label: &str) -> Result<()> {
        self.scenery.telegram.press_newest(who, who, label)?;
        Ok(())
    }

    /// Waits until the shop shows somebody these words.
    async fn sees(&mut self, chat: i64, words: &str) -> Result<Arc<Seen>> {
        let telegram = self.scenery.telegram.clone();
        let found = || telegram.messages(chat).into_iter().rev().find(|seen| seen.by_bot && seen.text.contains(words));
        self.teller.until(&format!("{words:?} is shown"), found).await
    }

    /// Waits until the one message of an invoice shows a state.
    async fn state(&mut self, invoice: &Invoice, words: &str) -> Result<Arc<Seen>> {
        let telegram = self.scenery.telegram.clone();
        let found = || telegram.message(MEI, invoice.message).filter(|seen| seen.text.contains(words));
        self.teller.until(&format!("the invoice's message shows {words:?}"), found).await
    }

    /// Waits for the message with the codes.
    async fn parcel(&mut self, buyer: i64) -> Result<Arc<Seen>> {
        let telegram = self.scenery.telegram.clone();
        let found = || telegram.messages(buyer).into_iter().find(|seen| seen.protect_content);
        self.teller.until("the codes arrive", found).await
    }
}

/// Every code is whole, tap-to-copy and under a spoiler, in a message that cannot be forwarded.
fn well_wrapped(parcel: &Seen, codes: &[String]) -> Result<()> {
    ensure!(parcel.protect_content, "the codes can be forwarded");
    let units: Vec<u16> = parcel.text.encode_utf16().collect();
    for code in codes {
        for kind in ["code", "spoiler"] {
            let wrapped = parcel.formatted.entities.iter().filter(|entity| entity.kind == kind).any(|entity| {
                let end = entity.offset.saturating_add(entity.length);
                units.get(entity.offset..end).is_some_and(|text| String::from_utf16_lossy(text) == *code)
            });
            ensure!(wrapped, "a code is not marked as {kind}");
        }
    }
    Ok(())
}

fn summary(figures: &Figures) {
    let Figures { codes, topped_up, in_wallets, sales, cost } = figures;
    say(&format!(
        "\n── The tour is over: everything happened as it should ──\n   \
         Codes sold: {codes}. Each was handed out once, and shown once, to its buyer only.\n   \
         Money: {topped_up} topped up = {in_wallets} in wallets + {sales} in sales; none is reserved.\n   \
         One4All charged {cost}, as its own books say. Mei paid the account shop herself.\n   \
         Tour passed."
    ));
}

fn addresses(scenery: &Scenery, stage: &Stage, file: &Path) {
    let Scenery { telegram, one4all, account_shop, account_token } = scenery;
    say(&format!(
        "\n── Everything keeps running until Ctrl-C ──\n   \
         Telegram Bot API  {}\n   bot               @{BOT_NAME}, token {TOKEN}\n   \
         One4All           {}\n   its key           {}\n   \
         account shop      {}\n   our account       {EMAIL}, token {account_token}\n   \
         admin             {ADMIN}\n   buyers            Bo {BO}, Mei {MEI}, group {FRIENDS}\n   \
         database          {}\n   health            http://{}/health\n\n{}",
        telegram.url(),
        one4all.url(),
        one4all::KEY,
        account_shop.url(),
        file.display(),
        stage.address,
        console::HELP,
    ));
}
