//! One4All against the JSON of its contract.

use std::sync::Arc;

use super::super::line::WINDOW_MARGIN;
use super::super::script::{BEGIN, Script, answer, answer_with, configured, is_garbled, placement};
use super::super::{Hold, Stock};
use super::*;
use crate::world::TransportError;

const KEY: (&str, &str) = ("KIOSK_SUPPLIER__ONE4ALL__API_KEY", "o4a_sk_hush");
const URL: (&str, &str) = ("KIOSK_SUPPLIER__ONE4ALL__URL", "https://up.example/api/");
const TIER: &str = "KIOSK_SUPPLIER__ONE4ALL__TIER";
const PURCHASES: &str = "KIOSK_SUPPLIER__ONE4ALL__PURCHASES_PER_10S";

const BOUGHT: &str = r#"{"success":true,"data":{"order":{"id":"o1","productId":"p1","productName":"60 UC",
    "quantity":2,"unitPrice":"0.85","totalAmount":"1.70","currency":"USDT","status":"COMPLETED"},
    "codes":[{"index":2,"code":"MNOP"},{"index":1,"code":"ABCD"}],
    "wallet":{"previousBalance":"1254.50","deducted":"1.70","currentBalance":"1252.80"}}}"#;

fn shop(script: &Arc<Script>) -> Arc<dyn Supplier> {
    configured(script, &[KEY, URL]).unwrap().remove(0)
}

fn one4all(script: &Arc<Script>) -> One4All {
    let config = Config {
        url: "https://up.example/api".to_owned(),
        api_key: "o4a_sk_hush".into(),
        tier: Tier::Standard,
        purchases_per_10s: 5,
    };
    One4All::new(config, &script.world())
}

async fn bought(status: u16, body: &str) -> Result<Outcome, SupplierError> {
    let script = Script::new();
    script.json(status, body);
    let outcome = shop(&script).place(&placement("p1", 2, Payment::Wallet)).await;
    assert_eq!(script.sent().len(), 1);
    outcome
}

fn error(code: &str) -> String {
    format!(r#"{{"success":false,"error":{{"code":"{code}","message":"SECRET words"}}}}"#)
}

fn texts(outcome: &Result<Outcome, SupplierError>) -> Vec<String> {
    let Ok(Outcome::Ready(goods)) = outcome else { panic!("{outcome:?}") };
    goods.codes.iter().map(|code| code.reveal().0.to_owned()).collect()
}

#[tokio::test]
async fn a_purchase_is_sent_and_read_as_the_contract_says() {
    let script = Script::new();
    script.json(201, BOUGHT);
    let placement = placement("p1", 2, Payment::Wallet);
    let outcome = shop(&script).place(&placement).await;
    assert_eq!(texts(&outcome), ["ABCD", "MNOP"], "in the order of their index");
    let Ok(Outcome::Ready(goods)) = outcome else { panic!() };
    assert_eq!(goods.stated, Some(2));
    assert_eq!(goods.charged, Some(Money::parse("1.7", Currency::Usdt).unwrap()));
    assert_eq!(goods.reference, Some(SupplierReference("o1".to_owned())));
    let request = script.sent().remove(0);
    assert_eq!((request.method, request.url.as_str()), (Method::Post, "https://up.example/api/orders/buy"));
    assert_eq!(request.json.as_deref(), Some(r#"{"product_id":"p1","quantity":2}"#));
    assert!(request.headers.contains(&("authorization", "Bearer o4a_sk_hush".to_owned())));
    assert!(request.headers.contains(&("idempotency-key", placement.key.to_string())));
    assert!(!format!("{:?}", shop(&script).terms()).contains("hush"));
    assert!(!format!("{goods:?} {:?}", one4all(&script)).contains("ABCD"));
}

#[tokio::test]
async fn every_error_of_the_table_is_told_apart() {
    for (status, code, reason) in [
        (401, "UNAUTHORIZED", Reason::Unauthorized),
        (403, "FORBIDDEN", Reason::Unauthorized),
        (403, "WALLET_FROZEN", Reason::Frozen),
        (402, "INSUFFICIENT_FUNDS", Reason::NoFunds),
        (409, "OUT_OF_STOCK", Reason::OutOfStock),
        (400, "VALIDATION_ERROR", Reason::Invalid),
        (404, "NOT_FOUND", Reason::UnknownProduct),
        (422, "", Reason::Invalid),
        // The status decides before the code.
        (402, "OUT_OF_STOCK", Reason::NoFunds),
        (401, "WALLET_FROZEN", Reason::Unauthorized),
    ] {
        let outcome = bought(status, &error(code)).await;
        assert!(matches!(outcome, Ok(Outcome::Refused(found)) if found == reason), "{status} {code}: {outcome:?}");
    }
    let conflict = bought(409, &error("STOCK_CONFLICT")).await;
    assert_eq!(conflict.err(), Some(SupplierError::NotSent { why: Hold::Conflict, retry_in: None }));
    let limited = bought(429, &error("")).await;
    assert!(matches!(limited, Err(SupplierError::NotSent { why: Hold::RateLimited, retry_in: Some(_) })));
}

#[tokio::test]
async fn what_is_not_definite_is_never_a_refusal() {
    for (status, body) in [
        (400, "<html>Bad Request</html>"),
        (403, "{}"),
        (404, r#"{"message":"no such route"}"#),
        (409, r#"{"success":false}"#),
        (302, ""),
        (200, ""),
        (200, "<html>"),
        (200, r#"{"success":true}"#),
        (200, r#"{"success":true,"data":{"order":{"id":"o1","status":"COMPLETED"}}}"#),
        (200, r#"{"success":true,"data":{"codes":[{"index":1,"code":"ABCD"}]}}"#),
        (200, r#"{"success":true,"data":{"order":{"status":"PENDING"}}}"#),
        (
            200,
            r#"{"success":true,"data":{"order":{"id":"o1","status":"COMPLETED"},"codes":[{"index":1,"code":null}]}}"#,
        ),
        (200, r#"{"success":true,"data":{"order":{"id":"o1","status":"FAILED"},"codes":["ABCD"]}}"#),
        (200, &error("OUT_OF_STOCK")),
        (200, &BOUGHT.replacen("true", "false", 1)),
    ] {
        let outcome = bought(status, body).await;
        assert!(is_garbled(&outcome), "{status} {body}: {outcome:?}");
        assert!(!format!("{outcome:?}").contains("ABCD"));
    }
    for (status, body) in [(408, error("")), (500, error("OUT_OF_STOCK")), (503, String::new()), (409, error("BUSY"))] {
        assert_eq!(bought(status, &body).await.err(), Some(SupplierError::NoAnswer), "{status}");
    }
    assert_eq!(bought(400, &error("IDEMPOTENCY_KEY_REUSED")).await.err(), Some(SupplierError::NoAnswer));
}

#[tokio::test]
async fn words_of_an_order_decide_and_unknown_ones_are_pending() {
    for word in ["PENDING", "PROCESSING", "", "REFUNDED"] {
        let outcome = bought(200, &BOUGHT.replace("COMPLETED", word)).await;
        let Ok(Outcome::Pending { reference, progress: None }) = outcome else { panic!("{word}: {outcome:?}") };
        assert_eq!(reference.0, "o1");
    }
    let failed = r#"{"success":true,"data":{"order":{"id":"o1","status":"FAILED"},"codes":[]}}"#;
    assert!(matches!(bought(200, failed).await, Ok(Outcome::Refused(Reason::Cancelled))));
    let script = Script::new();
    script.json(200, &BOUGHT.replace("COMPLETED", "completed")).json(200, failed).json(404, &error("NOT_FOUND"));
    let shop = shop(&script);
    let reference = SupplierReference("o/1".to_owned());
    assert_eq!(texts(&shop.check(&reference).await), ["ABCD", "MNOP"]);
    assert!(matches!(shop.check(&reference).await, Ok(Outcome::Refused(Reason::Cancelled))));
    assert_eq!(shop.check(&reference).await.err(), Some(SupplierError::Refused(Reason::UnknownProduct)));
    assert_eq!(script.paths()[0], "/orders/o%2F1");
}

#[tokio::test]
async fn codes_are_exact_whatever_they_look_like() {
    let long = "x".repeat(100_000);
    for code in ["<b>&amp;</b>", "😀\u{200d}\u{301}", "a\r\nb\n", " \t ", "\"\\/", &long] {
        let body = serde_json::json!({"success": true, "data": {
            "order": {"id": "o", "status": "COMPLETED", "quantity": 5},
            "codes": [{"index": 1, "code": code}]}});
        let outcome = bought(200, &body.to_string()).await;
        assert_eq!(texts(&outcome), [code]);
        let Ok(Outcome::Ready(goods)) = outcome else { panic!() };
        assert_eq!(goods.stated, Some(5), "the supplier's own count is passed on, right or wrong");
        assert!(!format!("{goods:?}").contains(code));
    }
}

#[tokio::test]
async fn nothing_is_sent_that_cannot_be_sold() {
    let script = Script::new();
    let shop = shop(&script);
    for (quantity, payment) in [(0, Payment::Wallet), (101, Payment::Wallet), (1, Payment::Alipay)] {
        let outcome = shop.place(&placement("p1", quantity, payment)).await;
        assert!(matches!(outcome, Ok(Outcome::Refused(Reason::Invalid))));
    }
    assert!(script.sent().is_empty());
    assert!(shop.payments().await.unwrap().is_empty());
}

fn page(page: u32, pages: u32, products: &str) -> String {
    format!(
        r#"{{"success":true,"data":{{"categories":[{{"id":"c1","name":"PUBG","products":[{products}]}}],
        "pagination":{{"page":{page},"limit":100,"total":9,"totalPages":{pages}}}}},"meta":{{}}}}"#
    )
}

#[tokio::test]
async fn products_are_read_from_all_pages_once_and_tolerantly() {
    let script = Script::new();
    script.json(
        200,
        &page(
            1,
            2,
            r#"{"id":"a","name":"60 UC","price":"0.85","currency":"USDT","availableQuantity":142},
        {"name":"no identity","price":"1"},{"id":"b","price":0.10,"stockStatus":"IN_STOCK"}"#,
        ),
    );
    script.json(200, &page(2, 2, r#"{"id":"a","name":"again","price":"9"},{"id":"c","price":"0","availableQuantity":-1},
        {"id":"d","price":"-1","stockStatus":"SOON"},{"id":"e","price":"1","currency":"XYZ","availableQuantity":0,"stockStatus":"IN_STOCK"},
        {"id":"f","price":"1,5"}"#));
    let offers = shop(&script).products().await.unwrap();
    assert_eq!(script.paths(), ["/products?page=1&limit=100", "/products?page=2&limit=100"]);
    let ids: Vec<&str> = offers.iter().map(|offer| offer.sku.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c", "d", "e", "f"]);
    let cost = |index: usize| offers[index].cost.map(|cost| cost.amount().to_string());
    assert_eq!((cost(0).as_deref(), cost(1).as_deref()), (Some("0.85"), Some("0.1")));
    assert!((2..6).all(|index| cost(index).is_none()));
    let stock: Vec<Stock> = offers.iter().map(|offer| offer.stock).collect();
    assert_eq!(stock, [Stock::Count(142), Stock::Some, Stock::Out, Stock::Out, Stock::Out, Stock::Out]);
    assert_eq!((offers[0].category.as_str(), offers[0].category_id.as_str()), ("PUBG", "c1"));
    assert_eq!((offers[0].quantity_min, offers[0].quantity_max, offers[1].name.as_str()), (1, 100, "b"));
}

#[tokio::test]
async fn a_look_at_one_product_reads_as_little_as_possible() {
    let script = Script::new();
    script.json(200, &page(1, 7, r#"{"id":"a","price":"1"}"#));
    script.json(200, &page(1, 1, r#"{"id":"x","price":"1"}"#));
    script.json(200, r#"{"success":true,"data":{"categories":[]}}"#);
    let shop = shop(&script);
    assert!(shop.offer("a", "c&1").await.unwrap().is_some());
    assert!(shop.offer("a", "c1").await.unwrap().is_none());
    assert!(shop.offer("a", "").await.unwrap().is_none());
    let category = "/products?page=1&limit=100&category_id=c%261";
    assert_eq!(script.paths()[..2], [category, "/products?page=1&limit=100&category_id=c1"]);
    script.json(200, &page(1, 1, ""));
    let filter = ProductFilter { category_id: None, in_stock: true };
    assert!(one4all(&script).list_products(&filter).await.unwrap().is_empty());
    assert_eq!(script.paths().pop().unwrap(), "/products?page=1&limit=100&in_stock=true");
}

#[tokio::test]
async fn a_long_catalogue_waits_for_room_and_leaves_some() {
    let script = Script::new();
    for number in 1..=90 {
        script.json(200, &page(number, 90, &format!(r#"{{"id":"p{number}","price":"1"}}"#)));
    }
    let shop = shop(&script);
    assert_eq!(shop.products().await.unwrap().len(), 90);
    assert!(script.most("/products", Duration::from_mins(1)) <= 30);
    assert_eq!(shop.capacity().purchases, 5, "sales have room while the catalogue is read");
}

#[tokio::test]
async fn funds_are_exact_and_frozen_when_they_say_so() {
    let wallet = |status: &str, balance: &str| {
        format!(
            r#"{{"success":true,"data":{{"wallet":{{"balance":{balance},"currency":"USDT","status":"{status}"}},"transactions":[{{"amount":1.10}}]}}}}"#
        )
    };
    let script = Script::new();
    script.json(200, &wallet("ACTIVE", "\"1250.75\"")).json(200, &wallet("ACTIVE", "1250.1234567"));
    script.json(200, &wallet("SUSPENDED", "\"1\"")).json(403, &error("WALLET_FROZEN")).json(403, &error("FORBIDDEN"));
    script.json(200, &wallet("ACTIVE", "\"a lot\""));
    let shop = shop(&script);
    let known = |text| Ok(Funds::Known(Money::parse(text, Currency::Usdt).unwrap()));
    assert_eq!(shop.funds().await, known("1250.75"));
    assert_eq!(shop.funds().await, known("1250.123456"));
    assert_eq!(shop.funds().await, Ok(Funds::Frozen));
    assert_eq!(shop.funds().await, Ok(Funds::Frozen));
    assert_eq!(shop.funds().await, Err(SupplierError::Refused(Reason::Unauthorized)));
    assert!(is_garbled(&shop.funds().await));
    script.json(200, &wallet("ACTIVE", "\"5\""));
    let wallet = one4all(&script).wallet(Some(200)).await.unwrap();
    assert_eq!(wallet.transactions, [r#"{"amount":1.10}"#]);
    assert_eq!(script.paths().pop().unwrap(), "/wallet?include_transactions=true&transactions_limit=50");
}

#[tokio::test]
async fn reaching_it_needs_health_and_a_good_key() {
    let script = Script::new();
    script
        .json(200, r#"{"success":true,"data":{"status":"healthy","version":"v1"}}"#)
        .json(401, &error("UNAUTHORIZED"));
    assert_eq!(shop(&script).reach().await, Err(SupplierError::Refused(Reason::Unauthorized)));
    assert!(script.sent()[0].headers.is_empty(), "health needs no key");
    assert_eq!(script.paths(), ["/health", "/wallet"]);
}

#[tokio::test]
async fn a_lost_order_is_found_by_product_quantity_and_time() {
    let order = |id: &str, product: &str, quantity: u32, status: &str, at: &str| {
        format!(
            r#"{{"id":"{id}","productId":"{product}","quantity":{quantity},"status":"{status}","createdAt":"{at}"}}"#
        )
    };
    let list = |page: u32, orders: &[String]| {
        let orders = orders.join(",");
        format!(r#"{{"success":true,"data":{{"orders":[{orders}],"pagination":{{"page":{page},"totalPages":2}}}}}}"#)
    };
    let script = Script::new();
    script.json(
        200,
        &list(
            1,
            &[
                order("late", "p1", 2, "COMPLETED", "2026-02-25T12:00:09.000Z"),
                order("failed", "p1", 2, "FAILED", "2026-02-25T12:00:00.000Z"),
                order("other product", "p2", 2, "COMPLETED", "2026-02-25T12:00:01.000Z"),
                order("other quantity", "p1", 3, "COMPLETED", "2026-02-25T12:00:01.000Z"),
                order("no time", "p1", 2, "COMPLETED", "today"),
            ],
        ),
    );
    script.json(
        200,
        &list(
            2,
            &[
                order("late", "p1", 2, "COMPLETED", "2026-02-25T12:00:09.000Z"),
                order("early", "p1", 2, "PENDING", "2026-02-25T11:59:00.000Z"),
                order("long before", "p1", 2, "COMPLETED", "2026-02-25T11:54:59.000Z"),
            ],
        ),
    );
    let found = shop(&script).find(&placement("p1", 2, Payment::Wallet)).await.unwrap();
    let found: Vec<String> = found.into_iter().map(|reference| reference.0).collect();
    assert_eq!(found, ["early", "late", "failed"]);
    let range = "from=2026-02-25T11%3A55%3A00Z&to=2026-02-26T11%3A05%3A00Z";
    assert_eq!(script.paths()[1], format!("/orders?page=2&limit=100&{range}"));
    script.json(200, r#"{"success":true,"data":{"orders":[]}}"#);
    let filter = OrderFilter { status: Some("PENDING"), from: Some(BEGIN), to: None };
    assert!(one4all(&script).list_orders(&filter).await.unwrap().is_empty());
    assert_eq!(script.paths()[2], "/orders?page=1&limit=100&status=PENDING&from=2026-02-25T12%3A00%3A00Z");
}

#[tokio::test]
async fn limits_follow_the_tier_and_the_agreement() {
    for (tier, purchases, in_10s, in_60s) in [
        ("standard", "5", 5, 25),
        ("professional", "3", 3, 15),
        ("enterprise", "5", 5, 25),
        ("Enterprise", "400", 400, 2000),
    ] {
        let script = Script::new();
        script.always(answer(200, BOUGHT));
        let shop = configured(&script, &[KEY, URL, (TIER, tier), (PURCHASES, purchases)]).unwrap().remove(0);
        assert_eq!(shop.capacity().purchases, in_10s);
        let mut sold = 0;
        for _ in 0..10_000 {
            let now = script.clock.as_ref();
            if crate::world::Clock::now(now).since(BEGIN) > Duration::from_secs(55) {
                break;
            }
            match shop.place(&placement("p1", 2, Payment::Wallet)).await {
                Ok(_) => sold += 1,
                Err(SupplierError::NotSent { why: Hold::RateLimited, retry_in: Some(wait) }) => script.clock.turn(wait),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(script.most("/orders/buy", Duration::from_secs(10)), usize::try_from(in_10s).unwrap());
        assert!(sold >= in_60s, "{tier}: {sold}");
    }
}

#[tokio::test]
async fn reads_and_purchases_share_the_minute() {
    let script = Script::new();
    script.always(answer(200, BOUGHT));
    let shop = shop(&script);
    let reference = SupplierReference("o1".to_owned());
    for _ in 0..58 {
        shop.check(&reference).await.unwrap();
    }
    assert_eq!(shop.capacity().purchases, 2);
    for _ in 0..2 {
        shop.place(&placement("p1", 2, Payment::Wallet)).await.unwrap();
    }
    assert_eq!(shop.capacity().retry_in, Duration::from_mins(1) + WINDOW_MARGIN);
    assert!(shop.check(&reference).await.is_err());
    assert_eq!(script.sent().len(), 60);
}

#[tokio::test]
async fn a_lost_answer_is_neither_yes_nor_no() {
    let script = Script::new();
    script.then(Err(TransportError::NoAnswer)).then(Err(TransportError::NotSent));
    script.then(answer_with(429, ("retry-after", "3"), ""));
    let shop = shop(&script);
    let placement = placement("p1", 1, Payment::Wallet);
    assert_eq!(shop.place(&placement).await.err(), Some(SupplierError::NoAnswer));
    let unreachable = SupplierError::NotSent { why: Hold::Unreachable, retry_in: None };
    assert_eq!(shop.place(&placement).await.err(), Some(unreachable));
    assert!(shop.place(&placement).await.is_err());
    assert_eq!(shop.capacity(), Capacity { purchases: 0, retry_in: Duration::from_secs(3), calm: true });
    assert_eq!(shop.breaker(), Breaker::Closed);
}

#[test]
fn settings_are_checked() {
    let script = Script::new();
    let problem = |variables: &[(&str, &str)]| match configured(&script, variables) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    };
    assert!(problem(&[URL]).contains("KIOSK_SUPPLIER__ONE4ALL__API_KEY"));
    assert!(problem(&[KEY, (TIER, "gold")]).contains(TIER));
    for bad in ["0", "6", "-1", "many"] {
        assert!(problem(&[KEY, (PURCHASES, bad)]).contains(PURCHASES), "{bad}");
    }
    assert!(problem(&[KEY, (TIER, "professional"), (PURCHASES, "6")]).contains("enterprise"));
    assert!(problem(&[KEY, ("KIOSK_SUPPLIER__ONE4ALL__URL", "up.example")]).contains("https://"));
    assert!(configured(&script, &[]).unwrap().is_empty());
    assert_eq!(configured(&script, &[KEY]).unwrap()[0].terms().name.as_str(), NAME);
}
