//! The Bot API over HTTP, and a handle to act and read as people do.
//!
//! Written from the Bot API's documentation and, for lifetimes and error texts, from the source of
//! its server. Methods in any letter case, GET and POST, parameters in all four forms. What the shop
//! never uses is answered as an unknown method, 404.
//!
//! Chosen where this differs from the real thing:
//! * the only parse mode is HTML, any other is refused;
//! * message numbers are counted per chat, so that a program cannot take them for unique;
//! * webhooks may use plain HTTP, as with a local Bot API server, and get one update at a time; a
//!   failed delivery is repeated after 0.1 seconds, doubling to 5;
//! * in groups the bot's privacy mode is on: it hears commands, replies to it, and what is posted
//!   through it, nothing else;
//! * sending limits are not enforced by themselves; a 429 is a planned [`Fault`].

mod html;
mod markup;
mod methods;
mod params;
mod people;
mod queries;
mod send;
mod state;
#[cfg(test)]
mod tests;
mod updates;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::broadcast;

use super::faults::{Canned, Counters, Fault, Faults, lock};
use super::wire::{ANY, Answer, Call, Server, Service, percent_decoded};
use crate::world::World;
pub use html::{Entity, Formatted};
pub use markup::{Action, Button};
pub use params::File;
use params::Params;
pub use people::{InlineAnswer, InlineResult, PressError, Pressed, Toast};
pub use state::Seen;
use state::State;

/// The bot's username.
pub const BOT_NAME: &str = "kiosk_demo_bot";

/// How many events a slow listener may fall behind.
const EVENTS_BEHIND_MAX: usize = 4096;

/// A refusal in the Bot API's shape.
#[derive(Debug)]
struct Refused {
    code: u16,
    description: String,
}

impl Refused {
    fn new(code: u16, description: &str) -> Self {
        Self { code, description: description.to_owned() }
    }

    fn bad(why: &str) -> Self {
        Self { code: 400, description: format!("Bad Request: {why}") }
    }

    fn answer(&self) -> Answer {
        let body = json!({"ok": false, "error_code": self.code, "description": self.description});
        Answer::json(self.code, &body)
    }
}

type Reply = Result<Value, Refused>;

/// Something that happened, for whoever tells the story.
#[derive(Debug, Clone)]
pub enum Event {
    /// A person wrote.
    Said(Arc<Seen>),
    /// A person pressed a button.
    Pressed {
        /// Who.
        user: i64,
        /// In which chat, if it was not an inline message.
        chat: i64,
        /// What is written on the button, or the raw data of a forged press.
        label: String,
    },
    /// A person typed after the bot's name.
    Asked {
        /// Who.
        user: i64,
        /// What.
        query: String,
    },
    /// The bot sent a message, a picture or a file.
    Sent(Arc<Seen>),
    /// The bot edited a message.
    Edited(Arc<Seen>),
    /// The bot deleted a message.
    Deleted {
        /// In which chat.
        chat: i64,
        /// Which.
        message: i64,
    },
    /// The bot answered a press.
    Toasted {
        /// Whose press.
        user: i64,
        /// With what.
        toast: Toast,
    },
    /// The bot answered an inline query.
    Offered {
        /// Whose query.
        user: i64,
        /// The titles of the results.
        titles: Vec<String>,
    },
    /// The bot shows that it is busy.
    Busy {
        /// In which chat.
        chat: i64,
        /// `typing`, `upload_document` …
        action: String,
    },
}

struct Inner {
    token: String,
    world: World,
    state: Mutex<State>,
    faults: Faults,
    counters: Counters,
    events: broadcast::Sender<Event>,
}

/// A running Bot API server. Cheap to clone; it closes with the last clone.
#[derive(Clone)]
pub struct FakeTelegram {
    inner: Arc<Inner>,
    server: Arc<Server>,
}

impl std::fmt::Debug for FakeTelegram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FakeTelegram at {}", self.url())
    }
}

impl FakeTelegram {
    /// Starts on any free port. The world gives the time and carries webhooks.
    pub async fn start(token: &str, world: World) -> io::Result<Self> {
        Self::start_at(token, world, ANY).await
    }

    /// Starts at an address.
    pub async fn start_at(token: &str, world: World, address: SocketAddr) -> io::Result<Self> {
        let bot = token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(7_000_000_001);
        let inner = Arc::new(Inner {
            token: token.to_owned(),
            world,
            state: Mutex::new(State::new(bot)),
            faults: Faults::default(),
            counters: Counters::default(),
            events: broadcast::Sender::new(EVENTS_BEHIND_MAX),
        });
        let server = Arc::new(Server::start(Arc::new(Arc::clone(&inner)), address).await?);
        Ok(Self { inner, server })
    }

    /// The address to set as `KIOSK_TELEGRAM__API_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The next `times` calls of a method, in one chat or in any, meet a fault.
    pub fn plan(&self, method: &str, chat: Option<i64>, times: usize, fault: Fault) {
        self.inner.faults.plan(&method.to_ascii_lowercase(), chat, times, fault);
    }

    /// The next `times` calls of a method are told to come back after `seconds`.
    pub fn plan_flood(&self, method: &str, chat: Option<i64>, times: usize, seconds: u64) {
        let description = format!("Too Many Requests: retry after {seconds}");
        let parameters = json!({"retry_after": seconds});
        let body = json!({"ok": false, "error_code": 429, "description": description, "parameters": parameters});
        self.plan(method, chat, times, Fault::Answer(Canned::json(429, &body).retry_after(seconds)));
    }

    /// Forgets all planned faults.
    pub fn heal(&self) {
        self.inner.faults.clear();
    }

    /// How often a method (lower case) was called, or a status answered (`"429"`).
    #[must_use]
    pub fn count(&self, what: &str) -> u64 {
        self.inner.counters.get(&what.to_ascii_lowercase())
    }

    /// All counters: calls by method in lower case, answers by status.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.inner.counters.all()
    }

    /// The newest calls, at most 256: method in lower case, and its parameters without files.
    #[must_use]
    pub fn calls(&self) -> Vec<(String, Arc<Map<String, Value>>)> {
        lock(&self.inner.state).calls.iter().cloned().collect()
    }

    /// Everything that happens from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.inner.events.subscribe()
    }

    /// How many updates the bot has not confirmed.
    #[must_use]
    pub fn unconfirmed(&self) -> usize {
        lock(&self.inner.state).updates.len()
    }

    /// The commands set for a scope (as JSON) and language (`""` for none).
    #[must_use]
    pub fn commands(&self, scope: &Value, language: &str) -> Option<Value> {
        lock(&self.inner.state).profile.get(&methods::commands_key(scope, language)).cloned()
    }

    /// The messages kept of a chat, oldest first, as they stand now.
    #[must_use]
    pub fn messages(&self, chat: i64) -> Vec<Arc<Seen>> {
        lock(&self.inner.state).chats.get(&chat).map(|chat| chat.messages.iter().cloned().collect()).unwrap_or_default()
    }

    /// One message as it stands now.
    #[must_use]
    pub fn message(&self, chat: i64, id: i64) -> Option<Arc<Seen>> {
        lock(&self.inner.state).message(chat, id).cloned()
    }

    /// Waits until a message in the chat is as wanted, now or later, and returns the newest such.
    pub async fn wait_for(&self, chat: i64, wanted: impl Fn(&Seen) -> bool, timeout: Duration) -> Option<Arc<Seen>> {
        let mut pulse = lock(&self.inner.state).chat_mut(chat).pulse.subscribe();
        let found = async {
            loop {
                pulse.borrow_and_update();
                let messages = self.messages(chat);
                if let Some(seen) = messages.into_iter().rev().find(|seen| wanted(seen)) {
                    return Some(seen);
                }
                pulse.changed().await.ok()?;
            }
        };
        tokio::time::timeout(timeout, found).await.ok().flatten()
    }
}

impl Inner {
    fn tell(&self, event: impl FnOnce() -> Event) {
        if self.events.receiver_count() > 0 {
            // Nobody listening any more is no error.
            let _ = self.events.send(event());
        }
    }

    async fn decide(self: &Arc<Self>, method: &str, params: &Params) -> Answer {
        if method == "getupdates" {
            return match self.get_updates(params).await {
                Ok(body) => Answer::body(200, "application/json", body.into_bytes()),
                Err(refused) => refused.answer(),
            };
        }
        match self.call(method, params) {
            Ok(result) => Answer::json(200, &json!({"ok": true, "result": result})),
            Err(refused) => refused.answer(),
        }
    }

    fn call(self: &Arc<Self>, method: &str, params: &Params) -> Reply {
        match method {
            "getme" => Ok(methods::me(&lock(&self.state))),
            "setwebhook" => self.set_webhook(params),
            "deletewebhook" => Ok(self.delete_webhook(params)),
            "getwebhookinfo" => Ok(self.webhook_info()),
            "setmycommands" => self.set_commands(params),
            "deletemycommands" => self.delete_commands(params),
            "getmycommands" => self.get_commands(params),
            "setmydescription" => self.set_description(params, "description", 512),
            "setmyshortdescription" => self.set_description(params, "short_description", 120),
            "setchatmenubutton" => self.set_menu_button(params),
            "sendmessage" => self.send_message(params),
            "sendphoto" => self.send_photo(params),
            "senddocument" => self.send_document(params),
            "sendchataction" => self.send_chat_action(params),
            "editmessagetext" => self.edit(params, send::Edit::Text),
            "editmessagecaption" => self.edit(params, send::Edit::Caption),
            "editmessagereplymarkup" => self.edit(params, send::Edit::Markup),
            "deletemessage" => self.delete_message(params),
            "deletemessages" => self.delete_messages(params),
            "answercallbackquery" => self.answer_callback(params),
            "answerinlinequery" => self.answer_inline(params),
            "answerprecheckoutquery" => self.answer_checkout(params),
            _ => Err(Refused::new(404, "Not Found")),
        }
    }
}

/// The service holds the inner part by `Arc`, because a webhook's deliveries outlive the call that set it.
impl Service for Arc<Inner> {
    async fn answer(&self, call: Call) -> Answer {
        let path = percent_decoded(&call.path);
        let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
            return Refused::new(404, "Not Found").answer();
        };
        if token != self.token {
            return Refused::new(401, "Unauthorized").answer();
        }
        let method = method.to_ascii_lowercase();
        self.counters.count(&method);
        let params = if call.method == "GET" || call.method == "POST" {
            Params::read(&call).await
        } else {
            Err(Refused::new(405, "Method Not Allowed"))
        };
        let answer = match params {
            Err(refused) => refused.answer(),
            Ok(params) => {
                let fault = self.faults.take(&method, params.integer("chat_id"));
                if method != "getupdates" {
                    lock(&self.state).remember_call(&method, Arc::new(params.fields.clone()));
                }
                Fault::around(fault, self.decide(&method, &params)).await
            }
        };
        self.counters.count(&answer.status.to_string());
        answer
    }
}
