//! A supplier that is down, loses its answers or contradicts itself: nothing is bought twice, nothing is lost.

use std::time::Duration;

use serde_json::json;

use super::{ADMIN, BO, EVE, Story};
use crate::demo::stage::Scenery;
use crate::demo::{Canned, Fault, Gate};
use crate::tests::both::{Fresh, on_both};

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

/// Buys two while the purchase meets faults; they must come all the same, bought once.
async fn arrives_once(story: &Story, asked: u64) {
    let order = story.buys(BO, "1 2").await;
    story.becomes(&order, "Delivered: 2 codes").await;
    let sold = story.scenery.one4all.sold();
    assert_eq!(sold.len(), 1);
    assert_eq!(story.scenery.one4all.count("buy"), asked);
    let parcel = story.sees(BO, "60 UC – 2 codes").await;
    assert!(sold[0].codes.iter().all(|code| parcel.text.contains(code.as_str())));
    story.holds(BO, "8.12", "0.00").await;
}

on_both! {
    async fn a_supplier_nobody_can_connect_to_sells_nothing(fresh: Fresh) {
        let mut story = open(&fresh).await;
        story.reopen_with(&[("KIOSK_SUPPLIER__ONE4ALL__URL", "http://127.0.0.1:9/api/v1")]).await;
        let order = story.buys(BO, "1").await;
        story.later(Duration::from_secs(20));
        story
            .becomes(&order, "The order could not be passed on in time, so nothing was bought. 0.94 USDT went back")
            .await
            .button("Try again")
            .unwrap();
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        story.reopen().await;
        let order = story.buys(BO, "1").await;
        story.becomes(&order, "Delivered: 1 code").await;
        story.holds(BO, "9.06", "0.00").await;
        story.end().await;
    }

    async fn a_supplier_that_answers_pages_of_errors_sells_nothing(fresh: Fresh) {
        let story = open(&fresh).await;
        story.scenery.one4all.plan("products", 1000, Fault::Answer(Canned::html(503)));
        let order = story.buys(BO, "1").await;
        story.later(Duration::from_secs(20));
        story.becomes(&order, "The order could not be passed on in time, so nothing was bought. 0.94 USDT went back").await;
        story.holds(BO, "10.00", "0.00").await;
        assert_eq!(story.scenery.one4all.count("buy"), 0);
        story.end().await;
    }

    async fn a_purchase_answered_with_errors_is_asked_again_under_its_key(fresh: Fresh) {
        let story = open(&fresh).await;
        story.scenery.one4all.plan("buy", 1, Fault::Answer(Canned::html(502)));
        story.scenery.one4all.plan("buy", 1, Fault::AnswerAfter(Canned::html(200)));
        arrives_once(&story, 3).await;
        story.end().await;
    }

    async fn a_lost_answer_is_asked_again_under_its_key(fresh: Fresh) {
        let story = open(&fresh).await;
        story.scenery.one4all.plan("buy", 1, Fault::DropAfter);
        arrives_once(&story, 2).await;
        story.end().await;
    }

    async fn a_cut_answer_is_asked_again_under_its_key(fresh: Fresh) {
        let story = open(&fresh).await;
        story.scenery.one4all.plan("buy", 1, Fault::Truncate);
        arrives_once(&story, 2).await;
        story.end().await;
    }

    async fn a_shop_that_ends_during_a_purchase_buys_once(fresh: Fresh) {
        let mut story = open(&fresh).await;
        let gate = Gate::new();
        story.scenery.one4all.plan("buy", 1, Fault::HoldAfter(gate.clone()));
        let order = story.buys(BO, "1 2").await;
        gate.reached(1).await;
        story.close().await;
        assert_eq!(story.scenery.one4all.sold().len(), 1);
        story.reopen().await;
        story.later(Duration::from_secs(61));
        story.becomes(&order, "Delivered: 2 codes").await;
        assert_eq!(story.scenery.one4all.sold().len(), 1);
        story.holds(BO, "8.12", "0.00").await;
        gate.open();
        story.end().await;
    }

    async fn counts_that_contradict_wait_for_a_person(fresh: Fresh) {
        let story = open(&fresh).await;
        story.rich(EVE, "Eve", "10").await;
        story.scenery.one4all.next_codes(&["ONLY-ONE-CAME"]);
        story.scenery.one4all.next_codes(&["FIRST-OF-THREE", "SECOND-OF-THREE", "THIRD-OF-THREE"]);
        for buyer in [BO, EVE] {
            let before = story.scenery.telegram.messages(ADMIN).last().unwrap().id;
            let order = story.buys(buyer, "1 2").await;
            let stuck = story.becomes(&order, "A person is looking into it; 1.88 USDT stays reserved for this order").await;
            assert!(stuck.button("Show codes").is_none());
            let told = story.newer(ADMIN, before, "waits for a person").await;
            assert!(told.text.contains("The codes are kept, sealed."), "{}", told.text);
            story.holds(buyer, "8.12", "1.88").await;
            let no = stuck.text.lines().find_map(|line| line.strip_prefix("Order ")).unwrap().to_owned();
            let toast = story.forges(buyer, &stuck, &format!("k:{no}")).await;
            assert_eq!(toast.text, "This order has no codes yet.");
        }
        for chat in [BO, EVE, ADMIN] {
            for seen in story.scenery.telegram.messages(chat) {
                assert!(!seen.text.contains("CAME") && !seen.text.contains("OF-THREE"), "{}", seen.text);
            }
        }
        assert_eq!(story.scenery.one4all.count("buy"), 2);
        story.end().await;
    }

    async fn a_pending_order_is_asked_about_until_it_is_done(fresh: Fresh) {
        let story = open(&fresh).await;
        let pending = json!({"success": true, "data": {
            "order": {"id": "clo0000000001", "quantity": 2, "currency": "USDT", "status": "PENDING"},
            "codes": [],
        }});
        story.scenery.one4all.plan("buy", 1, Fault::AnswerAfter(Canned::json(200, &pending)));
        story.scenery.one4all.plan("order", 1, Fault::Answer(Canned::json(200, &pending)));
        story.scenery.one4all.plan("order", 1, Fault::Answer(Canned::html(502)));
        arrives_once(&story, 1).await;
        assert_eq!(story.scenery.one4all.count("order"), 3);
        story.end().await;
    }
}
