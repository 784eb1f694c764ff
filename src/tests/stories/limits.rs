//! The suppliers' limits are kept on our side: nobody is ever told 429.

use std::time::Duration;

use super::{ADMIN, Story};
use crate::tests::both::{Fresh, on_both};

on_both! {
    async fn many_buyers_at_once_never_meet_one4alls_limits(fresh: Fresh) {
        let story = Story::begin(&fresh, |scenery| {
            scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 142);
        })
        .await;
        story.stocked("60 uc").await;
        let buyers: Vec<i64> = (1001..=1012).collect();
        let mut quotes = Vec::new();
        for buyer in &buyers {
            story.scenery.telegram.user(*buyer, "Many", None, Some("en"));
            story.scenery.telegram.say(ADMIN, ADMIN, &format!("/topup {buyer} 5"));
            story.scenery.telegram.say(*buyer, *buyer, "/start");
        }
        for buyer in &buyers {
            story.sees(*buyer, "was added to your wallet").await;
            quotes.push(story.asks(*buyer, "/buy 1", "Total: 0.94 USDT").await);
        }
        for (buyer, quote) in buyers.iter().zip(&quotes) {
            story.scenery.telegram.press(*buyer, *buyer, quote.id, "Pay from wallet").unwrap();
        }
        for sold in [5, 10, 12] {
            story.until("a window's worth is sold", || story.scenery.one4all.sold().len() >= sold).await;
            story.later(Duration::from_secs(11));
        }
        for (buyer, quote) in buyers.iter().zip(&quotes) {
            story.becomes(quote, "Delivered: 1 code").await;
            story.holds(*buyer, "4.06", "0.00").await;
        }
        assert_eq!(story.scenery.one4all.count("429"), 0);
        assert_eq!(story.scenery.one4all.count("buy"), 12);
        story.end().await;
    }

    async fn a_limit_that_is_met_all_the_same_delays_and_loses_nothing(fresh: Fresh) {
        let story = Story::begin(&fresh, |scenery| {
            scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 142);
        })
        .await;
        story.rich(77, "Bo", "10").await;
        story.stocked("60 uc").await;
        // Somebody else uses up our key's purchases.
        story.scenery.one4all.set_limits(None, Some(0));
        let order = story.buys(77, "1").await;
        story.until("the limit is met", || story.scenery.one4all.count("429") == 1).await;
        story.scenery.one4all.set_limits(None, Some(5));
        story.later(Duration::from_secs(11));
        story.becomes(&order, "Delivered: 1 code").await;
        assert_eq!(story.scenery.one4all.count("buy"), 2);
        story.holds(77, "9.06", "0.00").await;
        story.end().await;
    }
}
