//! Stories: what people do with the shop, told through Telegram's stand-in against the real shop on both
//! databases, over real HTTP.
//!
//! A story waits for what people see and for what the stand-ins count, and never for time to pass. Where
//! time matters it turns the clock, which the shop and all stand-ins share.

mod account_shop;
mod admins;
mod buying;
mod clock;
mod crypto;
mod groups;
mod limits;
mod refusals;
mod search;
mod shapes;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use self::clock::Ahead;
use crate::demo::stage::{ADMIN, Scenery, Stage};
use crate::demo::telegram::{Seen, Toast};
use crate::secret::KeyRing;
use crate::tests::both::{Fresh, on_both};
use crate::world::World;

/// Longer than anything may take; a story that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A buyer most stories are about.
const BO: i64 = 77;
/// Another one.
const EVE: i64 = 78;

/// A scenery with an open shop in it.
pub(super) struct Story {
    pub(super) scenery: Scenery,
    clock: Arc<Ahead>,
    world: World,
    url: String,
    own: Vec<(String, String)>,
    stage: Option<Stage>,
}

impl Story {
    /// Opens a shop in a scenery with goods.
    pub(super) async fn begin(fresh: &Fresh, prepare: impl FnOnce(&Scenery)) -> Self {
        Self::begin_with(fresh, &[], prepare).await
    }

    /// The same with other settings.
    pub(super) async fn begin_with(fresh: &Fresh, more: &[(&str, &str)], prepare: impl FnOnce(&Scenery)) -> Self {
        let clock = Ahead::new();
        let world = World { clock: Arc::<Ahead>::clone(&clock), ..World::real().unwrap() };
        let scenery = Scenery::build(&world).await.unwrap();
        prepare(&scenery);
        let keys = KeyRing::generate(world.entropy.as_ref());
        let mut own = vec![("KIOSK_VAULT__KEYS".to_owned(), keys.as_str().to_owned())];
        own.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut story = Self { scenery, clock, world, url: fresh.url.clone(), own, stage: None };
        story.reopen().await;
        // Somebody who never wrote to the bot cannot be told anything.
        story.asks(ADMIN, "/start", "Hello, Ada!").await;
        story
    }

    /// Turns the clock of the shop and of all stand-ins on.
    pub(super) fn later(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Closes the shop.
    pub(super) async fn close(&mut self) {
        if let Some(stage) = self.stage.take() {
            stage.close().await;
        }
    }

    /// Opens the shop again, on the same database.
    pub(super) async fn reopen(&mut self) {
        self.reopen_with(&[]).await;
    }

    /// Opens the shop again, on the same database, with other settings.
    pub(super) async fn reopen_with(&mut self, more: &[(&str, &str)]) {
        self.close().await;
        let own = self.own.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = own.chain(more.iter().copied()).collect();
        let settings = self.scenery.settings(&self.world, &self.url, &all).unwrap();
        self.stage = Some(Stage::open(&settings, self.world.clone()).await.unwrap());
    }

    /// Waits for a message in a chat that is as wanted; `what` names it if it never comes.
    pub(super) async fn finds(&self, chat: i64, what: &str, wanted: impl Fn(&Seen) -> bool) -> Arc<Seen> {
        let found = self.scenery.telegram.wait_for(chat, |seen| seen.by_bot && wanted(seen), PATIENCE).await;
        if let Some(seen) = found {
            return seen;
        }
        let shown = |seen: &Arc<Seen>| format!("{} {}", seen.id, seen.text.chars().take(600).collect::<String>());
        let all: Vec<String> = self.scenery.telegram.messages(chat).iter().map(shown).collect();
        panic!("nobody said {what:?} in {chat}; said was: {all:#?}")
    }

    /// Waits for a message in a chat that contains `words`.
    pub(super) async fn sees(&self, chat: i64, words: &str) -> Arc<Seen> {
        self.finds(chat, words, |seen| seen.text.contains(words)).await
    }

    /// Waits for a message after another one that contains `words`.
    pub(super) async fn newer(&self, chat: i64, than: i64, words: &str) -> Arc<Seen> {
        self.finds(chat, words, |seen| seen.id > than && seen.text.contains(words)).await
    }

    /// Waits until a message contains `words`.
    pub(super) async fn becomes(&self, seen: &Seen, words: &str) -> Arc<Seen> {
        self.finds(seen.chat, words, |now| now.id == seen.id && now.text.contains(words)).await
    }

    /// A person writes to the bot in private and waits for an answer that contains `words`.
    pub(super) async fn asks(&self, person: i64, text: &str, words: &str) -> Arc<Seen> {
        let said = self.scenery.telegram.say(person, person, text);
        self.newer(person, said, words).await
    }

    /// Presses a button on the newest message that has it.
    pub(super) fn press(&self, user: i64, chat: i64, label: &str) {
        self.scenery.telegram.press_newest(user, chat, label).map(|_| ()).unwrap();
    }

    /// Presses a button under a message and waits until the press is answered.
    pub(super) async fn presses(&self, user: i64, under: &Seen, label: &str) -> Toast {
        let pressed = self.scenery.telegram.press(user, under.chat, under.id, label).unwrap();
        pressed.answer(PATIENCE).await.expect("the press was not answered")
    }

    /// Sends callback data as a forged client could and waits for the answer.
    pub(super) async fn forges(&self, user: i64, under: &Seen, data: &str) -> Toast {
        let pressed = self.scenery.telegram.press_data(user, under.chat, under.id, data).unwrap();
        pressed.answer(PATIENCE).await.expect("the forged press was not answered")
    }

    /// A buyer who has started the bot.
    pub(super) async fn buyer(&self, id: i64, name: &str) -> i64 {
        let buyer = self.scenery.telegram.user(id, name, Some(&name.to_lowercase()), Some("en"));
        self.asks(buyer, "/start", &format!("Hello, {name}!")).await;
        buyer
    }

    /// A buyer who has started the bot and holds some money.
    pub(super) async fn rich(&self, id: i64, name: &str, amount: &str) -> i64 {
        let buyer = self.buyer(id, name).await;
        self.asks(ADMIN, &format!("/topup {id} {amount}"), "added to the wallet of").await;
        self.sees(buyer, "was added to your wallet").await;
        buyer
    }

    /// Waits until `/wallet` says what a wallet holds and what is set aside.
    pub(super) async fn holds(&self, buyer: i64, balance: &str, reserved: &str) {
        let wallet = self.asks(buyer, "/wallet", "Your wallet").await;
        assert!(wallet.text.contains(&format!("Balance: {balance} USDT")), "{}", wallet.text);
        assert!(wallet.text.contains(&format!("under way: {reserved} USDT")), "{}", wallet.text);
    }

    /// A buyer asks for a quote and presses *Pay from wallet*; gives the message that shows the order.
    pub(super) async fn buys(&self, buyer: i64, what: &str) -> Arc<Seen> {
        let quote = self.asks(buyer, &format!("/buy {what}"), "Total:").await;
        self.presses(buyer, &quote, "Pay from wallet").await;
        quote
    }

    /// The number of the product that fits some words best.
    pub(super) async fn number(&self, words: &str) -> String {
        let found = self.scenery.telegram.inline(ADMIN, words, PATIENCE).await.unwrap().results;
        found[0].id.strip_prefix('p').unwrap().to_owned()
    }

    /// Waits until the catalogue holds the words, as a buyer sees it.
    pub(super) async fn stocked(&self, words: &str) {
        loop {
            let answer = self.scenery.telegram.inline(ADMIN, words, PATIENCE).await.unwrap();
            if !answer.results.is_empty() {
                return;
            }
        }
    }

    /// Waits until something is so. Only for what no message tells; yields in between.
    pub(super) async fn until(&self, what: &str, so: impl Fn() -> bool) {
        let waited = async {
            while !so() {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waited).await.is_ok(), "never so: {what}");
    }

    pub(super) async fn end(mut self) {
        self.close().await;
    }
}

on_both! {
    async fn a_buyer_pays_from_the_wallet_and_holds_the_code(fresh: Fresh) {
        let story = Story::begin(&fresh, |scenery| {
            scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 142);
        })
        .await;
        story.stocked("60 uc").await;
        let buyer = story.scenery.telegram.user(77, "Bo", Some("bo"), Some("en"));
        story.scenery.telegram.say(buyer, buyer, "/start");
        story.sees(buyer, "Hello, Bo!").await;
        story.scenery.telegram.say(ADMIN, ADMIN, "/topup 77 10 welcome");
        story.sees(ADMIN, "10.00 USDT added").await;
        story.scenery.telegram.say(buyer, buyer, "/buy 1 2");
        let quote = story.sees(buyer, "Total: 1.88 USDT").await;
        assert!(quote.button("Pay with crypto").is_none());
        story.press(buyer, buyer, "Pay from wallet");
        let sold = story.sees(buyer, "60 UC – 2 codes").await;
        let codes = story.scenery.one4all.sold()[0].codes.clone();
        assert_eq!(codes.len(), 2);
        for code in codes.iter() {
            assert!(sold.text.contains(code.as_str()));
        }
        assert!(sold.protect_content);
        story.sees(buyer, "Delivered: 2 codes").await;
        story.end().await;
    }
}
