//! Stories: what people do with the shop, told through Telegram's stand-in against the real shop on both
//! databases, over real HTTP.

use std::sync::Arc;
use std::time::Duration;

use crate::demo::stage::{ADMIN, Scenery, Stage};
use crate::demo::telegram::Seen;
use crate::tests::both::{Fresh, on_both};
use crate::world::World;

/// Longer than anything may take; a story that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A scenery with an open shop in it.
pub(super) struct Story {
    pub(super) scenery: Scenery,
    stage: Stage,
}

impl Story {
    pub(super) async fn begin(fresh: &Fresh, prepare: impl FnOnce(&Scenery)) -> Self {
        let world = World::real().unwrap();
        let scenery = Scenery::build(&world).await.unwrap();
        prepare(&scenery);
        let settings = scenery.settings(&world, &fresh.url, &[]).unwrap();
        let stage = Stage::open(&settings, world).await.unwrap();
        Self { scenery, stage }
    }

    /// Waits for a message in a chat that contains `words`.
    pub(super) async fn sees(&self, chat: i64, words: &str) -> Arc<Seen> {
        let found =
            self.scenery.telegram.wait_for(chat, |seen| seen.by_bot && seen.text.contains(words), PATIENCE).await;
        if let Some(seen) = found {
            return seen;
        }
        let all: Vec<String> = self.scenery.telegram.messages(chat).iter().map(|seen| seen.text.clone()).collect();
        panic!("nobody said {words:?} in {chat}; said was: {all:#?}")
    }

    /// Presses a button on the newest message that has it.
    pub(super) fn press(&self, user: i64, chat: i64, label: &str) {
        self.scenery.telegram.press_newest(user, chat, label).map(|_| ()).unwrap();
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

    pub(super) async fn end(self) {
        self.stage.close().await;
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
