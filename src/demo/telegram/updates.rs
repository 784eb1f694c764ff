//! Updates on their way to the bot: long polling and the webhook.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::params::Params;
use super::state::State;
use super::{Inner, Refused, Reply};
use crate::demo::faults::lock;
use crate::world::{Method, Moment, Request};

/// "Timeout … capped at 50 s" (the server's source).
const POLL_MAX: Duration = Duration::from_secs(50);
/// How long a webhook's receiver may take.
const DELIVERY_MAX: Duration = Duration::from_secs(30);
/// The waits between repeated deliveries.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Where updates are pushed to.
#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) url: String,
    last_error: Option<String>,
    task: JoinHandle<()>,
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    /// Everything below `offset` is confirmed and gone; a negative one keeps that many of the newest.
    fn confirm(&mut self, offset: i64) {
        if offset < 0 {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let drop = self.updates.len().saturating_sub(keep);
            self.updates.drain(..drop);
        }
        while offset > 0 && self.updates.front().is_some_and(|update| update.id < offset) {
            self.updates.pop_front();
        }
    }

    /// The oldest updates still alive, as the body of an answer, or nothing.
    fn batch(&mut self, now: Moment, limit: usize) -> Option<String> {
        while self.updates.front().is_some_and(|update| update.dies <= now) {
            self.updates.pop_front();
        }
        let alive = self.updates.iter().filter(|update| update.dies > now);
        let bodies: Vec<&str> = alive.take(limit).map(|update| &*update.body).collect();
        (!bodies.is_empty()).then(|| format!(r#"{{"ok":true,"result":[{}]}}"#, bodies.join(",")))
    }

    fn set_allowed(&mut self, params: &Params) -> Result<(), Refused> {
        // "If not specified, the previous setting will be used"; an empty list is the default.
        if let Some(list) = params.structure("allowed_updates")? {
            let list = list.as_array().ok_or_else(|| Refused::bad("allowed_updates must be an Array"))?;
            let kinds: HashSet<String> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            self.allowed = (!kinds.is_empty()).then_some(kinds);
        }
        Ok(())
    }
}

impl Inner {
    pub(super) async fn get_updates(&self, params: &Params) -> Result<String, Refused> {
        let limit = params.integer("limit").filter(|limit| (1..=100).contains(limit)).unwrap_or(100);
        let limit = usize::try_from(limit).unwrap_or(100);
        let timeout = u64::try_from(params.integer("timeout").unwrap_or(0)).unwrap_or(0);
        let (mine, mut pulse) = {
            let mut state = lock(&self.state);
            if state.webhook.is_some() {
                return Err(webhook_active());
            }
            state.set_allowed(params)?;
            state.confirm(params.integer("offset").unwrap_or(0));
            state.polls = state.polls.wrapping_add(1);
            // Wakes an older poll, which then finds that it is not the newest.
            state.pulse.send_modify(|count| *count = count.wrapping_add(1));
            (state.polls, state.pulse.subscribe())
        };
        let found = async {
            loop {
                pulse.borrow_and_update();
                {
                    let mut state = lock(&self.state);
                    if state.webhook.is_some() {
                        return Err(webhook_active());
                    }
                    if state.polls != mine {
                        let why = "Conflict: terminated by other getUpdates request; \
                                   make sure that only one bot instance is running";
                        return Err(Refused::new(409, why));
                    }
                    if let Some(body) = state.batch(self.world.now(), limit) {
                        return Ok(body);
                    }
                }
                if pulse.changed().await.is_err() {
                    return Err(Refused::new(500, "Internal Server Error"));
                }
            }
        };
        let timeout = Duration::from_secs(timeout).min(POLL_MAX);
        tokio::time::timeout(timeout, found).await.unwrap_or_else(|_| Ok(r#"{"ok":true,"result":[]}"#.to_owned()))
    }

    pub(super) fn set_webhook(self: &Arc<Self>, params: &Params) -> Reply {
        let url = params.text("url").unwrap_or_default();
        if url.is_empty() {
            return Ok(self.delete_webhook(params));
        }
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(Refused::bad("bad webhook: Wrong URL protocol"));
        }
        let secret = params.text("secret_token");
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if secret.as_ref().is_some_and(|secret| !(1..=256).contains(&secret.len()) || !secret.chars().all(plain)) {
            return Err(Refused::bad("secret token contains unallowed characters"));
        }
        if params.fields.contains_key("max_connections")
            && !params.integer("max_connections").is_some_and(|count| (1..=100).contains(&count))
        {
            return Err(Refused::bad("max_connections must be between 1 and 100"));
        }
        let mut state = lock(&self.state);
        state.set_allowed(params)?;
        if params.flag("drop_pending_updates") {
            state.updates.clear();
        }
        let task = tokio::spawn(deliver(Arc::downgrade(self), url.clone(), secret));
        state.webhook = Some(Webhook { url, last_error: None, task });
        state.pulse.send_modify(|count| *count = count.wrapping_add(1));
        Ok(json!(true))
    }

    pub(super) fn delete_webhook(&self, params: &Params) -> Value {
        let mut state = lock(&self.state);
        state.webhook = None;
        if params.flag("drop_pending_updates") {
            state.updates.clear();
        }
        json!(true)
    }

    pub(super) fn webhook_info(&self) -> Value {
        let state = lock(&self.state);
        let url = state.webhook.as_ref().map_or("", |webhook| webhook.url.as_str());
        let mut info =
            json!({"url": url, "has_custom_certificate": false, "pending_update_count": state.updates.len()});
        if let (Some(webhook), Some(fields)) = (&state.webhook, info.as_object_mut()) {
            fields.insert("max_connections".to_owned(), json!(40));
            if let Some(error) = &webhook.last_error {
                fields.insert("last_error_message".to_owned(), json!(error));
                fields.insert("last_error_date".to_owned(), json!(self.world.now().seconds()));
            }
        }
        info
    }

    fn next_delivery(&self) -> Option<(i64, Arc<str>)> {
        let now = self.world.now();
        let mut state = lock(&self.state);
        while state.updates.front().is_some_and(|update| update.dies <= now) {
            state.updates.pop_front();
        }
        state.updates.front().map(|update| (update.id, Arc::clone(&update.body)))
    }

    fn delivered(&self, id: i64, outcome: Result<(), String>) {
        let mut state = lock(&self.state);
        match (outcome, state.webhook.as_mut()) {
            (Err(error), Some(webhook)) => webhook.last_error = Some(error),
            (Err(_), None) => {}
            (Ok(()), _) => {
                if state.updates.front().is_some_and(|update| update.id == id) {
                    state.updates.pop_front();
                }
            }
        }
    }

    /// One delivery. `Ok` if the receiver took it.
    async fn push(&self, url: &str, secret: Option<&String>, body: &str) -> Result<(), String> {
        let headers = secret.map(|secret| ("x-telegram-bot-api-secret-token", secret.clone())).into_iter().collect();
        let url = url.to_owned();
        let request =
            Request { method: Method::Post, url, headers, json: Some(body.to_owned()), timeout: DELIVERY_MAX };
        match self.world.transport.send(request).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(format!("Wrong response from the webhook: {}", answer.status)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Pushes updates one after another for as long as the webhook is set.
async fn deliver(inner: Weak<Inner>, url: String, secret: Option<String>) {
    let Some(mut pulse) = inner.upgrade().map(|inner| lock(&inner.state).pulse.subscribe()) else { return };
    let mut wait = RETRY.0;
    loop {
        pulse.borrow_and_update();
        let Some(here) = inner.upgrade() else { return };
        let Some((id, body)) = here.next_delivery() else {
            drop(here);
            if pulse.changed().await.is_err() {
                return;
            }
            continue;
        };
        let outcome = here.push(&url, secret.as_ref(), &body).await;
        let failed = outcome.is_err();
        here.delivered(id, outcome);
        drop(here);
        if failed {
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(RETRY.1);
        } else {
            wait = RETRY.0;
        }
    }
}

fn webhook_active() -> Refused {
    let why =
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
    Refused::new(409, why)
}
