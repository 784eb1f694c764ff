//! The door for machines: health, metrics, and Telegram's webhook.
//!
//! A webhook is believed only with the secret Telegram was given ([`Webhook::secret`]), compared in
//! constant time before the body is read. It is answered 200 only after the update is stored; anything
//! else makes Telegram bring it again. Metrics are counts: no names, no texts, no identities.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use serde_json::json;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::store::{Db, StoreError, args};
use crate::telegram::RawUpdate;
use crate::telegram::inbox::{Inbox, InboxError};
use crate::world::World;

/// The largest webhook body. Telegram's updates are a few kilobytes.
const BODY_MAX: usize = 1024 * 1024;
/// How long a webhook's body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the database may take to say that it is well.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
/// How often finished measurements are folded into their histograms.
const UPKEEP_PAUSE: Duration = Duration::from_secs(10);
/// The header that carries the webhook's secret.
const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";
/// Upper bounds of the histograms' buckets, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Where and how Telegram brings updates.
#[derive(Clone)]
pub struct Webhook {
    /// The path of the address Telegram was given.
    pub path: String,
    /// What Telegram shows with every update.
    pub secret: String,
    /// Where they go.
    pub inbox: Inbox,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook")
    }
}

/// What the door leads to.
#[derive(Debug, Clone)]
pub struct Door {
    /// The clock of time-outs.
    pub world: World,
    /// Asked for health.
    pub db: Db,
    /// Rendered as metrics.
    pub metrics: PrometheusHandle,
    /// `None` while polling.
    pub webhook: Option<Webhook>,
}

/// Figures that nothing counts into: for a shop inside a process that counts elsewhere or not at all.
///
/// # Errors
/// [`BuildError`], never with the buckets there are.
pub fn detached_metrics() -> Result<PrometheusHandle, BuildError> {
    Ok(PrometheusBuilder::new().set_buckets(&BUCKETS)?.build_recorder().handle())
}

/// Makes this process count, and gives the figures' handle. To be called once.
///
/// # Errors
/// [`BuildError`] if something counts already.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()
}

/// Serves on `listener` until `stop` turns true; requests under way are finished.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, door: Door, stop: watch::Receiver<bool>) -> Result<(), std::io::Error> {
    let (world, figures) = (door.world.clone(), door.metrics.clone());
    let ended = |mut stop: watch::Receiver<bool>| async move {
        // A sender that is gone ends it as well.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let upkeep = async {
        loop {
            world.clock.sleep(UPKEEP_PAUSE).await;
            figures.run_upkeep();
        }
    };
    let server = axum::serve(listener, router(door)).with_graceful_shutdown(ended(stop)).into_future();
    tokio::select! {
        result = server => result,
        () = upkeep => Ok(()),
    }
}

/// The routes. The webhook's path is compared, not routed: it comes from the settings and may contain
/// anything.
pub fn router(door: Door) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(figures))
        .fallback(webhook)
        .with_state(Arc::new(door))
}

async fn health(State(door): State<Arc<Door>>) -> Response {
    let well = tokio::select! {
        answer = answers(&door.db) => answer.is_ok(),
        () = door.world.clock.sleep(HEALTH_TIMEOUT) => false,
    };
    let (code, status) =
        if well { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "database unavailable") };
    let body = json!({ "status": status, "version": env!("CARGO_PKG_VERSION") }).to_string();
    (code, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn answers(db: &Db) -> Result<(), StoreError> {
    let mut tx = db.read().await?;
    let _: (i64,) = tx.fetch_one("SELECT CAST(1 AS BIGINT)", args![]).await?;
    tx.commit().await
}

async fn figures(State(door): State<Arc<Door>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], door.metrics.render()).into_response()
}

async fn webhook(State(door): State<Arc<Door>>, request: Request) -> Response {
    let code = match &door.webhook {
        Some(webhook) if webhook.path == request.uri().path() => receive(&door.world, webhook, request).await,
        _ => StatusCode::NOT_FOUND,
    };
    code.into_response()
}

async fn receive(world: &World, webhook: &Webhook, request: Request) -> StatusCode {
    if request.method() != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED;
    }
    let shown = request.headers().get(SECRET_HEADER).map_or(&[][..], |value| value.as_bytes());
    if webhook.secret.is_empty() || !bool::from(shown.ct_eq(webhook.secret.as_bytes())) {
        metrics::counter!("kiosk_webhook_refused_total", "why" => "secret").increment(1);
        return StatusCode::UNAUTHORIZED;
    }
    let body = tokio::select! {
        body = to_bytes(request.into_body(), BODY_MAX) => body,
        () = world.clock.sleep(BODY_TIMEOUT) => return StatusCode::REQUEST_TIMEOUT,
    };
    let Ok(body) = body else {
        metrics::counter!("kiosk_webhook_refused_total", "why" => "size").increment(1);
        return StatusCode::PAYLOAD_TOO_LARGE;
    };
    let update = serde_json::from_slice::<RawUpdate>(&body).ok();
    let Some(update) = update.filter(|raw| crate::telegram::peek(raw.get()).is_some()) else {
        metrics::counter!("kiosk_webhook_refused_total", "why" => "malformed").increment(1);
        return StatusCode::BAD_REQUEST;
    };
    match webhook.inbox.store(vec![update]).await {
        Ok(()) => StatusCode::OK,
        Err(InboxError::Closed) => StatusCode::SERVICE_UNAVAILABLE,
        Err(error) => {
            tracing::error!(%error, "an update was not stored; Telegram brings it again");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}
