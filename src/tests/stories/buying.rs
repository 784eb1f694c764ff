//! Quotes and the presses on them: right ones, doubled ones, late ones, wrong ones, and other people's.

use std::time::Duration;

use super::{ADMIN, BO, EVE, PATIENCE, Story};
use crate::demo::stage::Scenery;
use crate::demo::telegram::{Action, Seen};
use crate::tests::both::{Fresh, on_both};

fn sixty(scenery: &Scenery) {
    scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 142);
}

/// What a button carries.
fn data(seen: &Seen, label: &str) -> String {
    match &seen.button(label).unwrap().action {
        Action::Callback(data) => data.clone(),
        other => panic!("{label} does not ask the bot: {other:?}"),
    }
}

on_both! {
    async fn the_card_counts_and_leads_to_a_quote(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let card = story.asks(BO, "/start p1", "Price: 0.94 USDT").await;
        assert!(card.text.contains("1 to 100 per order"), "{}", card.text);
        story.presses(BO, &card, "+").await;
        story.becomes(&card, "2 × → 1.88 USDT").await;
        story.presses(BO, &card, "×10").await;
        story.becomes(&card, "10 × → 9.40 USDT").await;
        story.presses(BO, &card, "−").await;
        let nine = story.becomes(&card, "9 × → 8.46 USDT").await;
        assert_eq!(nine.labels().into_iter().filter(|label| label.starts_with('×')).count(), 4);
        story.presses(BO, &card, "Buy").await;
        let quote = story.newer(BO, card.id, "Total: 8.46 USDT").await;
        assert!(quote.text.contains("60 UC × 9"), "{}", quote.text);
        assert!(quote.text.contains("Unit price: 0.94 USDT"), "{}", quote.text);
        assert!(quote.text.contains("Your wallet: 10.00 USDT → 1.54 USDT"), "{}", quote.text);
        story.presses(BO, &quote, "Pay from wallet").await;
        story.becomes(&quote, "Delivered: 9 codes").await;
        story.holds(BO, "1.54", "0.00").await;
        story.end().await;
    }

    async fn a_wallet_too_small_buys_nothing(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "1").await;
        story.stocked("60 uc").await;
        let quote = story.asks(BO, "/buy 1 2", "Total: 1.88 USDT").await;
        assert!(quote.text.contains("That is not enough to pay from it."), "{}", quote.text);
        story.presses(BO, &quote, "Pay from wallet").await;
        let no = story.becomes(&quote, "this costs 1.88 USDT. 0.88 USDT is missing. No money was taken.").await;
        assert!(no.button("Wallet").is_some());
        story.holds(BO, "1.00", "0.00").await;
        story.asks(BO, "/orders", "You have no orders yet.").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        story.end().await;
    }

    async fn pay_pressed_many_times_buys_once(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let quote = story.asks(BO, "/buy 1 2", "Total: 1.88 USDT").await;
        let pay = data(&quote, "Pay from wallet");
        let presses: Vec<_> =
            (0..4).map(|_| story.scenery.telegram.press_data(BO, BO, quote.id, &pay).unwrap()).collect();
        for press in presses {
            press.answer(PATIENCE).await.expect("a press was not answered");
        }
        story.becomes(&quote, "Delivered: 2 codes").await;
        story.forges(BO, &quote, &pay).await;
        story.holds(BO, "8.12", "0.00").await;
        assert_eq!(story.scenery.one4all.sold().len(), 1);
        assert_eq!(story.scenery.one4all.count("buy"), 1);
        assert_eq!(story.asks(BO, "/orders", "Your orders").await.labels().len(), 1);
        story.end().await;
    }

    async fn a_quote_that_is_over_buys_nothing_and_gives_a_new_one(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let quote = story.asks(BO, "/buy 1 2", "Total: 1.88 USDT").await;
        let old = data(&quote, "Pay from wallet");
        story.later(Duration::from_mins(11));
        story.presses(BO, &quote, "Pay from wallet").await;
        let fresh = story.becomes(&quote, "That quote was over, so nothing was bought and no money was taken.").await;
        assert!(fresh.text.contains("Total: 1.88 USDT"), "{}", fresh.text);
        assert_ne!(data(&fresh, "Pay from wallet"), old);
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        story.presses(BO, &fresh, "Pay from wallet").await;
        story.becomes(&quote, "Delivered: 2 codes").await;
        story.holds(BO, "8.12", "0.00").await;
        story.end().await;
    }

    async fn a_cancelled_quote_cannot_be_paid(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let quote = story.asks(BO, "/buy 1", "Total: 0.94 USDT").await;
        let pay = data(&quote, "Pay from wallet");
        story.presses(BO, &quote, "Cancel").await;
        story.becomes(&quote, "Cancelled. Nothing was bought and no money was taken.").await;
        story.forges(BO, &quote, &pay).await;
        story.becomes(&quote, "That quote was over").await;
        story.holds(BO, "10.00", "0.00").await;
        let order = story.buys(BO, "1").await;
        story.becomes(&order, "Delivered: 1 code").await;
        let cancel = pay_to_cancel(&pay);
        story.forges(BO, &order, &cancel).await;
        story.holds(BO, "9.06", "0.00").await;
        assert_eq!(story.scenery.one4all.sold().len(), 1);
        story.end().await;
    }

    async fn somebody_elses_buttons_do_nothing(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        let eve = story.buyer(EVE, "Eve").await;
        story.stocked("60 uc").await;
        let group = story.scenery.telegram.group(-500, "Friends");
        let said = story.scenery.telegram.say(BO, group, "/buy 1");
        let quote = story.newer(group, said, "Total: 0.94 USDT").await;
        for label in ["Pay from wallet", "Cancel"] {
            let toast = story.presses(eve, &quote, label).await;
            assert_eq!((toast.text.as_str(), toast.alert), ("This is not yours.", true));
        }
        let hers = story.asks(eve, "/help", "How it works").await;
        let toast = story.forges(eve, &hers, &data(&quote, "Pay from wallet")).await;
        assert_eq!(toast.text, "This is not yours.");
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        assert_eq!(story.scenery.telegram.message(group, quote.id).unwrap().text, quote.text);
        story.end().await;
    }

    async fn forged_buttons_do_nothing(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let help = story.asks(BO, "/help", "How it works").await;
        for forged in ["nonsense", "pay:1", "b:1:-1", "b:1", "b:-1:1", "p:1:1e9", "pay:'; DROP TABLE orders", "undo:1", "desk", "suppliers", "sync"] {
            let toast = story.forges(BO, &help, forged).await;
            assert_eq!((toast.text.as_str(), toast.alert), ("This button no longer works.", false), "{forged}");
        }
        let toast = story.forges(BO, &help, "pay:0190a5c2-7d3e-7b6a-8c11-5f3a2b1c0d9e").await;
        assert_eq!(toast.text, "This is not yours.");
        for (forged, said) in [
            ("b:999:1", "There is no such product"),
            ("b:1:0", "The quantity must be a whole number from 1 to 100."),
            ("b:1:4294967295", "The quantity must be a whole number from 1 to 100."),
        ] {
            let before = story.scenery.telegram.messages(BO).last().unwrap().id;
            story.forges(BO, &help, forged).await;
            story.newer(BO, before, said).await;
        }
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        story.end().await;
    }

    async fn wrong_numbers_are_told_what_is_right(fresh: Fresh) {
        let story = Story::begin(&fresh, |scenery| {
            sixty(scenery);
            scenery.one4all.add_product("PUBG Mobile", "325 UC", "4", 5);
        })
        .await;
        story.buyer(BO, "Bo").await;
        story.stocked("325 uc").await;
        for wrong in ["-1", "0", "1e30", "abc", "101", "1.5", "99999999999999999999", "٣"] {
            let limits = "The quantity must be a whole number from 1 to 100. No money was taken.";
            let no = story.asks(BO, &format!("/buy 1 {wrong}"), limits).await;
            assert!(no.button("Pay from wallet").is_none() && no.button("See the product").is_some());
        }
        story.asks(BO, "/buy 2 6", "Only 5 left. No money was taken.").await.button("See the product").unwrap();
        for unknown in ["/buy 999", "/buy x", "/buy 0", "/buy -1 1", "/buy 99999999999999999999"] {
            story.asks(BO, unknown, "There is no such product, or it is no longer sold. No money was taken.").await;
        }
        story.asks(BO, "/buy", "Like this: /buy 12").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        story.end().await;
    }

    async fn a_product_that_is_gone_is_not_sold(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let unseen = story.asks(BO, "/buy 1", "Total: 0.94 USDT").await;
        let seen = story.asks(BO, "/buy 1 2", "Total: 1.88 USDT").await;
        story.scenery.one4all.remove_product("clp00000001");
        story.presses(BO, &unseen, "Pay from wallet").await;
        story.becomes(&unseen, "The product is no longer sold. 0.94 USDT went back to your wallet.").await;
        let synced = story.asks(ADMIN, "/sync one4all", "Refreshing").await;
        story.becomes(&synced, "0 listed, 0 new, 0 changed, 1 gone").await;
        story.presses(BO, &seen, "Pay from wallet").await;
        story.becomes(&seen, "There is no such product, or it is no longer sold. No money was taken.").await;
        story.asks(BO, "/buy 1", "There is no such product, or it is no longer sold. No money was taken.").await;
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        story.end().await;
    }

    async fn the_price_shown_is_the_price_charged(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let card = story.asks(BO, "/start p1", "Price: 0.94 USDT").await;
        let open = story.asks(BO, "/buy 1", "Total: 0.94 USDT").await;
        story.asks(ADMIN, "/margin 50", "The margin is 50").await;
        story.presses(BO, &open, "Pay from wallet").await;
        story.becomes(&open, "Delivered: 1 code").await;
        story.holds(BO, "9.06", "0.00").await;
        story.presses(BO, &card, "Buy").await;
        let dearer = story.newer(BO, open.id, "Total: 1.28 USDT").await;
        story.asks(ADMIN, "/margin 0 PUBG Mobile", "The margin of PUBG Mobile is 0").await;
        story.presses(BO, &dearer, "Pay from wallet").await;
        story.becomes(&dearer, "Delivered: 1 code").await;
        story.holds(BO, "7.78", "0.00").await;
        story.asks(BO, "/buy 1", "Total: 0.85 USDT").await;
        story.end().await;
    }
}

/// The data of a quote's *Cancel*, from that of its *Pay from wallet*.
fn pay_to_cancel(pay: &str) -> String {
    pay.replacen("pay:", "x:", 1)
}
