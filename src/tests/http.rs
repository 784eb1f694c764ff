//! The door for machines, over real HTTP.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::inbox::{Script, message};
use crate::http::{Door, Webhook, serve};
use crate::store::Db;
use crate::telegram::inbox::{Handler, Inbox, Replicas};
use crate::tests::both::on_both;
use crate::tests::clock::{TestClock, world};
use crate::world::{Method, Request, World};

const SECRET: &str = "0123456789abcdef";
const JSON_TYPE: (&str, &str) = ("content-type", "application/json");

/// The status and body of one exchange with the door.
async fn ask(address: &str, path: &str, secret: Option<&str>, body: Option<String>) -> (u16, String) {
    let mut headers = vec![(JSON_TYPE.0, JSON_TYPE.1.to_owned())];
    headers.extend(secret.map(|secret| ("x-telegram-bot-api-secret-token", secret.to_owned())));
    let method = if body.is_some() { Method::Post } else { Method::Get };
    let timeout = std::time::Duration::from_secs(20);
    let request = Request { method, url: format!("{address}{path}"), headers, json: body, timeout };
    let answer = World::real().unwrap().transport.send(request).await.unwrap();
    (answer.status, String::from_utf8(answer.body).unwrap())
}

on_both! {
    async fn the_door_lets_in_only_telegram_and_stores_before_it_answers(db: Db) {
        let (clock, script) = (TestClock::new(), Script::new());
        let handler: Arc<dyn Handler> = Arc::<Script>::clone(&script);
        let inbox = Inbox::new(world(&clock), db.clone(), handler, Replicas::One);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let webhook = Webhook { path: "/hook/{x}".replace("{x}", "y"), secret: SECRET.into(), inbox: inbox.clone() };
        let door = Door { world: world(&clock), db: db.clone(), metrics, webhook: Some(webhook) };
        let serving = tokio::spawn(serve(listener, door, stopped));

        let good = message(1, 7, "hi").get().to_owned();
        let hook = |secret, body: String| ask(&address, "/hook/y", secret, Some(body));
        assert_eq!(hook(None, good.clone()).await.0, 401);
        assert_eq!(hook(Some("wrong"), good.clone()).await.0, 401);
        assert_eq!(hook(Some("0123456789abcdeg"), good.clone()).await.0, 401);
        assert_eq!(hook(Some(SECRET), "{\"update_id\":".into()).await.0, 400);
        assert_eq!(hook(Some(SECRET), "[1]".into()).await.0, 400);
        assert_eq!(hook(Some(SECRET), format!("\"{}\"", "x".repeat(1024 * 1024))).await.0, 413);
        assert_eq!(ask(&address, "/hook/y", Some(SECRET), None).await.0, 405);
        assert_eq!(ask(&address, "/elsewhere", Some(SECRET), Some(good.clone())).await.0, 404);
        assert_eq!(script.seen(), Vec::<u32>::new());

        assert_eq!(hook(Some(SECRET), good.clone()).await.0, 200);
        assert_eq!(hook(Some(SECRET), good).await.0, 200);
        assert_eq!(script.sees(1).await, [1]);
        let (code, body) = ask(&address, "/health", None, None).await;
        assert_eq!((code, body.contains("\"ok\"")), (200, true));
        assert_eq!(ask(&address, "/metrics", None, None).await.0, 200);

        assert!(inbox.drain(std::time::Duration::from_secs(5)).await);
        assert_eq!(hook(Some(SECRET), message(2, 7, "hi").get().to_owned()).await.0, 503);
        db.close().await;
        assert_eq!(ask(&address, "/health", None, None).await.0, 503);
        stop.send(true).unwrap();
        serving.await.unwrap().unwrap();
        assert_eq!(script.seen(), [1]);
    }
}
