use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Value;

use super::*;
use crate::world::{Method, Moment, Request, Response, TransportError, World};

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Moment {
        Moment::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) -> futures::future::BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

struct Client {
    world: World,
    clock: Arc<TestClock>,
    shop: FakeOne4All,
}

impl Client {
    async fn new() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_772_020_800_000)));
        let shop = FakeOne4All::start(clock.clone()).await.unwrap();
        Self { world: World::real().unwrap(), clock, shop }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: Vec<(&'static str, String)>,
        json: Option<String>,
    ) -> Result<Response, TransportError> {
        let url = format!("{}{path}", self.shop.url());
        self.world.transport.send(Request { method, url, headers, json, timeout: Duration::from_secs(5) }).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let headers = vec![("authorization", format!("Bearer {KEY}"))];
        read(&self.send(Method::Get, path, headers, None).await.unwrap())
    }

    async fn buy_raw(&self, key: Option<&str>, body: &str) -> Result<(u16, Value), TransportError> {
        let mut headers = vec![("authorization", format!("Bearer {KEY}"))];
        headers.extend(key.map(|key| ("idempotency-key", key.to_owned())));
        self.send(Method::Post, "/orders/buy", headers, Some(body.to_owned())).await.map(|response| read(&response))
    }

    async fn buy(&self, key: &str, product: &str, quantity: u32) -> (u16, Value) {
        let body = json!({"product_id": product, "quantity": quantity}).to_string();
        self.buy_raw(Some(key), &body).await.unwrap()
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
    }
}

fn read(response: &Response) -> (u16, Value) {
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_purchase_moves_money_stock_and_codes_once_per_key() {
    let client = Client::new().await;
    let product = client.shop.add_product("PUBG Mobile", "60 UC", "0.85", 142);
    client.shop.set_wallet(Decimal::new(125_450, 2));
    let (status, first) = client.buy("k1", &product, 5).await;
    assert_eq!(status, 200);
    assert_eq!(first["data"]["order"]["totalAmount"], "4.25");
    assert_eq!(
        first["data"]["wallet"],
        json!({"previousBalance": "1254.50", "deducted": "4.25", "currentBalance": "1250.25"})
    );
    assert_eq!(first["data"]["codes"].as_array().unwrap().len(), 5);
    assert_eq!(first["data"]["codes"][0]["index"], 1);
    assert_eq!(client.buy("k1", &product, 5).await, (200, first.clone()));
    assert_eq!(client.buy("k1", &product, 4).await.0, 422);
    assert_eq!((client.shop.sold().len(), client.shop.stock(&product)), (1, Some(137)));
    let id = first["data"]["order"]["id"].as_str().unwrap();
    let (_, detail) = client.get(&format!("/orders/{id}")).await;
    assert_eq!(detail["data"]["codes"], first["data"]["codes"]);
    let (_, list) = client.get("/orders?status=COMPLETED&from=2026-02-25").await;
    assert_eq!(list["data"]["pagination"]["total"], 1);
    assert!(list["data"]["orders"][0].get("codes").is_none());
    // After 24 hours the key is forgotten, and the same request is a new purchase.
    client.pass(24 * 60 * 60);
    assert_eq!(client.buy("k1", &product, 5).await.0, 200);
    assert_eq!(client.shop.sold().len(), 2);
}

#[tokio::test]
async fn every_refusal_of_the_contract_is_told_apart() {
    let client = Client::new().await;
    client.shop.set_limits(None, None);
    let product = client.shop.add_product("Steam", "10 USD", "10", 3);
    for (body, key) in [
        ("{}", Some("k")),
        (r#"{"product_id":"x","quantity":0}"#, Some("k")),
        (r#"{"product_id":"x","quantity":101}"#, Some("k")),
        (r#"{"product_id":"x","quantity":1.5}"#, Some("k")),
        (r#"{"product_id":"x","quantity":"2"}"#, Some("k")),
        ("not json", Some("k")),
        (r#"{"product_id":"x","quantity":1}"#, None),
    ] {
        assert_eq!(client.buy_raw(key, body).await.unwrap().0, 400, "{body}");
    }
    assert_eq!(client.buy("k", "nothing", 1).await.0, 404);
    let (status, body) = client.buy("k", &product, 4).await;
    assert_eq!((status, code(&body)), (409, "OUT_OF_STOCK"));
    let (status, body) = client.buy("k", &product, 1).await;
    assert_eq!((status, code(&body)), (402, "INSUFFICIENT_FUNDS"));
    client.shop.set_wallet(Decimal::from(100));
    client.shop.freeze(true);
    let (status, body) = client.buy("k", &product, 1).await;
    assert_eq!((status, code(&body)), (403, "WALLET_FROZEN"));
    client.shop.freeze(false);
    client.shop.plan_stock_conflict(1);
    assert_eq!(code(&client.buy("k", &product, 1).await.1), "STOCK_CONFLICT");
    client.shop.set_scopes(&["products:read"]);
    assert_eq!(code(&client.buy("k", &product, 1).await.1), "FORBIDDEN");
    let nobody = client.send(Method::Get, "/wallet", vec![], None).await.unwrap();
    assert_eq!(nobody.status, 401);
    assert_eq!(client.send(Method::Get, "/health", vec![], None).await.unwrap().status, 200);
    assert!(client.shop.sold().is_empty());
}

#[tokio::test]
async fn limits_are_counted_per_minute_and_per_ten_seconds() {
    let client = Client::new().await;
    let product = client.shop.add_product("Steam", "10 USD", "1", 100);
    client.shop.set_wallet(Decimal::from(100));
    for key in ["1", "2", "3", "4", "5"] {
        assert_eq!(client.buy(key, &product, 1).await.0, 200);
    }
    assert_eq!(client.buy("6", &product, 1).await.0, 429);
    client.pass(10);
    assert_eq!(client.buy("6", &product, 1).await.0, 200);
    for _ in 0..53 {
        assert_eq!(client.get("/wallet").await.0, 200);
    }
    let headers = vec![("authorization", format!("Bearer {KEY}"))];
    let limited = client.send(Method::Get, "/wallet", headers, None).await.unwrap();
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("50")));
    assert_eq!(client.shop.count("429"), 2);
}

#[tokio::test]
async fn pages_hold_every_product_once() {
    let client = Client::new().await;
    client.shop.set_limits(None, None);
    client.shop.fill(250);
    let sold_out = client.shop.add_product("Alone", "Nothing left", "1", 0);
    let mut seen = std::collections::HashSet::new();
    for page in 1..=3 {
        let (_, body) = client.get(&format!("/products?limit=100&page={page}")).await;
        assert_eq!(body["data"]["pagination"]["totalPages"], 3);
        for category in body["data"]["categories"].as_array().unwrap() {
            for product in category["products"].as_array().unwrap() {
                assert!(seen.insert(product["id"].as_str().unwrap().to_owned()));
                assert!(product["price"].is_string());
            }
        }
    }
    assert_eq!((seen.len(), seen.contains(&sold_out)), (251, true));
    let (_, stocked) = client.get("/products?in_stock=true").await;
    assert_eq!(stocked["data"]["pagination"]["total"], 250);
    for bad in ["limit=101", "limit=0", "page=0", "page=x", "in_stock=1"] {
        assert_eq!(client.get(&format!("/products?{bad}")).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn faults_happen_before_or_after_the_effect() {
    let client = Client::new().await;
    client.shop.set_limits(None, None);
    let product = client.shop.add_product("Steam", "10 USD", "1", 100);
    client.shop.set_wallet(Decimal::from(100));
    let body = json!({"product_id": product, "quantity": 1}).to_string();
    for (fault, sold) in [(Fault::DropBefore, 0), (Fault::DropAfter, 1), (Fault::Truncate, 2)] {
        client.shop.plan("buy", 1, fault);
        let lost = client.buy_raw(Some(&format!("k{sold}")), &body).await;
        assert_eq!(lost, Err(TransportError::NoAnswer));
        assert_eq!(client.shop.sold().len(), sold);
    }
    client.shop.plan("buy", 1, Fault::Answer(Canned::html(502)));
    assert_eq!(client.buy("k9", &product, 1).await, (502, Value::Null));
    let long = format!("<b>&\n{}", "x".repeat(100_000));
    client.shop.next_codes(&[&long]);
    let (_, odd) = client.buy("k9", &product, 2).await;
    assert_eq!(odd["data"]["codes"], json!([{"index": 1, "code": long}]));
    assert_eq!(odd["data"]["order"]["quantity"], 2);
}

#[tokio::test]
async fn a_closed_server_does_not_answer() {
    let client = Client::new().await;
    assert_eq!(client.get("/wallet").await.0, 200);
    let url = format!("{}/wallet", client.shop.url());
    drop(client.shop);
    let request = Request { method: Method::Get, url, headers: vec![], json: None, timeout: Duration::from_secs(5) };
    assert!(client.world.transport.send(request).await.is_err());
}
