//! The account shop paid from our balance: polling, lookups under their limits, answers in many shapes.

use std::time::Duration;

use super::{ADMIN, BO, Story};
use crate::demo::account_shop::{Credentials, Shape};
use crate::demo::stage::{EMAIL, Scenery};
use crate::demo::telegram::Seen;
use crate::demo::{Canned, Fault};
use crate::tests::both::{Fresh, on_both};

fn accounts(scenery: &Scenery) {
    scenery.account_shop.add_product("wx", "WeChat account", "微信老号", "3.5", 500, 2);
}

/// A shop with one product and a buyer with a hundred USDT.
async fn open(fresh: &Fresh, more: &[(&str, &str)]) -> Story {
    let story = Story::begin_with(fresh, more, accounts).await;
    story.rich(BO, "Bo", "100").await;
    story.stocked("wechat").await;
    story
}

/// Everything a buyer got after a message: text and file.
fn got(story: &Story, after: &Seen) -> String {
    let mut all = String::new();
    for seen in story.scenery.telegram.messages(BO).iter().filter(|seen| seen.id > after.id) {
        all.push_str(&seen.text);
        if let Some(file) = &seen.document {
            all.push_str(&String::from_utf8_lossy(&file.bytes));
        }
    }
    all
}

on_both! {
    async fn accounts_are_paid_from_our_balance_and_polled_for(fresh: Fresh) {
        let story = open(&fresh, &[]).await;
        story.scenery.account_shop.set_checks_before_completion(Some(2));
        let limits = "The quantity must be a whole number from 2 to 200.";
        story.asks(BO, "/buy 1 1", limits).await;
        story.asks(BO, "/buy 1 201", limits).await;
        let quote = story.asks(BO, "/buy 1 2 SAVE10", "Total: 1.08 USDT").await;
        story.presses(BO, &quote, "Pay from wallet").await;
        story.becomes(&quote, "Delivered: 2 codes").await;
        let order = story.scenery.account_shop.orders().remove(0);
        assert_eq!((order.method.as_str(), order.coupon.as_deref()), ("balance_crypto", Some("SAVE10")));
        assert_eq!((order.quantity, order.email.as_str()), (2, EMAIL));
        let parcel = story.newer(BO, quote.id, "WeChat account – 2 codes").await;
        assert!(order.credentials.iter().all(|line| parcel.text.contains(line.as_str())));
        assert_eq!(story.scenery.account_shop.count("query"), 1);
        assert!(story.scenery.account_shop.count("status") >= 3);
        assert_eq!(story.scenery.account_shop.count("429"), 0);
        story.holds(BO, "98.92", "0.00").await;
        story.end().await;
    }

    async fn lookups_of_many_orders_wait_for_their_turn(fresh: Fresh) {
        let story = open(&fresh, &[]).await;
        let mut orders = Vec::new();
        for _ in 0..5 {
            orders.push(story.buys(BO, "1 2").await);
        }
        let delivered = || {
            let all = story.scenery.telegram.messages(BO);
            all.iter().filter(|seen| seen.text.contains("WeChat account – 2 codes")).count()
        };
        story.until("three were looked up", || delivered() == 3).await;
        assert_eq!(story.scenery.account_shop.count("query"), 3);
        story.later(Duration::from_secs(62));
        for order in &orders {
            story.becomes(order, "Delivered: 2 codes").await;
        }
        assert_eq!(story.scenery.account_shop.count("429"), 0);
        assert_eq!(story.scenery.account_shop.orders().len(), 5);
        story.holds(BO, "94.60", "0.00").await;
        story.end().await;
    }

    async fn answers_of_any_shape_are_understood(fresh: Fresh) {
        let story = open(&fresh, &[]).await;
        for (shape, credentials) in [
            (Shape::Nested, Credentials::Objects),
            (Shape::Flat, Credentials::Lines),
            (Shape::Data, Credentials::Text),
            (Shape::Camel, Credentials::Lines),
            (Shape::Camel, Credentials::Objects),
        ] {
            story.scenery.account_shop.set_shape(shape);
            story.scenery.account_shop.set_credentials(credentials);
            let order = story.buys(BO, "1 2").await;
            story.becomes(&order, "Delivered: 2 codes").await;
            let last = story.scenery.account_shop.orders().pop().unwrap();
            let got = got(&story, &order);
            for line in &last.credentials {
                let (account, password) = line.split_once("----").unwrap();
                assert!(got.contains(account) && got.contains(password), "{shape:?} {credentials:?}: {got}");
            }
            story.later(Duration::from_secs(62));
        }
        assert_eq!(story.scenery.account_shop.count("429"), 0);
        story.end().await;
    }

    async fn a_token_that_has_run_out_is_renewed(fresh: Fresh) {
        let more = [
            ("KIOSK_SUPPLIER__ACCOUNT_SHOP__EMAIL", EMAIL),
            ("KIOSK_SUPPLIER__ACCOUNT_SHOP__PASSWORD", "stage password"),
            ("KIOSK_SUPPLIER__ACCOUNT_SHOP__PAY_FROM", "balance_cny"),
        ];
        let story = open(&fresh, &more).await;
        story.scenery.account_shop.expire_tokens();
        let order = story.buys(BO, "1 2").await;
        story.becomes(&order, "Delivered: 2 codes").await;
        let order = story.scenery.account_shop.orders().remove(0);
        assert_eq!(order.method, "balance_cny");
        assert_eq!(story.scenery.account_shop.count("login"), 1);
        story.end().await;
    }

    async fn a_token_that_has_run_out_for_good_is_an_admins_business(fresh: Fresh) {
        let story = open(&fresh, &[]).await;
        story.scenery.account_shop.expire_tokens();
        let order = story.buys(BO, "1 2").await;
        story.becomes(&order, "The product is not available just now").await;
        story.sees(ADMIN, "account_shop refuses to sell: our key is not accepted there").await;
        story.holds(BO, "100.00", "0.00").await;
        story.end().await;
    }

    async fn a_lost_or_garbled_create_waits_for_a_person_and_is_never_sent_again(fresh: Fresh) {
        let story = open(&fresh, &[]).await;
        let faults = [Fault::AnswerAfter(Canned::html(200)), Fault::DropAfter, Fault::Truncate, Fault::AnswerAfter(Canned::html(502))];
        for (times, fault) in (1_u64..).zip(faults) {
            let before = story.scenery.telegram.messages(ADMIN).last().unwrap().id;
            story.scenery.account_shop.plan("create", 1, fault);
            let order = story.buys(BO, "1 2").await;
            story.becomes(&order, "A person is looking into it; 1.08 USDT stays reserved for this order").await;
            story.newer(ADMIN, before, "waits for a person").await;
            story.later(Duration::from_mins(6));
            assert_eq!(story.scenery.account_shop.count("create"), times);
        }
        story.holds(BO, "95.68", "4.32").await;
        assert_eq!(story.scenery.account_shop.count("create"), 4);
        assert_eq!(story.scenery.account_shop.orders().len(), 4);
        story.end().await;
    }

    async fn a_definite_no_gives_the_money_back(fresh: Fresh) {
        let story = open(&fresh, &[]).await;
        let no = serde_json::json!({"success": false, "message": "Insufficient balance"});
        story.scenery.account_shop.plan("create", 1, Fault::Answer(Canned::json(400, &no)));
        let order = story.buys(BO, "1 2").await;
        story.becomes(&order, "1.08 USDT went back to your wallet.").await;
        story.holds(BO, "100.00", "0.00").await;
        assert!(story.scenery.account_shop.orders().is_empty());
        story.end().await;
    }

    async fn fewer_or_more_accounts_than_paid_for_wait_for_a_person(fresh: Fresh) {
        let story = open(&fresh, &[]).await;
        for came in [&["one@x----1"][..], &["one@x----1", "two@x----2", "three@x----3"]] {
            story.scenery.account_shop.next_credentials(came);
            let order = story.buys(BO, "1 2").await;
            story.becomes(&order, "A person is looking into it").await;
            assert!(!got(&story, &order).contains("one@x"));
        }
        story.sees(ADMIN, "The codes are kept, sealed.").await;
        story.holds(BO, "97.84", "2.16").await;
        story.end().await;
    }
}
