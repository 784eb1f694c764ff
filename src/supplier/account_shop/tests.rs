//! The account shop against the JSON of its contract, and the shapes its other answers may have.

use std::sync::Arc;

use super::super::script::{BEGIN, Script, answer, answer_with, configured, is_garbled, placement};
use super::super::{PaymentProgress, Stock};
use super::*;
use crate::money::Currency;
use crate::world::{Clock as _, TransportError};

const CONTACT: (&str, &str) = ("KIOSK_SUPPLIER__ACCOUNT_SHOP__CONTACT_EMAIL", "me+1@x.example");
const URL: (&str, &str) = ("KIOSK_SUPPLIER__ACCOUNT_SHOP__URL", "https://up.example/api");
const TOKEN: (&str, &str) = ("KIOSK_SUPPLIER__ACCOUNT_SHOP__TOKEN", "hush-token");
const EMAIL: (&str, &str) = ("KIOSK_SUPPLIER__ACCOUNT_SHOP__EMAIL", "shop@x.example");
const PASSWORD: (&str, &str) = ("KIOSK_SUPPLIER__ACCOUNT_SHOP__PASSWORD", "hush-word");
const PAY_FROM: &str = "KIOSK_SUPPLIER__ACCOUNT_SHOP__PAY_FROM";
const CURRENCY: &str = "KIOSK_SUPPLIER__ACCOUNT_SHOP__CURRENCY";
const TRON: Payment = Payment::Crypto(Coin::Trc20Usdt);
const CREATED: &str = r#"{"success":true,"order":{"id":"o1","order_no":"N1","status":"pending"}}"#;

fn shop_with(script: &Arc<Script>, more: &[(&str, &str)]) -> Arc<dyn Supplier> {
    configured(script, &[&[CONTACT, URL], more].concat()).unwrap().remove(0)
}

fn shop(script: &Arc<Script>) -> Arc<dyn Supplier> {
    shop_with(script, &[TOKEN])
}

async fn created(status: u16, body: &str, payment: Payment) -> Result<Outcome, SupplierError> {
    let script = Script::new();
    script.json(status, body);
    let outcome = shop(&script).place(&placement("p1", 2, payment)).await;
    assert_eq!(script.paths(), ["/orders/create"], "a create is sent once");
    outcome
}

fn reference(way: &str, quantity: u32) -> SupplierReference {
    SupplierReference(format!(r#"{{"id":"o1","order_no":"N1","quantity":{quantity},"way":"{way}"}}"#))
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn products_are_read_as_the_contract_says() {
    let script = Script::new();
    script.json(
        200,
        r#"{"success":true,"products":[{"id":"30a6","slug":"gmail","name_zh":"谷歌","name_en":"Google","stock":44,
        "min_quantity":5,"price":
        0.5},{"id":"b","name_zh":"邮箱","stock":"0","price":"0"},{"slug":"none"},{"id":"30a6","price":9},
        {"id":"c","price":"abc","stock":-1}]}"#,
    );
    let shop = shop(&script);
    let offers = shop.products().await.unwrap();
    assert_eq!(offers.iter().map(|offer| offer.sku.as_str()).collect::<Vec<_>>(), ["30a6", "b", "c"]);
    let first = &offers[0];
    assert_eq!((first.name.as_str(), first.quantity_min, first.quantity_max), ("Google", 5, 200));
    assert_eq!(first.names, [("zh".to_owned(), "谷歌".to_owned())]);
    assert_eq!(first.stock, Stock::Count(44));
    let cost = first.cost.unwrap();
    assert_eq!((cost.amount().to_string().as_str(), cost.currency()), ("0.5", Currency::Cny));
    assert_eq!((offers[1].name.as_str(), offers[1].stock, offers[1].quantity_min), ("邮箱", Stock::Out, 1));
    assert!(offers[1].cost.is_none() && offers[2].cost.is_none() && offers[2].stock == Stock::Out);
    assert_eq!(shop.funds().await, Ok(Funds::Unknown));
    assert!(shop.find(&placement("p1", 1, Payment::Wallet)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_detail_is_read_in_any_of_its_shapes() {
    let script = Script::new();
    let product = r#"{"id":"a b","slug":"s","name_en":"N","stock":1,"price":"1.5"}"#;
    script.json(200, &format!(r#"{{"success":true,"product":{product}}}"#)).json(200, product);
    script.json(200, &format!(r#"{{"data":{product}}}"#)).json(404, r#"{"success":false,"error":"not found"}"#);
    script.json(404, "<html>").json(200, &product.replace("a b", "other")).json(200, "{}");
    let shop = shop(&script);
    for _ in 0..3 {
        assert_eq!(shop.offer("a b", "").await.unwrap().unwrap().sku, "a b");
    }
    assert_eq!(shop.offer("a b", "").await, Ok(None));
    for _ in 0..3 {
        assert!(is_garbled(&shop.offer("a b", "").await));
    }
    assert_eq!(script.paths()[0], "/products/a%20b");
}

#[tokio::test]
async fn a_create_is_sent_as_the_contract_says() {
    let script = Script::new();
    script.json(200, CREATED).json(200, r#"{"id":"o2","address":"T1","expected_amount":"5.013"}"#);
    let shop = shop_with(&script, &[TOKEN, (PAY_FROM, "balance_cny")]);
    let wallet = placement("p1", 2, Payment::Wallet);
    let outcome = shop.place(&wallet).await.unwrap();
    let Outcome::Pending { reference: found, progress: None } = outcome else { panic!("{outcome:?}") };
    assert_eq!(found, reference("balance", 2));
    let crypto = Placement { coupon: Some("TEN".to_owned()), ..placement("p1", 2, TRON) };
    assert!(matches!(shop.place(&crypto).await, Ok(Outcome::Invoice { .. })));
    let body = |index: usize| {
        serde_json::from_str::<serde_json::Value>(script.sent()[index].json.as_deref().unwrap()).unwrap()
    };
    assert_eq!(
        body(0),
        serde_json::json!({"productId":"p1","quantity":2,"contactEmail":"me+1@x.example","paymentMethod":"balance_cny"})
    );
    assert_eq!(body(1)["paymentMethod"], "crypto");
    assert_eq!((&body(1)["coin"], &body(1)["couponCode"]), (&"trc20_usdt".into(), &"TEN".into()));
    assert_eq!(header(&script.sent()[0], "authorization"), Some("Bearer hush-token"));
    assert_eq!(header(&script.sent()[1], "authorization"), None, "the buyer's own payment needs no token");
    for quantity in [0, 201] {
        let outcome = shop.place(&placement("p1", quantity, TRON)).await;
        assert!(matches!(outcome, Ok(Outcome::Refused(Reason::Invalid))));
    }
    assert_eq!(script.sent().len(), 2);
}

#[tokio::test]
async fn an_invoice_is_read_by_any_of_its_names() {
    let at = BEGIN.millis();
    for (body, amount, expires) in [
        (
            r#"{"order_no":"N","address":"T1","expected_amount":"5.0130","expires_at":"2026-02-25T12:00:00Z"}"#,
            "5.0130",
            Some(at),
        ),
        (
            r#"{"data":{"orderNo":"N","payAddress":"T1","payAmount":5.013000,"expireAt":1772020800}}"#,
            "5.013000",
            Some(at),
        ),
        (
            r#"{"order":{"id":7,"amount":35.0},"payment":{"wallet_address":"T1","amount":"0.00012","deadline":1772020800000}}"#,
            "0.00012",
            Some(at),
        ),
        (r#"{"data":{"order":{"orderId":"x"},"payment":{"address":"T1","cryptoAmount":1e-5}}}"#, "0.00001", None),
        (r#"{"id":"x","amount":35.0,"pay_amount":"5.01","crypto_address":"T1"}"#, "5.01", None),
    ] {
        let outcome = created(200, body, TRON).await;
        let Ok(Outcome::Invoice { invoice, .. }) = outcome else { panic!("{body}: {outcome:?}") };
        assert_eq!(invoice.address.as_deref(), Some("T1"), "{body}");
        assert_eq!((invoice.amount.as_deref(), invoice.expires_at_ms), (Some(amount), expires), "{body}");
    }
}

#[tokio::test]
async fn an_unreadable_create_is_neither_yes_nor_no() {
    for (status, body) in [
        (200, ""),
        (200, "<html>ok</html>"),
        (200, "[]"),
        (200, r#"{"success":true}"#),
        (200, r#"{"success":false}"#),
        (200, r#"{"success":false,"message":"no","order_no":"N1"}"#),
        (302, "{}"),
        (400, "<html>"),
        (404, "{}"),
        (400, r#""no""#),
    ] {
        assert!(is_garbled(&created(status, body, Payment::Wallet).await), "{status} {body}");
    }
    for body in [
        CREATED,
        r#"{"id":"x","address":"T1"}"#,
        r#"{"id":"x","amount":"5"}"#,
        r#"{"id":"x","address":"T1","amount":"0"}"#,
        r#"{"id":"x","address":"T1","amount":"five"}"#,
        r#"{"address":"T1","amount":"5"}"#,
        r#"{"order":{"id":"x","amount":35},"payment":{"address":"T1"}}"#,
    ] {
        assert!(is_garbled(&created(200, body, TRON).await), "{body}");
    }
    for status in [408, 500, 502] {
        assert_eq!(created(status, CREATED, TRON).await.err(), Some(SupplierError::NoAnswer));
    }
    let limited = created(429, "{}", TRON).await.err();
    let minute = Some(Duration::from_mins(1));
    assert_eq!(limited, Some(SupplierError::NotSent { why: Hold::RateLimited, retry_in: minute }));
}

#[tokio::test]
async fn a_definite_no_is_a_refusal() {
    for (status, body, reason) in [
        (400, r#"{"success":false}"#, Reason::Invalid),
        (400, r#"{"success":false,"error":{"code":"INSUFFICIENT_STOCK"}}"#, Reason::OutOfStock),
        (400, r#"{"error":"insufficient_balance"}"#, Reason::NoFunds),
        (400, r#"{"message":"not enough stock"}"#, Reason::Invalid),
        (402, r#"{"message":"x"}"#, Reason::NoFunds),
        (403, r#"{"message":"x"}"#, Reason::Unauthorized),
        (404, r#"{"message":"x"}"#, Reason::UnknownProduct),
        (401, "", Reason::Unauthorized),
        (200, r#"{"success":false,"message":"no"}"#, Reason::Invalid),
    ] {
        let outcome = created(status, body, Payment::Wallet).await;
        assert!(matches!(outcome, Ok(Outcome::Refused(found)) if found == reason), "{status} {body}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_login_is_made_once_and_renewed_once() {
    let script = Script::new();
    let login = [EMAIL, PASSWORD];
    script.json(200, r#"{"data":{"access_token":"one"}}"#).json(200, CREATED).json(401, "{}");
    script.json(200, r#"{"token":"two"}"#).json(200, CREATED);
    let shop = shop_with(&script, &login);
    for _ in 0..2 {
        let outcome = shop.place(&placement("p1", 2, Payment::Wallet)).await;
        assert!(matches!(outcome, Ok(Outcome::Pending { .. })), "{outcome:?}");
    }
    let create = "/orders/create";
    assert_eq!(script.paths(), ["/auth/login", create, create, "/auth/login", create]);
    let tokens: Vec<_> =
        script.sent().iter().map(|request| header(request, "authorization").map(str::to_owned)).collect();
    assert_eq!(tokens[4].as_deref(), Some("Bearer two"));
    assert_eq!(script.sent()[0].json.as_deref(), Some(r#"{"email":"shop@x.example","password":"hush-word"}"#));

    // A wrong password is not tried again and again.
    script.json(401, "{}").json(401, r#"{"message":"wrong"}"#);
    for _ in 0..3 {
        let outcome = shop.place(&placement("p1", 2, Payment::Wallet)).await;
        assert!(matches!(outcome, Ok(Outcome::Refused(Reason::Unauthorized))));
    }
    assert_eq!(script.sent().len(), 7);
    script.clock.turn(super::login::LOGIN_PAUSE);
    script.then(Err(TransportError::NoAnswer));
    let outcome = shop.place(&placement("p1", 2, Payment::Wallet)).await;
    assert!(matches!(outcome, Err(SupplierError::NotSent { .. })), "a lost login bought nothing: {outcome:?}");

    let script = Script::new();
    let shop = shop_with(&script, &[]);
    assert!(!shop.terms().sells_from_funds);
    let outcome = shop.place(&placement("p1", 2, Payment::Wallet)).await;
    assert!(matches!(outcome, Ok(Outcome::Refused(Reason::Invalid))) && script.sent().is_empty());
}

#[tokio::test]
async fn checkouts_are_offered_only_where_the_shop_says_so() {
    for (config, alipay, wechat) in [
        (r#"{"alipay":true,"wechat":{"enabled":false}}"#, true, false),
        (r#"{"success":true,"data":{"config":{"wechat":{"enabled":true}},"alipay":"yes"}}"#, false, true),
        (r#"{"config":{"alipay":{"name":"x"},"wechatEnabled":true}}"#, false, true),
        ("[]", false, false),
        ("<html>", false, false),
    ] {
        let script = Script::new();
        script.always(answer(200, config));
        let payments = shop(&script).payments().await.unwrap();
        assert_eq!(payments.contains(&Payment::Alipay), alipay, "{config}");
        assert_eq!(payments.contains(&Payment::Wechat), wechat, "{config}");
        assert!(Coin::ALL.into_iter().all(|coin| payments.contains(&Payment::Crypto(coin))));
    }
    let script = Script::new();
    script.json(200, r#"{"alipay":true,"crypto":false}"#).json(200, r#"{"alipay":true}"#);
    script.json(200, r#"{"order_no":"N","pay_url":"https://pay.example/1"}"#).json(200, "{}");
    let shop = shop(&script);
    assert_eq!(shop.payments().await.unwrap(), [Payment::Alipay]);
    let outcome = shop.place(&placement("p1", 1, Payment::Alipay)).await;
    let Ok(Outcome::Invoice { invoice, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((invoice.url.as_deref(), invoice.address), (Some("https://pay.example/1"), None));
    let outcome = shop.place(&placement("p1", 1, Payment::Wechat)).await;
    assert!(matches!(outcome, Ok(Outcome::Refused(Reason::Invalid))));
    assert_eq!(script.paths().pop().unwrap(), "/payment-config");
}

#[tokio::test]
async fn an_order_is_followed_by_its_status_and_looked_up_once() {
    let script = Script::new();
    let invoice = reference("past_us", 2);
    script
        .json(200, r#"{"status":"confirming"}"#)
        .json(200, r#"{"status":"underpaid"}"#)
        .json(200, r#"{"status":"??"}"#);
    script.json(200, r#"{"status":"expired"}"#).json(200, r#"{"data":{"fulfillment_status":"Delivered"}}"#);
    script.json(200, r#"{"success":true,"order":{"quantity":3,"status":"completed","credentials":["a:1","b:2"]}}"#);
    let shop = shop(&script);
    for wanted in [Some(PaymentProgress::Confirming), Some(PaymentProgress::Underpaid), None] {
        let outcome = shop.check(&invoice).await;
        let Ok(Outcome::Pending { reference, progress }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((reference, progress), (invoice.clone(), wanted));
    }
    assert!(matches!(shop.check(&invoice).await, Ok(Outcome::Expired)));
    let outcome = shop.check(&invoice).await;
    let Ok(Outcome::Ready(goods)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((goods.codes.len(), goods.stated), (2, Some(3)), "the shop's own count is passed on");
    assert!(!format!("{goods:?}").contains("a:1"));
    let paths = script.paths();
    assert_eq!(paths[4..], ["/orders/o1/status", "/orders/query?order_no=N1&email=me%2B1%40x.example"]);

    for (word, refused) in [("cancelled", true), ("failed", true), ("paid", false), ("weird", false)] {
        script.json(200, &format!(r#"{{"status":"{word}"}}"#));
        let outcome = shop.check(&reference("balance", 2)).await;
        assert_eq!(matches!(outcome, Ok(Outcome::Refused(Reason::Cancelled))), refused, "{word}: {outcome:?}");
        assert!(refused || matches!(outcome, Ok(Outcome::Pending { progress: None, .. })));
    }
    script.json(404, r#"{"message":"x"}"#).json(200, r#"{"status":"pending"}"#);
    assert!(shop.check(&invoice).await.is_ok(), "the other name is tried");
    assert_eq!(script.paths().pop().unwrap(), "/orders/N1/status");
    for body in ["{}", r#"{"success":false,"status":"completed"}"#, "oops"] {
        script.json(200, body);
        assert!(is_garbled(&shop.check(&invoice).await), "{body}");
    }
    assert!(is_garbled(&shop.check(&SupplierReference("other".to_owned())).await));
}

#[tokio::test]
async fn credentials_are_exact_or_the_answer_is_unreadable() {
    let long = "😀<b>\u{301}".repeat(20_000);
    let script = Script::new();
    let shop = shop(&script);
    for text in ["<i>a&b</i>", "line 1\r\nline 2\n", long.as_str()] {
        script.json(200, r#"{"status":"completed"}"#);
        script.json(200, &serde_json::json!({"data": {"delivered_content": text}}).to_string());
        let outcome = shop.check(&reference("balance", 1)).await;
        let Ok(Outcome::Ready(goods)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(goods.codes[0].reveal().0, text);
        script.clock.turn(2 * LOOKUP_WINDOW);
    }
    script.json(200, r#"{"status":"completed"}"#).json(200, r#"{"status":"completed","note":"SECRET"}"#);
    let outcome = shop.check(&reference("balance", 1)).await;
    assert!(is_garbled(&outcome) && !format!("{outcome:?}").contains("SECRET"));
    script.json(200, r#"{"status":"completed"}"#).json(200, r#"{"order":{"status":"processing"}}"#);
    assert!(matches!(shop.check(&reference("balance", 1)).await, Ok(Outcome::Pending { .. })));
}

#[tokio::test]
async fn lookups_stay_under_both_limits_and_hold_up_nothing_else() {
    let script = Script::new();
    script.always(answer(200, r#"{"status":"completed","credentials":["x"]}"#));
    let shop = shop(&script);
    let mut delivered = 0;
    while script.clock.now().since(BEGIN) < 10 * LOOKUP_WINDOW {
        for order in 0..4 {
            let reference = SupplierReference(reference("balance", 1).0.replace("N1", &format!("N{order}")));
            match shop.check(&reference).await {
                Ok(Outcome::Ready(_)) => delivered += 1,
                Err(SupplierError::NotSent { why: Hold::RateLimited, retry_in: Some(_) }) => {}
                other => panic!("{other:?}"),
            }
        }
        script.clock.turn(Duration::from_millis(700));
    }
    assert!(delivered >= 27, "{delivered}");
    assert_eq!(script.most("/orders/query", LOOKUP_WINDOW), 3);
    let of_one = (0..4).map(|order| script.most(&format!("/orders/query?order_no=N{order}"), LOOKUP_WINDOW)).max();
    assert!(of_one <= Some(2));
    script.clock.turn(2 * LOOKUP_WINDOW);
    script.json(200, r#"{"status":"completed"}"#).then(answer_with(429, ("retry-after", "30"), "{}"));
    assert!(shop.check(&reference("balance", 1)).await.is_err());
    assert!(shop.capacity().purchases > 0, "a lookup's 429 does not stop sales");
}

#[test]
fn settings_are_checked() {
    let script = Script::new();
    let problem = |variables: &[(&str, &str)]| match configured(&script, variables) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    };
    assert!(problem(&[URL]).contains(CONTACT.0));
    assert!(problem(&[(CONTACT.0, "nobody")]).contains(CONTACT.0));
    assert!(problem(&[CONTACT, (PAY_FROM, "wallet")]).contains(PAY_FROM));
    assert!(problem(&[CONTACT, (CURRENCY, "EUR")]).contains(CURRENCY));
    assert!(problem(&[CONTACT, EMAIL]).contains(PASSWORD.0));
    let shop = shop_with(&script, &[(CURRENCY, "usd"), (PAY_FROM, "balance_cny"), EMAIL, PASSWORD]);
    let terms = shop.terms();
    assert_eq!((terms.currency, terms.funds_currency), (Currency::Usd, Currency::Cny));
    assert!(terms.sells_from_funds && terms.invoices && terms.key_lifetime.is_none());
}
