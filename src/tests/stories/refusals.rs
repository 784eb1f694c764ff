//! A supplier that says no, or would: the buyer has a sentence and their money, and an admin hears what to mend.

use rust_decimal::Decimal;
use serde_json::json;

use super::{ADMIN, BO, Story};
use crate::demo::stage::Scenery;
use crate::demo::{Canned, Fault};
use crate::tests::both::{Fresh, on_both};

const SIXTY: &str = "clp00000001";

fn sixty(scenery: &Scenery) {
    scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 142);
}

/// A shop with one product and a buyer with ten USDT.
async fn open(fresh: &Fresh) -> Story {
    let story = Story::begin(fresh, sixty).await;
    story.rich(BO, "Bo", "10").await;
    story.stocked("60 uc").await;
    story
}

/// The next purchase is answered with this error.
fn refuse(story: &Story, status: u16, code: &str) {
    let body = json!({"success": false, "error": {"code": code, "message": "No."}});
    story.scenery.one4all.plan("buy", 1, Fault::Answer(Canned::json(status, &body)));
}

on_both! {
    async fn a_cost_that_rose_above_the_quote_gives_a_new_quote(fresh: Fresh) {
        let story = open(&fresh).await;
        let quote = story.asks(BO, "/buy 1", "Total: 0.94 USDT").await;
        story.scenery.one4all.set_price(SIXTY, "2.00");
        story.presses(BO, &quote, "Pay from wallet").await;
        let no = story
            .becomes(&quote, "The price has risen since your quote, so nothing was bought. 0.94 USDT went back to your wallet.")
            .await;
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        let wallet = story.scenery.telegram.messages(BO).last().unwrap().id;
        story.presses(BO, &no, "See the new price").await;
        let fresh = story.newer(BO, wallet, "Total: 2.20 USDT").await;
        story.presses(BO, &fresh, "Pay from wallet").await;
        story.becomes(&fresh, "Delivered: 1 code").await;
        story.holds(BO, "7.80", "0.00").await;
        story.end().await;
    }

    async fn a_cost_that_rose_within_the_quote_is_ours_to_bear(fresh: Fresh) {
        let story = open(&fresh).await;
        let quote = story.asks(BO, "/buy 1", "Total: 0.94 USDT").await;
        story.scenery.one4all.set_price(SIXTY, "0.94");
        story.presses(BO, &quote, "Pay from wallet").await;
        story.becomes(&quote, "Delivered: 1 code").await;
        story.holds(BO, "9.06", "0.00").await;
        story.asks(BO, "/buy 1", "Total: 1.04 USDT").await;
        story.end().await;
    }

    async fn stock_that_is_gone_is_seen_before_anything_is_asked(fresh: Fresh) {
        let story = open(&fresh).await;
        let quote = story.asks(BO, "/buy 1 3", "Total: 2.82 USDT").await;
        story.scenery.one4all.set_stock(SIXTY, 2);
        story.presses(BO, &quote, "Pay from wallet").await;
        let words = "Somebody was faster: there are not enough left. 2.82 USDT went back to your wallet.";
        let no = story.becomes(&quote, words).await;
        assert!(no.button("Tell me when it is back").is_some() && no.button("See the product").is_some());
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        story.asks(BO, "/buy 1 3", "Only 2 left.").await;
        story.end().await;
    }

    async fn sold_out_in_the_last_moment_gives_the_money_back(fresh: Fresh) {
        let story = open(&fresh).await;
        refuse(&story, 409, "OUT_OF_STOCK");
        let order = story.buys(BO, "1").await;
        story.becomes(&order, "Somebody was faster: there are not enough left. 0.94 USDT went back").await;
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 1);
        story.end().await;
    }

    async fn a_conflict_is_tried_again_until_it_is_sold_once(fresh: Fresh) {
        let story = open(&fresh).await;
        story.scenery.one4all.plan_stock_conflict(2);
        let order = story.buys(BO, "1 2").await;
        story.becomes(&order, "Delivered: 2 codes").await;
        story.holds(BO, "8.12", "0.00").await;
        assert_eq!(story.scenery.one4all.sold().len(), 1);
        assert_eq!(story.scenery.one4all.count("buy"), 3);
        story.end().await;
    }

    async fn our_empty_funds_are_an_admins_business(fresh: Fresh) {
        let story = open(&fresh).await;
        refuse(&story, 402, "INSUFFICIENT_FUNDS");
        let order = story.buys(BO, "1").await;
        let words = "The product is not available just now, so nothing was bought. The shop has been told. 0.94 USDT went back";
        let no = story.becomes(&order, words).await;
        assert!(!no.text.contains("one4all"), "{}", no.text);
        story.sees(ADMIN, "one4all refuses to sell: our funds there are too low").await;
        story.scenery.one4all.set_wallet(Decimal::new(84, 2));
        let order = story.buys(BO, "1").await;
        story.becomes(&order, words).await;
        assert_eq!(story.scenery.one4all.count("buy"), 1);
        story.holds(BO, "10.00", "0.00").await;
        story.end().await;
    }

    async fn a_frozen_account_is_an_admins_business(fresh: Fresh) {
        let story = open(&fresh).await;
        story.scenery.one4all.freeze(true);
        let order = story.buys(BO, "1").await;
        story.becomes(&order, "The product is not available just now").await;
        story.sees(ADMIN, "one4all refuses to sell: our account there is frozen").await;
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        story.end().await;
    }

    async fn an_account_frozen_in_the_last_moment_gives_the_money_back(fresh: Fresh) {
        let story = open(&fresh).await;
        refuse(&story, 403, "WALLET_FROZEN");
        let order = story.buys(BO, "1").await;
        story.becomes(&order, "The product is not available just now").await;
        story.sees(ADMIN, "one4all refuses to sell: our account there is frozen").await;
        story.holds(BO, "10.00", "0.00").await;
        story.end().await;
    }

    async fn a_key_that_is_not_accepted_is_an_admins_business(fresh: Fresh) {
        let story = open(&fresh).await;
        refuse(&story, 401, "UNAUTHORIZED");
        let order = story.buys(BO, "1").await;
        story.becomes(&order, "The product is not available just now").await;
        story.sees(ADMIN, "one4all refuses to sell: our key is not accepted there").await;
        story.scenery.one4all.set_scopes(&["products:read"]);
        let order = story.buys(BO, "1").await;
        story.becomes(&order, "The product is not available just now").await;
        assert_eq!(story.scenery.one4all.count("buy"), 1);
        story.holds(BO, "10.00", "0.00").await;
        story.end().await;
    }
}
