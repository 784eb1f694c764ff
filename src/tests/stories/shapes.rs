//! Goods of any shape arrive whole and exact; costs that are none never become prices.

use std::time::Duration;

use super::{ADMIN, BO, PATIENCE, Story};
use crate::demo::stage::Scenery;
use crate::tests::both::{Fresh, on_both};

fn sixty(scenery: &Scenery) {
    scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 142);
}

on_both! {
    async fn a_code_of_any_shape_arrives_whole_and_exact(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "100").await;
        story.stocked("60 uc").await;
        let codes = [
            "7".to_owned(),
            "<b>&amp;</b> & <a href=\"x\">\u{1f381}</a> `*_~|".to_owned(),
            "x".repeat(4096),
            "<i>\u{1f381}\u{1f468}\u{200d}\u{1f469}</i>&lt;".repeat(250),
            "\u{1f381}<b>\r\nline & line\n</b>\t".repeat(5000).chars().take(100_000).collect(),
            " two\nlines ".to_owned(),
            "  padded  ".to_owned(),
        ];
        for code in &codes {
            story.scenery.one4all.next_codes(&[code]);
            let order = story.buys(BO, "1").await;
            story.becomes(&order, "Delivered: 1 code").await;
            let parcel = story.newer(BO, order.id, "60 UC – 1 code").await;
            assert!(parcel.protect_content);
            let whole = story
                .finds(BO, "the code", |seen| {
                    let file = seen.document.as_ref().filter(|_| seen.id > order.id);
                    file.map_or(seen.id == parcel.id && seen.text.ends_with(code.as_str()), |file| file.bytes == code.as_bytes())
                })
                .await;
            assert!(whole.protect_content);
            assert!(whole.text.chars().count() <= 4096);
            // Room under the purchase limit.
            story.later(Duration::from_secs(11));
        }
        story.end().await;
    }

    async fn many_codes_of_many_shapes_come_in_one_file(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "100").await;
        story.stocked("60 uc").await;
        let long = "y".repeat(5000);
        let codes = ["<one>", "two\nlines", long.as_str()];
        story.scenery.one4all.next_codes(&codes);
        let order = story.buys(BO, "1 3").await;
        story.becomes(&order, "Delivered: 3 codes").await;
        let file = story.finds(BO, "a file", |seen| seen.document.is_some()).await;
        let content = String::from_utf8(file.document.as_ref().unwrap().bytes.to_vec()).unwrap();
        assert!(codes.iter().all(|code| content.contains(code)));
        story.later(Duration::from_secs(11));
        let order = story.buys(BO, "1 100").await;
        story.becomes(&order, "Delivered: 100 codes").await;
        let sold = story.scenery.one4all.sold();
        let file = story.finds(BO, "a file", |seen| seen.id > order.id && seen.document.is_some()).await;
        assert_eq!(&*file.document.as_ref().unwrap().bytes, sold[1].codes.join("\n").as_bytes());
        story.end().await;
    }

    async fn a_cost_that_is_none_never_becomes_a_price(fresh: Fresh) {
        let story = Story::begin(&fresh, |scenery| {
            for (name, price) in [("zero", "0"), ("zeros", "0.00"), ("minus", "-1"), ("words", "free"), ("nothing", ""), ("infinite", "Infinity"), ("huge", "99999999999999999999999999999999")] {
                scenery.one4all.add_product("Odd", &format!("oddity {name}"), price, 10);
            }
            for (slug, price) in [("nought", "0"), ("text", "ask"), ("negative", "-3.5")] {
                scenery.account_shop.add_product(slug, &format!("curiosity {slug}"), "怪", price, 10, 1);
            }
        })
        .await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("oddity").await;
        story.stocked("curiosity").await;
        let all = story.scenery.telegram.inline(BO, "", PATIENCE).await.unwrap().results;
        assert_eq!(all.len(), 10);
        for product in all {
            assert!(product.description.starts_with("not for sale just now"), "{}: {}", product.title, product.description);
            let no = product.id.strip_prefix('p').unwrap();
            story.asks(BO, &format!("/buy {no}"), "This product is not for sale just now. No money was taken.").await;
            let card = story.asks(BO, &format!("/start p{no}"), "Price: not for sale just now").await;
            assert!(card.button("Buy").is_none());
        }
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        assert_eq!(story.scenery.account_shop.count("create"), 0);
        story.end().await;
    }

    async fn a_cost_that_vanishes_after_the_quote_sells_nothing(fresh: Fresh) {
        let story = Story::begin(&fresh, sixty).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let quote = story.asks(BO, "/buy 1", "Total: 0.94 USDT").await;
        story.scenery.one4all.set_price("clp00000001", "0");
        story.presses(BO, &quote, "Pay from wallet").await;
        story.becomes(&quote, "0.94 USDT went back to your wallet.").await;
        story.asks(BO, "/buy 1", "This product is not for sale just now.").await;
        story.scenery.one4all.set_price("clp00000001", "0.85");
        let synced = story.asks(ADMIN, "/sync one4all", "Refreshing").await;
        story.becomes(&synced, "Done.").await;
        story.asks(BO, "/buy 1", "Total: 0.94 USDT").await;
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        story.end().await;
    }
}
