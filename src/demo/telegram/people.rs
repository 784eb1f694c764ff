//! People: they write, press, search, reply, block, and see what comes back.

#![expect(clippy::must_use_candidate, reason = "a handle acts; what it returns is there for whoever wants it")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::html::{Entity, Formatted};
use super::markup::{Action, Button};
use super::state::{QueryKind, Seen, State, User};
use super::{BOT_NAME, Event, FakeTelegram, queries};
use crate::demo::faults::lock;

/// Why a button could not be pressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PressError {
    /// There is no such message.
    #[error("there is no message {0}")]
    NoMessage(i64),
    /// The message has no such button.
    #[error("there is no button {label:?}, only {present:?}")]
    NoButton {
        /// What was looked for.
        label: String,
        /// What is there.
        present: Vec<String>,
    },
    /// The button does something else than ask the bot.
    #[error("the button does not ask the bot: {0:?}")]
    NotACallback(Action),
}

/// The bot's answer to a press.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toast {
    /// The text, or nothing.
    pub text: String,
    /// Whether it must be dismissed.
    pub alert: bool,
    /// What opens.
    pub url: Option<String>,
}

impl Toast {
    pub(super) fn json(&self) -> Value {
        json!({"text": self.text, "alert": self.alert, "url": self.url})
    }
}

/// A press on its way.
#[derive(Debug)]
pub struct Pressed {
    /// The id of the query.
    pub query: String,
    answer: oneshot::Receiver<Value>,
}

impl Pressed {
    /// Waits for the bot's answer; `None` if none comes in time.
    pub async fn answer(self, timeout: Duration) -> Option<Toast> {
        let answer = tokio::time::timeout(timeout, self.answer).await.ok()?.ok()?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let alert = answer.get("alert").and_then(Value::as_bool).unwrap_or(false);
        Some(Toast { text: text("text").unwrap_or_default(), alert, url: text("url") })
    }
}

/// One inline result.
#[derive(Debug, Clone, PartialEq)]
pub struct InlineResult {
    /// Its id.
    pub id: String,
    /// The first line.
    pub title: String,
    /// The second line.
    pub description: String,
    /// The text that is posted, as the bot sent it.
    pub source: String,
    /// The text that is posted.
    pub formatted: Formatted,
    /// The buttons under it.
    pub buttons: Vec<Vec<Button>>,
    pub(super) markup: Option<Value>,
}

/// The bot's answer to an inline query.
#[derive(Debug, Clone, PartialEq)]
pub struct InlineAnswer {
    /// The results, in order.
    pub results: Vec<InlineResult>,
    /// For how many seconds the server may repeat it.
    pub cache_time: i64,
    /// Whether it is for this person only.
    pub is_personal: bool,
    /// Where the next page begins; empty if there is none.
    pub next_offset: String,
}

impl InlineAnswer {
    pub(super) fn read(answer: &Value) -> Self {
        let list = answer.get("results").and_then(Value::as_array);
        let next = answer.get("next_offset").and_then(Value::as_str).unwrap_or_default();
        Self {
            results: list.into_iter().flatten().filter_map(|one| queries::inline_result(one).ok()).collect(),
            cache_time: answer.get("cache_time").and_then(Value::as_i64).unwrap_or(300),
            is_personal: answer.get("is_personal").and_then(Value::as_bool).unwrap_or(false),
            next_offset: next.to_owned(),
        }
    }
}

impl FakeTelegram {
    /// A person with a Telegram account; they have not met the bot yet. Returns the id.
    pub fn user(&self, id: i64, first_name: &str, username: Option<&str>, language_code: Option<&str>) -> i64 {
        let (username, language) = (username.map(str::to_owned), language_code.map(str::to_owned));
        let user = User { first_name: first_name.to_owned(), username, language, started: false, blocked: false };
        lock(&self.inner.state).users.insert(id, user);
        id
    }

    /// A group with the bot in it; its id is negative. Returns the id.
    pub fn group(&self, id: i64, title: &str) -> i64 {
        lock(&self.inner.state).chat_mut(id).title = Some(title.to_owned());
        id
    }

    /// A person writes into a chat: their own id for the private chat with the bot, or a group's. Returns
    /// the message's number.
    pub fn say(&self, user: i64, chat: i64, text: &str) -> i64 {
        self.write(user, chat, text, None)
    }

    /// A person replies to a message.
    pub fn reply(&self, user: i64, chat: i64, to_message: i64, text: &str) -> i64 {
        self.write(user, chat, text, Some(to_message))
    }

    fn write(&self, user: i64, chat: i64, text: &str, reply_to: Option<i64>) -> i64 {
        let now = self.inner.world.now();
        let mut state = lock(&self.inner.state);
        if user == chat
            && let Some(user) = state.users.get_mut(&user)
        {
            user.started = true;
        }
        let entities = commands(text);
        let to_bot = reply_to.and_then(|id| state.message(chat, id)).is_some_and(|seen| seen.by_bot);
        let heard = user == chat || to_bot || entities.iter().any(|entity| is_for_bot(text, entity));
        let formatted = Formatted { text: text.to_owned(), entities };
        let seen = Seen { reply_to, ..written(user, chat, formatted, now.seconds()) };
        let seen = state.post(seen);
        if heard {
            let shown = state.message_json(&seen, true);
            state.notify(now, "message", shown);
        }
        let id = seen.id;
        self.inner.tell(|| Event::Said(seen));
        id
    }

    /// Presses the button with exactly this label under a message as it stands now.
    pub fn press(&self, user: i64, chat: i64, message: i64, label: &str) -> Result<Pressed, PressError> {
        let seen = self.message(chat, message).ok_or(PressError::NoMessage(message))?;
        let missing = || PressError::NoButton {
            label: label.to_owned(),
            present: seen.labels().into_iter().map(str::to_owned).collect(),
        };
        match &seen.button(label).ok_or_else(missing)?.action {
            Action::Callback(data) => Ok(self.send_press(user, &seen, data, label)),
            other => Err(PressError::NotACallback(other.clone())),
        }
    }

    /// Presses the button with this label under the newest message of the chat that has one.
    pub fn press_newest(&self, user: i64, chat: i64, label: &str) -> Result<Pressed, PressError> {
        let messages = self.messages(chat);
        let message = messages.iter().rev().find(|seen| seen.button(label).is_some());
        let present = || messages.last().map(|seen| seen.labels().into_iter().map(str::to_owned).collect());
        let missing = || PressError::NoButton { label: label.to_owned(), present: present().unwrap_or_default() };
        self.press(user, chat, message.ok_or_else(missing)?.id, label)
    }

    /// Sends callback data no button need hold, as a forged client could.
    pub fn press_data(&self, user: i64, chat: i64, message: i64, data: &str) -> Result<Pressed, PressError> {
        let seen = self.message(chat, message).ok_or(PressError::NoMessage(message))?;
        Ok(self.send_press(user, &seen, data, data))
    }

    fn send_press(&self, user: i64, seen: &Arc<Seen>, data: &str, label: &str) -> Pressed {
        let now = self.inner.world.now();
        let mut state = lock(&self.inner.state);
        let (query, answer) = state.ask(now, QueryKind::Callback, user);
        let chat_instance = seen.chat.to_string();
        let mut body =
            json!({"id": query, "from": state.user_json(user), "chat_instance": chat_instance, "data": data});
        if let Some(fields) = body.as_object_mut() {
            match seen.inline_id() {
                Some(id) => fields.insert("inline_message_id".to_owned(), json!(id)),
                None => fields.insert("message".to_owned(), state.message_json(seen, true)),
            };
        }
        state.notify(now, "callback_query", body);
        let (chat, label) = (seen.chat, label.to_owned());
        self.inner.tell(|| Event::Pressed { user, chat, label });
        Pressed { query, answer }
    }

    /// Types after the bot's name and waits for what is offered; `None` if nothing comes in time.
    pub async fn inline(&self, user: i64, query: &str, timeout: Duration) -> Option<InlineAnswer> {
        self.inline_from(user, query, "", timeout).await
    }

    /// The same, from an offset the bot gave before.
    pub async fn inline_from(&self, user: i64, query: &str, offset: &str, timeout: Duration) -> Option<InlineAnswer> {
        let now = self.inner.world.now();
        let waiter = {
            let mut state = lock(&self.inner.state);
            let (id, waiter) = state.ask(now, QueryKind::Inline, user);
            // "Text of the query (up to 256 characters)".
            let text: String = query.chars().take(256).collect();
            let body = json!({
                "id": id, "from": state.user_json(user), "query": text, "offset": offset, "chat_type": "private",
            });
            state.notify(now, "inline_query", body);
            waiter
        };
        self.inner.tell(|| Event::Asked { user, query: query.to_owned() });
        let answer = tokio::time::timeout(timeout, waiter).await.ok()?.ok()?;
        Some(InlineAnswer::read(&answer))
    }

    /// Posts an inline result into a chat, and tells the bot. Returns the message's number.
    pub fn choose_inline(&self, user: i64, chat: i64, query: &str, result: &InlineResult) -> i64 {
        let now = self.inner.world.now();
        let mut state = lock(&self.inner.state);
        let seen = Seen {
            via_bot: true,
            source: result.source.clone(),
            buttons: result.buttons.clone(),
            markup: result.markup.clone(),
            ..written(user, chat, result.formatted.clone(), now.seconds())
        };
        let seen = state.post(seen);
        let mut chosen = json!({"result_id": result.id, "from": state.user_json(user), "query": query});
        if let (Some(fields), Some(id), true) = (chosen.as_object_mut(), seen.inline_id(), result.markup.is_some()) {
            fields.insert("inline_message_id".to_owned(), json!(id));
        }
        state.notify(now, "chosen_inline_result", chosen);
        // The bot hears of the message itself only where it is present: in its private chat or its groups.
        if state.users.get(&chat).is_some_and(|user| user.started) || chat < 0 {
            let shown = state.message_json(&seen, true);
            state.notify(now, "message", shown);
        }
        let id = seen.id;
        self.inner.tell(|| Event::Said(seen));
        id
    }

    /// A person is about to pay in Stars. The bot's answer is whether it agreed, and if not, why.
    pub async fn checkout(
        &self,
        user: i64,
        payload: &str,
        stars: i64,
        timeout: Duration,
    ) -> Option<Result<(), String>> {
        let now = self.inner.world.now();
        let waiter = {
            let mut state = lock(&self.inner.state);
            let (id, waiter) = state.ask(now, QueryKind::Checkout, user);
            let from = state.user_json(user);
            let body =
                json!({"id": id, "from": from, "currency": "XTR", "total_amount": stars, "invoice_payload": payload});
            state.notify(now, "pre_checkout_query", body);
            waiter
        };
        let answer = tokio::time::timeout(timeout, waiter).await.ok()?.ok()?;
        let why = answer.get("error_message").and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(if answer.get("ok").and_then(Value::as_bool) == Some(true) { Ok(()) } else { Err(why) })
    }

    /// A person blocks the bot.
    pub fn block(&self, user: i64) {
        self.set_blocked(user, true);
    }

    /// A person unblocks the bot, and may be written to again.
    pub fn unblock(&self, user: i64) {
        self.set_blocked(user, false);
    }

    fn set_blocked(&self, id: i64, blocked: bool) {
        let now = self.inner.world.now();
        let mut state = lock(&self.inner.state);
        let Some(user) = state.users.get_mut(&id) else { return };
        user.blocked = blocked;
        user.started = user.started || !blocked;
        let body = membership(&state, id, blocked, now.seconds());
        state.notify(now, "my_chat_member", body);
    }
}

fn membership(state: &State, user: i64, blocked: bool, date: i64) -> Value {
    let member = json!({"status": "member", "user": state.bot_json()});
    let kicked = json!({"status": "kicked", "user": state.bot_json(), "until_date": 0});
    let (old, new) = if blocked { (member, kicked) } else { (kicked, member) };
    json!({
        "chat": state.chat_json(user), "from": state.user_json(user), "date": date,
        "old_chat_member": old, "new_chat_member": new,
    })
}

/// A message of a person.
fn written(user: i64, chat: i64, formatted: Formatted, date: i64) -> Seen {
    Seen {
        id: 0,
        chat,
        from: user,
        by_bot: false,
        via_bot: false,
        text: formatted.text.clone(),
        source: formatted.text.clone(),
        formatted,
        buttons: Vec::new(),
        photo: None,
        document: None,
        protect_content: false,
        reply_to: None,
        date,
        edits: 0,
        markup: None,
    }
}

/// The `/commands` in a text, as a client marks them.
fn commands(text: &str) -> Vec<Entity> {
    let mut found = Vec::new();
    let mut offset = 0_usize;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let name = bare.strip_prefix('/').unwrap_or_default();
        let length = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '@')).unwrap_or(name.len());
        if length > 0 {
            let length = length.saturating_add(1);
            found.push(Entity { kind: "bot_command".to_owned(), offset, length, detail: None });
        }
        offset = offset.saturating_add(word.encode_utf16().count());
    }
    found
}

/// In a group, `/buy@otherbot` is for another bot.
fn is_for_bot(text: &str, entity: &Entity) -> bool {
    let units: Vec<u16> = text.encode_utf16().skip(entity.offset).take(entity.length).collect();
    let command = String::from_utf16_lossy(&units);
    command.split_once('@').is_none_or(|(_, name)| name.eq_ignore_ascii_case(BOT_NAME))
}
