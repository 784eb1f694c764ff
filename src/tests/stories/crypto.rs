//! The buyer's own crypto invoice: one message that goes along, and payments that are not as asked.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{ADMIN, BO, Story};
use crate::demo::account_shop::{Ordered, Paid, Shape};
use crate::demo::stage::Scenery;
use crate::demo::telegram::{Action, Seen};
use crate::demo::{Canned, Fault};
use crate::tests::both::{Fresh, on_both};

const TRON: &str = "USDT · Tron (TRC-20)";

fn accounts(scenery: &Scenery) {
    scenery.account_shop.add_product("wx", "WeChat account", "微信老号", "3.5", 500, 1);
}

async fn open(fresh: &Fresh) -> Story {
    let story = Story::begin(fresh, accounts).await;
    story.buyer(BO, "Bo").await;
    story.stocked("wechat").await;
    story
}

/// Chooses a coin for two accounts and waits for the picture.
async fn invoice(story: &Story, coin: &str) -> (Arc<Seen>, Ordered) {
    let quote = story.asks(BO, "/buy 1 2", "Total: 1.08 USDT").await;
    story.presses(BO, &quote, "Pay with crypto").await;
    story.becomes(&quote, "Pay with crypto").await;
    story.presses(BO, &quote, coin).await;
    let shown = story.finds(BO, "an invoice", |seen| seen.photo.is_some() && seen.id > quote.id).await;
    (shown, story.scenery.account_shop.orders().pop().unwrap())
}

on_both! {
    async fn one_message_goes_from_the_invoice_to_the_goods(fresh: Fresh) {
        let story = open(&fresh).await;
        let (shown, order) = invoice(&story, TRON).await;
        let asked = order.invoice.clone().unwrap();
        for words in ["Waiting for payment", "Network: Tron (TRC-20)", &asked.address, &format!("Amount: {} USDT", asked.expected)] {
            assert!(shown.text.contains(words), "{words}: {}", shown.text);
        }
        let copied = |label: &str| shown.button(label).map(|button| button.action.clone());
        assert_eq!(copied("Copy address"), Some(Action::Copy(asked.address.clone())));
        assert_eq!(copied("Copy amount"), Some(Action::Copy(asked.expected.to_string())));
        assert!(shown.photo.as_ref().unwrap().bytes.starts_with(b"\x89PNG"));
        story.scenery.account_shop.set_checks_before_completion(None);
        assert!(story.scenery.account_shop.pay(&order.order_no, Paid::Exact));
        story.becomes(&shown, "Seen, confirming").await;
        assert!(story.scenery.account_shop.confirm(&order.order_no));
        story.becomes(&shown, "Paid. Your goods are being prepared").await;
        assert!(story.scenery.account_shop.complete(&order.order_no));
        story.becomes(&shown, "Delivered: 2 codes").await;
        let order = story.scenery.account_shop.orders().pop().unwrap();
        let parcel = story.newer(BO, shown.id, "WeChat account – 2 codes").await;
        assert!(order.credentials.iter().all(|line| parcel.text.contains(line.as_str())));
        let pictures = story.scenery.telegram.messages(BO).iter().filter(|seen| seen.photo.is_some()).count();
        assert_eq!(pictures, 1);
        story.holds(BO, "0.00", "0.00").await;
        assert_eq!(story.scenery.account_shop.count("create"), 1);
        story.end().await;
    }

    async fn all_seven_coins_can_be_chosen_in_any_shape(fresh: Fresh) {
        let story = open(&fresh).await;
        let coins = [
            (TRON, Shape::Nested, "Tron (TRC-20)"),
            ("USDT · Ethereum (ERC-20)", Shape::Flat, "Ethereum (ERC-20)"),
            ("USDT · BNB Smart Chain (BEP-20)", Shape::Data, "BNB Smart Chain (BEP-20)"),
            ("BTC · Bitcoin", Shape::Camel, "Bitcoin"),
            ("ETH · Ethereum (ERC-20)", Shape::Flat, "Ethereum (ERC-20)"),
            ("TRX · Tron (TRC-20)", Shape::Camel, "Tron (TRC-20)"),
            ("BNB · BNB Smart Chain (BEP-20)", Shape::Data, "BNB Smart Chain (BEP-20)"),
        ];
        for (label, shape, network) in coins {
            story.scenery.account_shop.set_shape(shape);
            let (shown, order) = invoice(&story, label).await;
            let asked = order.invoice.unwrap();
            for words in [format!("Network: {network}"), asked.address, asked.expected.to_string()] {
                assert!(shown.text.contains(&words), "{words}: {}", shown.text);
            }
        }
        story.end().await;
    }

    async fn too_little_and_too_much_reach_an_admin(fresh: Fresh) {
        let story = open(&fresh).await;
        let (shown, order) = invoice(&story, TRON).await;
        assert!(story.scenery.account_shop.pay(&order.order_no, Paid::Under));
        story.becomes(&shown, "Too little arrived.").await;
        story.sees(ADMIN, "the buyer sent too little on the supplier's invoice.").await;
        let (shown, order) = invoice(&story, TRON).await;
        assert!(story.scenery.account_shop.pay(&order.order_no, Paid::Over));
        story.becomes(&shown, "More than asked arrived.").await;
        story.sees(ADMIN, "the buyer sent more than asked on the supplier's invoice.").await;
        assert!(story.scenery.account_shop.confirm(&order.order_no));
        story.becomes(&shown, "Delivered: 2 codes").await;
        story.end().await;
    }

    async fn an_unpaid_invoice_ends_and_a_late_payment_still_brings_the_goods(fresh: Fresh) {
        let story = open(&fresh).await;
        let (shown, order) = invoice(&story, TRON).await;
        story.later(Duration::from_mins(31));
        let over = story.becomes(&shown, "The time to pay ran out.").await;
        assert!(over.button("Try again").is_some() && over.button("Copy address").is_none());
        assert!(story.scenery.account_shop.set_status(&order.order_no, "paid"));
        story.later(Duration::from_mins(5));
        story.becomes(&shown, "Delivered: 2 codes").await;
        story.sees(ADMIN, "the buyer paid after the invoice had ended.").await;
        story.end().await;
    }

    async fn a_late_payment_that_brings_no_goods_waits_for_a_person(fresh: Fresh) {
        let story = open(&fresh).await;
        story.scenery.account_shop.set_checks_before_completion(None);
        let (shown, order) = invoice(&story, TRON).await;
        story.later(Duration::from_mins(31));
        story.becomes(&shown, "The time to pay ran out.").await;
        assert!(story.scenery.account_shop.set_status(&order.order_no, "confirming"));
        story.later(Duration::from_mins(5));
        story.becomes(&shown, "A person is looking into it and writes to you here. Please do not pay again.").await;
        story.sees(ADMIN, "The buyer paid after the invoice had ended.").await;
        story.end().await;
    }

    async fn an_unreadable_invoice_waits_for_a_person_and_is_never_asked_for_again(fresh: Fresh) {
        let story = open(&fresh).await;
        let odd = json!({"success": true, "order": {"id": "x1", "order_no": "GS1", "status": "pending"}});
        story.scenery.account_shop.plan("create", 1, Fault::AnswerAfter(Canned::json(200, &odd)));
        let quote = story.asks(BO, "/buy 1 2", "Total: 1.08 USDT").await;
        story.presses(BO, &quote, "Pay with crypto").await;
        story.presses(BO, &quote, TRON).await;
        story.becomes(&quote, "Please do not pay again.").await;
        story.sees(ADMIN, "A purchase got an answer that cannot be read.").await;
        story.later(Duration::from_mins(6));
        story.holds(BO, "0.00", "0.00").await;
        assert_eq!(story.scenery.account_shop.count("create"), 1);
        story.end().await;
    }

    async fn a_dearer_invoice_is_not_asked_for(fresh: Fresh) {
        let story = open(&fresh).await;
        let quote = story.asks(BO, "/buy 1 2", "Total: 1.08 USDT").await;
        story.presses(BO, &quote, "Pay with crypto").await;
        story.scenery.account_shop.set_price("30a6d792-9e06-4023-85f4-000000000001", "3.6");
        story.presses(BO, &quote, TRON).await;
        story.becomes(&quote, "The price has risen since your quote, so nothing was bought. No money was taken.").await;
        assert_eq!(story.scenery.account_shop.count("create"), 0);
        story.end().await;
    }

    async fn checkouts_are_offered_only_where_the_supplier_says_so(fresh: Fresh) {
        let story = open(&fresh).await;
        let quote = story.asks(BO, "/buy 1 2", "Total: 1.08 USDT").await;
        story.presses(BO, &quote, "Pay with crypto").await;
        let ways = story.becomes(&quote, "Choose what you want to pay with.").await;
        assert_eq!(ways.labels().len(), 8);
        assert!(ways.button("Alipay").is_none() && ways.button("WeChat Pay").is_none());
        story.presses(BO, &ways, "Back").await;
        story.becomes(&quote, "Total: 1.08 USDT").await;
        story.scenery.account_shop.set_checkouts(true, false);
        story.presses(BO, &quote, "Pay with crypto").await;
        let ways = story.finds(BO, "Alipay", |seen| seen.id == quote.id && seen.button("Alipay").is_some()).await;
        assert!(ways.button("WeChat Pay").is_none());
        story.presses(BO, &ways, "Alipay").await;
        let checkout = story.finds(BO, "a checkout", |seen| seen.button("Open the checkout").is_some()).await;
        let order = story.scenery.account_shop.orders().pop().unwrap();
        assert_eq!(order.method, "alipay");
        let link = Action::Url(format!("https://pay.example.com/alipay/{}", order.order_no));
        assert_eq!(checkout.button("Open the checkout").unwrap().action, link);
        assert!(story.scenery.account_shop.set_status(&order.order_no, "paid"));
        story.sees(BO, "WeChat account – 2 codes").await;
        story.end().await;
    }
}
