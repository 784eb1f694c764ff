//! What the stand-in knows: people, chats, messages, waiting updates and open queries.
//!
//! Everything is bounded: the newest 200 messages of a chat, 100,000 waiting updates, 10,000 open queries,
//! 256 captured calls.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::{oneshot, watch};

use super::Refused;
use super::html::Formatted;
use super::markup::Button;
use super::params::File;
use crate::world::Moment;

const MESSAGES_MAX: usize = 200;
const UPDATES_MAX: usize = 100_000;
const QUERIES_MAX: usize = 10_000;
const CALLS_MAX: usize = 256;

/// One message as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its number in its chat.
    pub id: i64,
    /// The chat.
    pub chat: i64,
    /// Who wrote it: a person's id, or the bot's.
    pub from: i64,
    /// Whether the bot wrote it.
    pub by_bot: bool,
    /// Whether a person posted it through the bot's inline mode.
    pub via_bot: bool,
    /// The plain text, or the caption of a picture or file.
    pub text: String,
    /// The text with its formatting.
    pub formatted: Formatted,
    /// The text as the bot sent it, markup and all.
    pub source: String,
    /// Rows of buttons.
    pub buttons: Vec<Vec<Button>>,
    /// The picture, if it is one.
    pub photo: Option<File>,
    /// The file, if it is one.
    pub document: Option<File>,
    /// Whether it can be forwarded and saved.
    pub protect_content: bool,
    /// Which message it replies to.
    pub reply_to: Option<i64>,
    /// When it was sent, in Unix seconds.
    pub date: i64,
    /// How often it was edited.
    pub edits: u32,
    pub(super) markup: Option<Value>,
}

impl Seen {
    /// The button with exactly this label.
    #[must_use]
    pub fn button(&self, label: &str) -> Option<&Button> {
        self.buttons.iter().flatten().find(|button| button.label == label)
    }

    /// Every label, row by row.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        self.buttons.iter().flatten().map(|button| button.label.as_str()).collect()
    }

    /// The id of the message in inline mode.
    #[must_use]
    pub fn inline_id(&self) -> Option<String> {
        self.via_bot.then(|| format!("inline-{}.{}", self.chat, self.id))
    }
}

#[derive(Debug)]
pub(super) struct User {
    pub(super) first_name: String,
    pub(super) username: Option<String>,
    pub(super) language: Option<String>,
    pub(super) started: bool,
    pub(super) blocked: bool,
}

#[derive(Debug)]
pub(super) struct Chat {
    pub(super) title: Option<String>,
    pub(super) messages: VecDeque<Arc<Seen>>,
    pub(super) pulse: watch::Sender<u64>,
    last: i64,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: i64,
    pub(super) body: Arc<str>,
    pub(super) dies: Moment,
}

/// The kinds of query a bot answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueryKind {
    Callback,
    Inline,
    Checkout,
}

#[derive(Debug)]
pub(super) struct Query {
    pub(super) kind: QueryKind,
    pub(super) user: i64,
    pub(super) born: Moment,
    pub(super) answer: oneshot::Sender<Value>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) bot: i64,
    pub(super) users: HashMap<i64, User>,
    pub(super) chats: HashMap<i64, Chat>,
    pub(super) updates: VecDeque<Waiting>,
    pub(super) allowed: Option<HashSet<String>>,
    pub(super) polls: u64,
    pub(super) pulse: watch::Sender<u64>,
    pub(super) webhook: Option<super::updates::Webhook>,
    pub(super) queries: HashMap<String, Query>,
    pub(super) profile: HashMap<String, Value>,
    pub(super) calls: VecDeque<(String, Arc<Map<String, Value>>)>,
    query_ages: VecDeque<String>,
    next_update: i64,
    next_query: u64,
}

impl State {
    pub(super) fn new(bot: i64) -> Self {
        Self {
            bot,
            users: HashMap::new(),
            chats: HashMap::new(),
            updates: VecDeque::new(),
            allowed: None,
            polls: 0,
            pulse: watch::Sender::new(0),
            webhook: None,
            queries: HashMap::new(),
            profile: HashMap::new(),
            calls: VecDeque::new(),
            query_ages: VecDeque::new(),
            next_update: 100_000_001,
            next_query: 1,
        }
    }

    pub(super) fn remember_call(&mut self, method: &str, fields: Arc<Map<String, Value>>) {
        if self.calls.len() >= CALLS_MAX {
            self.calls.pop_front();
        }
        self.calls.push_back((method.to_owned(), fields));
    }

    pub(super) fn chat_mut(&mut self, id: i64) -> &mut Chat {
        let empty = || Chat { title: None, messages: VecDeque::new(), pulse: watch::Sender::new(0), last: 0 };
        self.chats.entry(id).or_insert_with(empty)
    }

    /// Where the bot may write to, or why not.
    pub(super) fn writable(&self, chat: i64) -> Result<(), Refused> {
        if let Some(user) = self.users.get(&chat) {
            if user.blocked {
                return Err(Refused::new(403, "Forbidden: bot was blocked by the user"));
            }
            if !user.started {
                return Err(Refused::new(403, "Forbidden: bot can't initiate conversation with a user"));
            }
            return Ok(());
        }
        if self.chats.contains_key(&chat) { Ok(()) } else { Err(Refused::bad("chat not found")) }
    }

    /// Adds a message, numbering it.
    pub(super) fn post(&mut self, mut seen: Seen) -> Arc<Seen> {
        let chat = self.chat_mut(seen.chat);
        chat.last = chat.last.saturating_add(1);
        seen.id = chat.last;
        if chat.messages.len() >= MESSAGES_MAX {
            chat.messages.pop_front();
        }
        let seen = Arc::new(seen);
        chat.messages.push_back(Arc::clone(&seen));
        chat.pulse.send_modify(|count| *count = count.wrapping_add(1));
        seen
    }

    pub(super) fn message(&self, chat: i64, id: i64) -> Option<&Arc<Seen>> {
        let messages = &self.chats.get(&chat)?.messages;
        messages.get(messages.binary_search_by_key(&id, |seen| seen.id).ok()?)
    }

    /// Replaces a message by its edited self.
    pub(super) fn replace(&mut self, seen: Arc<Seen>) {
        let chat = self.chat_mut(seen.chat);
        if let Ok(at) = chat.messages.binary_search_by_key(&seen.id, |one| one.id)
            && let Some(place) = chat.messages.get_mut(at)
        {
            *place = seen;
            chat.pulse.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    pub(super) fn remove(&mut self, chat: i64, id: i64) -> bool {
        let chat = self.chat_mut(chat);
        let found = chat.messages.binary_search_by_key(&id, |one| one.id);
        if let Ok(at) = found {
            chat.messages.remove(at);
            chat.pulse.send_modify(|count| *count = count.wrapping_add(1));
        }
        found.is_ok()
    }

    /// Queues an update for the bot, unless it asked not to hear of its kind.
    pub(super) fn notify(&mut self, now: Moment, kind: &str, body: Value) {
        if self.allowed.as_ref().is_some_and(|allowed| !allowed.contains(kind)) {
            return;
        }
        // Lifetimes in the queue, from the server's source.
        let lifetime = match kind {
            "callback_query" | "pre_checkout_query" => Duration::from_secs(150),
            "inline_query" => Duration::from_secs(30),
            "chosen_inline_result" => Duration::from_mins(10),
            _ => Duration::from_hours(24),
        };
        if self.updates.len() >= UPDATES_MAX {
            self.updates.pop_front();
        }
        let id = self.next_update;
        self.next_update = id.saturating_add(1);
        let mut fields = Map::new();
        fields.insert("update_id".to_owned(), json!(id));
        fields.insert(kind.to_owned(), body);
        let body = Value::Object(fields).to_string().into();
        self.updates.push_back(Waiting { id, body, dies: now.plus(lifetime) });
        self.pulse.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Opens a query the bot should answer.
    pub(super) fn ask(&mut self, now: Moment, kind: QueryKind, user: i64) -> (String, oneshot::Receiver<Value>) {
        if self.query_ages.len() >= QUERIES_MAX
            && let Some(oldest) = self.query_ages.pop_front()
        {
            self.queries.remove(&oldest);
        }
        let id = format!("{}", self.next_query.saturating_add(4_000_000_000_000_000));
        self.next_query = self.next_query.saturating_add(1);
        let (answer, waiter) = oneshot::channel();
        self.queries.insert(id.clone(), Query { kind, user, born: now, answer });
        self.query_ages.push_back(id.clone());
        (id, waiter)
    }

    pub(super) fn user_json(&self, id: i64) -> Value {
        if id == self.bot {
            return self.bot_json();
        }
        let mut fields = Map::new();
        fields.insert("id".to_owned(), json!(id));
        fields.insert("is_bot".to_owned(), json!(false));
        let user = self.users.get(&id);
        fields.insert("first_name".to_owned(), json!(user.map_or("Somebody", |user| user.first_name.as_str())));
        if let Some(name) = user.and_then(|user| user.username.as_ref()) {
            fields.insert("username".to_owned(), json!(name));
        }
        if let Some(language) = user.and_then(|user| user.language.as_ref()) {
            fields.insert("language_code".to_owned(), json!(language));
        }
        Value::Object(fields)
    }

    pub(super) fn bot_json(&self) -> Value {
        json!({"id": self.bot, "is_bot": true, "first_name": "Kiosk", "username": super::BOT_NAME})
    }

    pub(super) fn chat_json(&self, id: i64) -> Value {
        if let Some(title) = self.chats.get(&id).and_then(|chat| chat.title.as_ref()) {
            return json!({"id": id, "type": "supergroup", "title": title});
        }
        let mut fields = Map::new();
        fields.insert("id".to_owned(), json!(id));
        fields.insert("type".to_owned(), json!("private"));
        if let Some(user) = self.users.get(&id) {
            fields.insert("first_name".to_owned(), json!(user.first_name));
            if let Some(name) = &user.username {
                fields.insert("username".to_owned(), json!(name));
            }
        }
        Value::Object(fields)
    }

    /// A message as the Bot API shows it; `deep` shows what it replies to.
    pub(super) fn message_json(&self, seen: &Seen, deep: bool) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("message_id", json!(seen.id));
        put("from", self.user_json(seen.from));
        put("chat", self.chat_json(seen.chat));
        put("date", json!(seen.date));
        if seen.edits > 0 {
            put("edit_date", json!(seen.date));
        }
        if seen.via_bot {
            put("via_bot", self.bot_json());
        }
        if seen.protect_content {
            put("has_protected_content", json!(true));
        }
        let media = seen.photo.is_some() || seen.document.is_some();
        let (text, entities) = if media { ("caption", "caption_entities") } else { ("text", "entities") };
        if !media || !seen.text.is_empty() {
            put(text, json!(seen.text));
        }
        if !seen.formatted.entities.is_empty() {
            put(entities, json!(seen.formatted.entities_json()));
        }
        let place = format!("{}.{}", seen.chat, seen.id);
        if let Some(photo) = &seen.photo {
            let (width, height) = super::send::dimensions(&photo.bytes).unwrap_or((640, 480));
            let (id, unique) = (format!("photo-{place}"), format!("p{place}"));
            let size = photo.bytes.len();
            let size = json!({
                "file_id": id, "file_unique_id": unique, "file_size": size, "width": width, "height": height,
            });
            put("photo", json!([size]));
        }
        if let Some(file) = &seen.document {
            let (id, unique) = (format!("document-{place}"), format!("d{place}"));
            let document = json!({
                "file_id": id, "file_unique_id": unique, "file_size": file.bytes.len(),
                "file_name": file.name, "mime_type": "application/octet-stream",
            });
            put("document", document);
        }
        if let Some(markup) = &seen.markup {
            put("reply_markup", markup.clone());
        }
        if let Some(target) = seen.reply_to.filter(|_| deep).and_then(|id| self.message(seen.chat, id)) {
            put("reply_to_message", self.message_json(target, false));
        }
        Value::Object(fields)
    }
}
