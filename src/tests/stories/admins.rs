//! The desk: money in and out of wallets, once; prices and suppliers; and nothing of it for strangers.

use std::time::Duration;

use super::{ADMIN, BO, EVE, Story};
use crate::bot::gate::ADMIN_COMMANDS;
use crate::demo::stage::Scenery;
use crate::demo::{Fault, Gate};
use crate::tests::both::{Fresh, on_both};

fn goods(scenery: &Scenery) {
    scenery.one4all.add_product("PUBG Mobile", "60 UC", "0.85", 142);
    scenery.account_shop.add_product("wx", "WeChat account", "微信老号", "3.5", 20, 1);
}

on_both! {
    async fn wallets_are_credited_by_id_by_name_and_by_reply(fresh: Fresh) {
        let story = Story::begin(&fresh, goods).await;
        story.buyer(BO, "Bo").await;
        let done = story.asks(ADMIN, "/topup 77 10 welcome <b>", "10.00 USDT added to the wallet of").await;
        assert!(done.text.contains("Bo @bo 77. Balance: 10.00 USDT"), "{}", done.text);
        story.sees(BO, "10.00 USDT was added to your wallet. Balance: 10.00 USDT\nwelcome <b>").await;
        story.asks(ADMIN, "/topup @BO 0.5", "Balance: 10.50 USDT").await;
        let group = story.scenery.telegram.group(-500, "Friends");
        let said = story.scenery.telegram.say(BO, group, "I paid you five");
        let command = story.scenery.telegram.reply(ADMIN, group, said, "/topup 5 cash");
        story.newer(group, command, "5.00 USDT added").await;
        story.holds(BO, "15.50", "0.00").await;
        // Somebody who has not been here yet has a wallet by their id, and none by a name.
        story.asks(ADMIN, "/topup 4242 3", "3.00 USDT added to the wallet of 4242").await;
        story.asks(ADMIN, "/topup @nobody 3", "I don't know that person.").await;
        for wrong in ["-5", "0", "1e3", "0.0000001", "abc", "99999999999999999999", "5,00"] {
            let no = story.asks(ADMIN, &format!("/topup 77 {wrong}"), "That is no amount I can book.").await;
            assert!(no.button("Undo").is_none());
        }
        story.asks(ADMIN, "/topup", "Like this: /topup").await;
        story.asks(ADMIN, "/topup 77", "Like this: /topup").await;
        story.holds(BO, "15.50", "0.00").await;
        story.end().await;
    }

    async fn an_update_seen_twice_counts_once(fresh: Fresh) {
        let mut story = Story::begin(&fresh, goods).await;
        story.buyer(BO, "Bo").await;
        let gate = Gate::new();
        story.scenery.telegram.plan("getUpdates", None, 1, Fault::Hold(gate.clone()));
        story.asks(ADMIN, "/topup 77 10", "Balance: 10.00 USDT").await;
        gate.reached(1).await;
        // Carried out, and not confirmed to Telegram: it comes again.
        assert!(story.scenery.telegram.unconfirmed() > 0);
        story.reopen().await;
        let user = story.asks(ADMIN, "/user 77", "Balance").await;
        assert!(user.text.contains("Balance: 10.00 USDT, reserved: 0.00 USDT"), "{}", user.text);
        story.holds(BO, "10.00", "0.00").await;
        gate.open();
        story.end().await;
    }

    async fn a_credit_is_undone_once_and_only_while_it_is_there(fresh: Fresh) {
        let story = Story::begin(&fresh, goods).await;
        story.buyer(BO, "Bo").await;
        story.stocked("60 uc").await;
        let kept = story.asks(ADMIN, "/topup 77 3", "Balance: 3.00 USDT").await;
        let wrong = story.asks(ADMIN, "/topup 77 10", "Balance: 13.00 USDT").await;
        story.presses(ADMIN, &wrong, "Undo").await;
        let undone = story.newer(ADMIN, wrong.id, "Undone: 10.00 USDT of Bo").await;
        assert!(undone.text.contains("Balance: 3.00 USDT"), "{}", undone.text);
        story.presses(ADMIN, &wrong, "Undo").await;
        story.newer(ADMIN, undone.id, "Balance: 3.00 USDT").await;
        story.holds(BO, "3.00", "0.00").await;
        let order = story.buys(BO, &story.number("60 uc").await).await;
        story.becomes(&order, "Delivered: 1 code").await;
        let before = story.scenery.telegram.messages(ADMIN).last().unwrap().id;
        story.presses(ADMIN, &kept, "Undo").await;
        story.newer(ADMIN, before, "That cannot be undone").await;
        story.holds(BO, "2.06", "0.00").await;
        story.end().await;
    }

    async fn a_debit_never_goes_below_zero(fresh: Fresh) {
        let story = Story::begin(&fresh, goods).await;
        story.rich(BO, "Bo", "10").await;
        story.asks(ADMIN, "/debit 77 10.01", "The wallet holds only 10.00 USDT. Nothing was changed.").await;
        let taken = story.asks(ADMIN, "/debit @bo 4 mistake", "4.00 USDT taken from the wallet of").await;
        assert!(taken.text.contains("Balance: 6.00 USDT"), "{}", taken.text);
        story.sees(BO, "4.00 USDT was taken from your wallet. Balance: 6.00 USDT\nmistake").await;
        story.presses(ADMIN, &taken, "Undo").await;
        story.newer(ADMIN, taken.id, "Undone: 4.00 USDT").await;
        story.asks(ADMIN, "/debit 77 -1", "That is no amount I can book.").await;
        story.asks(ADMIN, "/debit 4242 1", "I don't know that person.").await;
        story.holds(BO, "10.00", "0.00").await;
        story.end().await;
    }

    async fn the_desk_shows_people_and_suppliers_and_sets_prices(fresh: Fresh) {
        let story = Story::begin(&fresh, goods).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        story.stocked("wechat").await;
        let order = story.buys(BO, &story.number("60 uc").await).await;
        story.becomes(&order, "Delivered: 1 code").await;
        let user = story.asks(ADMIN, "/user @bo", "Bo @bo 77").await;
        for line in ["reserved: 0.00 USDT", "reachable: yes", "banned: no", "60 UC × 1 · delivered"] {
            assert!(user.text.contains(line), "{line}: {}", user.text);
        }
        story.asks(ADMIN, "/user 4243", "I don't know that person.").await;
        let desk = story.asks(ADMIN, "/desk", "The desk").await;
        story.presses(ADMIN, &desk, "Suppliers").await;
        let suppliers = story.newer(ADMIN, desk.id, "one4all: reachable").await;
        assert!(suppliers.text.contains("Funds: 999.15 USDT"), "{}", suppliers.text);
        assert!(suppliers.text.contains("account_shop: reachable"), "{}", suppliers.text);
        story.asks(ADMIN, "/sync nowhere", "No such supplier is set up. There are: one4all, account_shop").await;
        let synced = story.asks(ADMIN, "/sync", "Refreshing").await;
        let done = story.becomes(&synced, "Done.").await;
        assert!(done.text.contains("one4all: 1 listed") && done.text.contains("account_shop: 1 listed"), "{}", done.text);
        story.asks(ADMIN, "/margin 5000", "That is no percentage between -50 and 1000.").await;
        story.asks(ADMIN, "/margin 5 Nowhere", "There is no such category.").await;
        story.asks(ADMIN, "/rate USDT 2", "That is no rate.").await;
        story.asks(ADMIN, "/rate CNY -1", "That is no rate.").await;
        story.asks(ADMIN, "/rate CNY 0.2", "1 CNY = 0.2 USDT now.").await;
        story.asks(BO, "/search wechat", "This is what I found").await.button("WeChat account · 0.77 USDT").unwrap();
        story.asks(ADMIN, "/margin 0", "The margin is 0").await;
        story.asks(BO, "/search wechat", "This is what I found").await.button("WeChat account · 0.70 USDT").unwrap();
        story.end().await;
    }

    async fn an_admin_who_blocked_the_bot_hears_when_they_come_back(fresh: Fresh) {
        let story = Story::begin(&fresh, goods).await;
        story.rich(BO, "Bo", "10").await;
        story.stocked("60 uc").await;
        let no = story.number("60 uc").await;
        story.scenery.telegram.block(ADMIN);
        story.scenery.one4all.next_codes(&["A", "B"]);
        let refused = story.scenery.telegram.count("403");
        let order = story.buys(BO, &no).await;
        story.becomes(&order, "A person is looking into it").await;
        story.until("the alarm met the block", || story.scenery.telegram.count("403") > refused).await;
        story.later(Duration::from_secs(10));
        story.until("it met the block again", || story.scenery.telegram.count("403") > refused + 1).await;
        story.scenery.telegram.unblock(ADMIN);
        story.asks(ADMIN, "/start", "Hello, Ada!").await;
        story.sees(ADMIN, "waits for a person").await;
        story.end().await;
    }

    async fn to_a_stranger_the_desk_does_not_exist(fresh: Fresh) {
        let story = Story::begin(&fresh, goods).await;
        story.rich(BO, "Bo", "10").await;
        let eve = story.buyer(EVE, "Eve").await;
        let unknown = story.asks(eve, "/nonsense 77 5", "I don't know that command.").await;
        for command in ADMIN_COMMANDS {
            let said = story.scenery.telegram.say(eve, eve, &format!("/{command} 77 5"));
            let answer = story.newer(eve, said, "").await;
            assert_eq!((&answer.source, &answer.buttons), (&unknown.source, &unknown.buttons), "{command}");
        }
        let credited = story.asks(ADMIN, "/topup 77 1", "Balance: 11.00 USDT").await;
        let dead = story.forges(eve, &unknown, "nonsense").await;
        for forged in ["undo:100000005", "desk", "suppliers", "sync"] {
            assert_eq!(story.forges(eve, &unknown, forged).await, dead, "{forged}");
        }
        assert_eq!(story.presses(eve, &credited, "Undo").await, dead);
        story.holds(BO, "11.00", "0.00").await;
        story.end().await;
    }
}
