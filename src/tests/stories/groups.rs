//! Codes go to the buyer's private chat and nowhere else, also to buyers who are not there yet.

use super::{ADMIN, BO, EVE, Story};
use crate::demo::stage::Scenery;
use crate::demo::telegram::Action;
use crate::demo::{Fault, Gate};
use crate::tests::both::{Fresh, on_both};

const GROUP: i64 = -500;

fn sixty(scenery: &Scenery) {
    scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 142);
    scenery.telegram.group(GROUP, "Friends");
}

fn code(story: &Story) -> String {
    story.scenery.one4all.sold()[0].codes[0].clone()
}

fn no_code_in(story: &Story, chat: i64) {
    let code = code(story);
    for seen in story.scenery.telegram.messages(chat) {
        assert!(!seen.text.contains(&code) && seen.document.is_none(), "{}", seen.text);
    }
}

on_both! {
    async fn bought_in_a_group_is_delivered_in_private(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let said = story.scenery.telegram.say(BO, GROUP, "/buy 1");
        let quote = story.newer(GROUP, said, "Total: 0.94 USDT").await;
        story.presses(BO, &quote, "Pay from wallet").await;
        let parcel = story.sees(BO, "60 UC – 1 code").await;
        assert!(parcel.text.contains(&code(&story)) && parcel.protect_content);
        let shown = story.becomes(&quote, "Delivered: 1 code").await;
        assert!(shown.text.contains("Your codes are sent to you privately."), "{}", shown.text);
        let Action::Url(link) = &shown.button("Open private chat").unwrap().action else { panic!("no link") };
        assert!(link.starts_with("https://t.me/"), "{link}");
        let toast = story.presses(BO, &shown, "Show codes").await;
        assert_eq!(toast.text, "Sent to you privately.");
        story.newer(BO, parcel.id, &code(&story)).await;
        no_code_in(&story, GROUP);
        story.end().await;
    }

    async fn a_buyer_who_never_started_the_bot_finds_the_parcel(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.stocked("60 uc").await;
        let eve = story.scenery.telegram.user(EVE, "Eve", None, Some("en"));
        story.asks(ADMIN, "/topup 78 10", "added to the wallet of").await;
        let said = story.scenery.telegram.say(eve, GROUP, "/buy 1");
        let quote = story.newer(GROUP, said, "Total: 0.94 USDT").await;
        story.presses(eve, &quote, "Pay from wallet").await;
        let shown = story.becomes(&quote, "Your codes are sent to you privately.").await;
        assert!(shown.button("Open private chat").is_some());
        let toast = story.presses(eve, &shown, "Show codes").await;
        assert_eq!(toast.text, "Start a private chat with me first, then press again.");
        assert!(story.scenery.telegram.messages(eve).is_empty());
        story.scenery.telegram.say(eve, eve, "/start orders");
        let parcel = story.sees(eve, "60 UC – 1 code").await;
        assert!(parcel.text.contains(&code(&story)));
        story.becomes(&quote, "Delivered: 1 code").await;
        no_code_in(&story, GROUP);
        story.holds(eve, "9.06", "0.00").await;
        story.end().await;
    }

    async fn a_buyer_who_blocked_the_bot_finds_the_parcel_when_they_come_back(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let gate = Gate::new();
        story.scenery.one4all.plan("buy", 1, Fault::Hold(gate.clone()));
        story.buys(BO, "1").await;
        gate.reached(1).await;
        story.scenery.telegram.block(BO);
        let refused = story.scenery.telegram.count("403");
        gate.open();
        story.until("the parcel met the block", || {
            !story.scenery.one4all.sold().is_empty() && story.scenery.telegram.count("403") > refused
        })
        .await;
        assert!(story.scenery.telegram.messages(BO).iter().all(|seen| !seen.text.contains("60 UC – 1 code")));
        story.scenery.telegram.unblock(BO);
        let parcel = story.sees(BO, "60 UC – 1 code").await;
        assert!(parcel.text.contains(&code(&story)));
        story.sees(BO, "Delivered: 1 code").await;
        assert_eq!(story.scenery.one4all.sold().len(), 1);
        story.end().await;
    }

    async fn codes_are_shown_again_to_their_owner_alone(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        let eve = story.buyer(EVE, "Eve").await;
        story.stocked("60 uc").await;
        let order = story.buys(BO, "1").await;
        let done = story.becomes(&order, "Delivered: 1 code").await;
        let no = done.text.lines().find_map(|line| line.strip_prefix("Order ")).unwrap().to_owned();
        let list = story.asks(BO, "/orders", "Your orders").await;
        let label = list.labels()[0].to_owned();
        // The screen is shown first and the row written right after it.
        assert!(label.contains("60 UC × 1 · "), "{label}");
        story.presses(BO, &list, &label).await;
        let shown = story.becomes(&list, "Delivered: 1 code").await;
        story.presses(BO, &shown, "Show codes").await;
        let again = story.newer(BO, list.id, "60 UC – 1 code").await;
        assert!(again.text.contains(&code(&story)) && again.protect_content);
        story.asks(BO, &format!("/order {no}"), "Delivered: 1 code").await.button("Show codes").unwrap();
        let hers = story.asks(eve, "/help", "How it works").await;
        for forged in [format!("k:{no}"), format!("o:{no}")] {
            assert_eq!(story.forges(eve, &hers, &forged).await.text, "This is not yours.");
        }
        let known = story.asks(eve, &format!("/order {no}"), "You have no such order.").await;
        let unknown = story.asks(eve, "/order 7K2M9QXA", "You have no such order.").await;
        assert_eq!((&known.text, known.labels()), (&unknown.text, unknown.labels()));
        story.asks(ADMIN, "/help", "How it works").await;
        for chat in [eve, ADMIN] {
            no_code_in(&story, chat);
        }
        story.end().await;
    }
}
