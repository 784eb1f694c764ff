use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::world::{Method, Moment, Request, World};

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
    shop: FakeAccountShop,
    product: String,
}

impl Client {
    async fn new() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_772_020_800_000)));
        let shop = FakeAccountShop::start(clock.clone()).await.unwrap();
        let product = shop.add_product("gmail-usa-fresh", "Google Workspace", "谷歌企业", "0.5", 44, 5);
        Self { world: World::real().unwrap(), clock, shop, product }
    }

    async fn send(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> (u16, Value) {
        let headers = token.map(|token| ("authorization", format!("Bearer {token}"))).into_iter().collect();
        let (url, json) = (format!("{}{path}", self.shop.url()), body.map(Value::to_string));
        let request = Request { method, url, headers, json, timeout: Duration::from_secs(5) };
        let response = self.world.transport.send(request).await.unwrap();
        (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::Get, path, None, None).await
    }

    fn order(&self) -> Value {
        json!({
            "productId": self.product, "quantity": 10, "contactEmail": "a@b.example",
            "paymentMethod": "crypto", "coin": "trc20_usdt",
        })
    }

    async fn create(&self, token: Option<&str>, change: Value) -> (u16, Value) {
        let mut body = self.order();
        for (name, value) in change.as_object().unwrap() {
            if value.is_null() {
                body.as_object_mut().unwrap().remove(name);
            } else {
                body[name] = value.clone();
            }
        }
        self.send(Method::Post, "/orders/create", token, Some(&body)).await
    }
}

#[tokio::test]
async fn products_are_shown_as_documented() {
    let client = Client::new().await;
    let (_, list) = client.get("/products").await;
    let expected = json!({
        "id": client.product, "slug": "gmail-usa-fresh", "name_zh": "谷歌企业", "name_en": "Google Workspace",
        "stock": 44, "min_quantity": 5, "price": 0.5,
    });
    assert_eq!(list, json!({"success": true, "products": [expected]}));
    assert_eq!(client.get("/products/gmail-usa-fresh").await.1["product"]["id"], json!(client.product));
    assert_eq!(client.get(&format!("/products/{}", client.product)).await.0, 200);
    assert_eq!(client.get("/products/none").await.0, 404);
    client.shop.set_price(&client.product, "not a number");
    assert_eq!(client.get("/products").await.1["products"][0]["price"], "not a number");
}

#[tokio::test]
async fn every_rule_of_an_order_is_kept() {
    let client = Client::new().await;
    for broken in [
        json!({"productId": "gmail-usa-fresh"}),
        json!({"productId": null}),
        json!({"quantity": 4}),
        json!({"quantity": 45}),
        json!({"quantity": 201}),
        json!({"quantity": "10"}),
        json!({"quantity": null}),
        json!({"contactEmail": null}),
        json!({"contactEmail": "nobody"}),
        json!({"paymentMethod": "cash"}),
        json!({"paymentMethod": null}),
        json!({"coin": null}),
        json!({"coin": "doge"}),
        json!({"paymentMethod": "alipay", "coin": null}),
        json!({"couponCode": ""}),
    ] {
        let (status, body) = client.create(None, broken.clone()).await;
        assert_eq!((status, &body["success"]), (400, &json!(false)), "{broken}");
    }
    let balance = json!({"paymentMethod": "balance_cny", "coin": null});
    assert_eq!(client.create(None, balance.clone()).await.0, 401);
    assert_eq!(client.create(Some("guess"), balance.clone()).await.0, 401);
    assert!(client.shop.orders().is_empty());
    assert_eq!(client.shop.stock(&client.product), Some(44));
    client.shop.set_checkouts(true, false);
    assert_eq!(client.create(None, json!({"paymentMethod": "alipay", "coin": null})).await.0, 200);
}

#[tokio::test]
async fn balances_are_debited_or_refused() {
    let client = Client::new().await;
    let token = client.shop.add_account("me@b.example", "pw", Decimal::from(5), Decimal::ONE);
    let login = json!({"email": "me@b.example", "password": "pw"});
    let (_, body) = client.send(Method::Post, "/auth/login", None, Some(&login)).await;
    assert_eq!(body["token"], json!(token));
    let (status, order) = client.create(Some(&token), json!({"paymentMethod": "balance_cny", "coin": null})).await;
    assert_eq!((status, &order["order"]["status"]), (200, &json!("paid")));
    assert_eq!(client.create(Some(&token), json!({"paymentMethod": "balance_cny", "coin": null})).await.0, 400);
    assert_eq!(client.create(Some(&token), json!({"paymentMethod": "balance_crypto", "coin": null})).await.0, 200);
    assert_eq!(client.shop.balances("me@b.example"), Some((Decimal::ZERO, Decimal::new(30, 2))));
    client.shop.expire_tokens();
    assert_eq!(client.create(Some(&token), json!({"paymentMethod": "balance_crypto", "coin": null})).await.0, 401);
}

#[tokio::test]
async fn a_crypto_order_is_paid_confirmed_and_completed() {
    let client = Client::new().await;
    let (_, body) = client.create(None, json!({})).await;
    let order_no = body["order"]["order_no"].as_str().unwrap().to_owned();
    assert_eq!(body["order"]["payment"]["expected_amount"], "0.7");
    let status = async || client.get(&format!("/orders/{order_no}/status")).await.1["order"]["status"].clone();
    assert_eq!(status().await, "pending");
    assert!(!client.shop.confirm(&order_no));
    assert!(client.shop.pay(&order_no, Paid::Exact));
    assert_eq!(status().await, "confirming");
    client.shop.set_checks_before_completion(Some(1));
    assert!(client.shop.confirm(&order_no));
    assert_eq!(status().await, "paid");
    assert_eq!(status().await, "completed");
    let (_, query) = client.get(&format!("/orders/query?order_no={order_no}&email=a%40b.example")).await;
    assert_eq!(query["order"]["credentials"].as_array().unwrap().len(), 10);
    assert_eq!(client.get(&format!("/orders/query?order_no={order_no}&email=c%40b.example")).await.0, 404);
}

#[tokio::test]
async fn too_little_and_too_late_do_not_go_on() {
    let client = Client::new().await;
    let order_no = async || client.create(None, json!({})).await.1["order"]["order_no"].as_str().unwrap().to_owned();
    let (under, late) = (order_no().await, order_no().await);
    assert!(client.shop.pay(&under, Paid::Under));
    assert_eq!(client.get(&format!("/orders/{under}/status")).await.1["order"]["status"], "underpaid");
    client.clock.0.fetch_add(31 * 60 * 1000, Ordering::SeqCst);
    assert_eq!(client.get(&format!("/orders/{late}/status")).await.1["order"]["status"], "expired");
    assert!(!client.shop.pay(&late, Paid::Exact));
}

#[tokio::test]
async fn lookups_are_sparing() {
    let client = Client::new().await;
    let look = async |order: &str| client.get(&format!("/orders/query?order_no={order}&email=a%40b.example")).await.0;
    assert_eq!((look("A").await, look("A").await, look("A").await), (404, 404, 429));
    client.clock.0.fetch_add(59_999, Ordering::SeqCst);
    assert_eq!(look("B").await, 429);
    client.clock.0.fetch_add(1, Ordering::SeqCst);
    assert_eq!(look("B").await, 404);
    assert_eq!(client.shop.count("429"), 2);
    client.shop.set_lookup_limits(None, None);
    for _ in 0..5 {
        assert_eq!(look("B").await, 404);
    }
}

#[tokio::test]
async fn undocumented_answers_come_in_several_shapes() {
    let client = Client::new().await;
    for (shape, address) in [
        (Shape::Nested, "/order/payment/address"),
        (Shape::Flat, "/address"),
        (Shape::Data, "/data/order/payment/address"),
        (Shape::Camel, "/order/payment/payAddress"),
    ] {
        client.shop.set_shape(shape);
        let (_, body) = client.create(None, json!({})).await;
        assert!(body.pointer(address).is_some_and(Value::is_string), "{shape:?}: {body}");
    }
    client.shop.plan("create", 1, Fault::AnswerAfter(crate::demo::Canned::html(502)));
    client.shop.set_stock(&client.product, 100);
    assert_eq!(client.create(None, json!({})).await, (502, Value::Null));
    assert_eq!(client.shop.orders().len(), 5);
}
