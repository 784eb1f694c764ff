//! Finding things: inline, by command, by link, in any script; and hearing when a product is back.

use super::{ADMIN, BO, EVE, PATIENCE, Story};
use crate::demo::one4all::FakeOne4All;
use crate::demo::telegram::{Action, InlineResult};
use crate::tests::both::{Fresh, on_both};

/// What inline search offers for some words.
async fn offered(story: &Story, words: &str) -> Vec<InlineResult> {
    story.scenery.telegram.inline(BO, words, PATIENCE).await.unwrap().results
}

fn steam(one4all: &FakeOne4All, stock: u32) -> String {
    one4all.add_product("Steam", "Steam Wallet 20", "18", stock)
}

on_both! {
    async fn goods_are_found_in_any_script_and_despite_typos(fresh: Fresh) {
        let story = Story::begin(&fresh, |scenery| {
            scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 142);
            scenery.one4all.add_product("Яндекс", "Яндекс Плюс 3 месяца", "5", 12);
            scenery.one4all.add_product("ببجي", "شدات ببجي 325", "4", 10);
            steam(&scenery.one4all, 0);
            scenery.account_shop.add_product("wx", "WeChat account", "微信老号", "3.5", 20, 1);
            scenery.account_shop.add_product("mail", "Outlook mailbox", "企业邮箱账号", "0.5", 500, 10);
        })
        .await;
        story.buyer(BO, "Bo").await;
        story.stocked("steam").await;
        story.stocked("wechat").await;
        for (words, title, description) in [
            ("pubg", "60 UC", "0.94 USDT · plenty"),
            ("pugb mobil", "60 UC", "0.94 USDT · plenty"),
            ("Steem wallet", "Steam Wallet 20", "19.80 USDT · sold out"),
            ("微信", "WeChat account", "0.54 USDT · 20 left"),
            ("邮箱", "Outlook mailbox", "0.08 USDT · plenty"),
            ("яндекс плюс", "Яндекс Плюс 3 месяца", "5.50 USDT · 12 left"),
            ("ЯНДЕКС", "Яндекс Плюс 3 месяца", "5.50 USDT · 12 left"),
            ("ببجي", "شدات ببجي 325", "4.40 USDT · 10 left"),
        ] {
            let best = offered(&story, words).await.into_iter().next().unwrap_or_else(|| panic!("nothing for {words}"));
            assert_eq!((best.title.as_str(), best.description.as_str()), (title, description), "{words}");
        }
        assert!(offered(&story, "zzzzqqqq").await.is_empty());
        assert_eq!(offered(&story, "").await.len(), 6);
        story.asks(BO, "/search 微信", "This is what I found").await.button("WeChat account · 0.54 USDT").unwrap();
        story.asks(BO, "/search", "Most sold").await.button("Steam Wallet 20 · sold out").unwrap();
        story.asks(BO, "outlok", "This is what I found").await.button("Outlook mailbox · 0.08 USDT").unwrap();
        let nothing = story.asks(BO, "/search <b>zzzzqqqq", "Nothing found for “<b>zzzzqqqq”").await;
        assert!(nothing.button("Shop").is_some());
        story.end().await;
    }

    async fn a_card_posted_elsewhere_leads_into_the_shop(fresh: Fresh) {
        let story = Story::begin(&fresh, |scenery| {
            scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 142);
        })
        .await;
        story.buyer(BO, "Bo").await;
        story.stocked("60 uc").await;
        let group = story.scenery.telegram.group(-500, "Friends");
        let found = offered(&story, "60").await.remove(0);
        let posted = story.scenery.telegram.choose_inline(BO, group, "60", &found);
        let card = story.scenery.telegram.message(group, posted).unwrap();
        assert!(card.text.contains("Price: 0.94 USDT"), "{}", card.text);
        let Action::Url(link) = &card.button("Open in shop").unwrap().action else { panic!("no link") };
        let payload = link.split_once("?start=").unwrap().1;
        let eve = story.scenery.telegram.user(EVE, "Eve", None, Some("en"));
        let card = story.asks(eve, &format!("/start {payload}"), "Price: 0.94 USDT").await;
        assert!(card.text.contains("Stock: plenty"), "{}", card.text);
        assert!(card.text.contains("Delivery: at once"), "{}", card.text);
        card.button("Buy").unwrap();
        story.asks(eve, "/start p999", "There is no such product").await;
        story.asks(eve, "/start pX", "Hello, Eve!").await;
        story.end().await;
    }

    async fn a_buyer_hears_when_a_product_is_back(fresh: Fresh) {
        let story = Story::begin(&fresh, |scenery| {
            steam(&scenery.one4all, 0);
        })
        .await;
        story.buyer(BO, "Bo").await;
        story.stocked("steam").await;
        let list = story.asks(BO, "/search steam", "This is what I found").await;
        story.presses(BO, &list, "Steam Wallet 20 · sold out").await;
        let card = story.becomes(&list, "Stock: sold out").await;
        assert!(card.button("Buy").is_none());
        let toast = story.presses(BO, &card, "Tell me when it is back").await;
        assert_eq!(toast.text, "I will tell you when it is back.");
        story.asks(BO, "/buy 1", "Sold out. No money was taken.").await.button("Tell me when it is back").unwrap();
        let id = "clp00000001";
        story.scenery.one4all.set_stock(id, 5);
        let synced = story.asks(ADMIN, "/sync one4all", "Refreshing").await;
        story.becomes(&synced, "1 listed, 0 new, 1 changed, 0 gone").await;
        let news = story.sees(BO, "Steam Wallet 20 is back.").await;
        story.presses(BO, &news, "See the product").await;
        story.becomes(&news, "Stock: 5 left").await.button("Buy").unwrap();
        story.scenery.one4all.set_stock(id, 6);
        let synced = story.asks(ADMIN, "/sync one4all", "Refreshing").await;
        story.becomes(&synced, "Done.").await;
        // A marker told after all news that the refresh could owe.
        story.asks(ADMIN, &format!("/topup {BO} 1"), "added").await;
        story.sees(BO, "was added to your wallet").await;
        let told = story.scenery.telegram.messages(BO);
        assert_eq!(told.iter().filter(|seen| seen.text.contains("Wallet 20 is back.") || seen.id == news.id).count(), 1);
        story.end().await;
    }

    async fn a_buyer_hears_of_a_product_that_sold_out_by_our_own_sale(fresh: Fresh) {
        let story = Story::begin(&fresh, |scenery| {
            steam(&scenery.one4all, 1);
        })
        .await;
        story.rich(BO, "Bo", "50").await;
        story.stocked("steam").await;
        let no = story.number("steam").await;
        let order = story.buys(BO, &no).await;
        story.becomes(&order, "Delivered: 1 code").await;
        let said = story.asks(BO, &format!("/buy {no}"), "Sold out. No money was taken.").await;
        story.presses(BO, &said, "Tell me when it is back").await;
        story.scenery.one4all.set_stock("clp00000001", 1);
        let synced = story.asks(ADMIN, "/sync one4all", "Refreshing").await;
        story.becomes(&synced, "Done.").await;
        story.sees(BO, "Steam Wallet 20 is back.").await;
        story.asks(BO, &format!("/buy {no}"), "Total: 19.80 USDT").await;
        story.end().await;
    }
}
