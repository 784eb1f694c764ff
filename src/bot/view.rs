//! What a person sees: a text in HTML with buttons under it, and how it is sent or edited.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use teloxide::payloads::{
    AnswerCallbackQuerySetters, EditMessageCaptionSetters, EditMessageTextSetters, SendChatActionSetters,
    SendMessageSetters,
};
use teloxide::requests::Requester;
use teloxide::types::{
    CallbackQueryId, ChatAction, ChatId, CopyTextButton, InlineKeyboardButton, InlineKeyboardButtonKind,
    InlineKeyboardMarkup, LinkPreviewOptions, MessageId, ParseMode, ThreadId,
};

use crate::bot::Clerk;
use crate::bot::data::Data;
use crate::id::TelegramId;
use crate::order::Screen;
use crate::telegram::Sent;
use crate::telegram::failure::SendFailure;
use crate::telegram::outbox::Priority;

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Comes back as a press.
    Press(Data),
    /// Opens an address.
    Open(String),
    /// Copies a text of at most 256 characters.
    Copy(String),
    /// Opens inline search in this chat.
    Search,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What stands on it.
    pub label: String,
    /// What it does.
    pub action: Action,
}

impl Button {
    /// A button that comes back as a press.
    pub const fn press(label: String, data: Data) -> Self {
        Self { label, action: Action::Press(data) }
    }
}

/// A text with buttons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The text, HTML.
    pub html: String,
    /// The buttons, by rows.
    pub rows: Vec<Vec<Button>>,
}

impl View {
    /// A text without buttons.
    pub const fn text(html: String) -> Self {
        Self { html, rows: Vec::new() }
    }

    /// The same with a row of buttons more.
    #[must_use]
    pub fn row(mut self, row: Vec<Button>) -> Self {
        if !row.is_empty() {
            self.rows.push(row);
        }
        self
    }

    /// The buttons as Telegram wants them.
    pub fn keyboard(&self) -> InlineKeyboardMarkup {
        InlineKeyboardMarkup::new(self.rows.iter().map(|row| row.iter().filter_map(button).collect::<Vec<_>>()))
    }
}

fn button(button: &Button) -> Option<InlineKeyboardButton> {
    let kind = match &button.action {
        Action::Press(data) => InlineKeyboardButtonKind::CallbackData(data.to_string()),
        Action::Open(url) => InlineKeyboardButtonKind::Url(url.parse().ok()?),
        Action::Copy(text) => InlineKeyboardButtonKind::CopyText(CopyTextButton { text: text.clone() }),
        Action::Search => InlineKeyboardButtonKind::SwitchInlineQueryCurrentChat(String::new()),
    };
    Some(InlineKeyboardButton::new(button.label.clone(), kind))
}

const NO_PREVIEW: LinkPreviewOptions = LinkPreviewOptions {
    is_disabled: true,
    url: None,
    prefer_small_media: false,
    prefer_large_media: false,
    show_above_text: false,
};

/// Message ids are 32-bit at Telegram; one that is not names no message.
pub(super) fn message_id(message: i64) -> MessageId {
    MessageId(i32::try_from(message).unwrap_or(0))
}

impl Clerk {
    /// Sends a view as a new message and gives its id.
    ///
    /// # Errors
    /// [`SendFailure`].
    pub async fn post(
        &self,
        priority: Priority,
        chat: TelegramId,
        thread: Option<ThreadId>,
        view: &View,
    ) -> Result<i64, SendFailure> {
        let mut request = self
            .telegram
            .bot()
            .send_message(ChatId(chat.0), view.html.as_str())
            .parse_mode(ParseMode::Html)
            .link_preview_options(NO_PREVIEW);
        if !view.rows.is_empty() {
            request = request.reply_markup(view.keyboard());
        }
        if let Some(thread) = thread {
            request = request.message_thread_id(thread);
        }
        let sent: Sent = self.outbox.send(priority, chat.0, || self.telegram.send_as(&request)).await?;
        Ok(i64::from(sent.message_id))
    }

    /// Puts a view in place of a message's text. A message that looks like that already is fine.
    ///
    /// # Errors
    /// [`SendFailure`].
    pub async fn edit(&self, chat: TelegramId, message: i64, view: &View) -> Result<(), SendFailure> {
        let request = self
            .telegram
            .bot()
            .edit_message_text(ChatId(chat.0), message_id(message), view.html.as_str())
            .parse_mode(ParseMode::Html)
            .link_preview_options(NO_PREVIEW)
            .reply_markup(view.keyboard());
        let edited: Result<Sent, _> = self.outbox.edit(chat.0, message, || self.telegram.send_as(&request)).await;
        shown(edited)
    }

    /// Shows an order in its screen, unless something newer about it is shown there already: the handler of the
    /// press and the workers show the same order side by side, and a quick sale is over before the press is.
    ///
    /// # Errors
    /// [`SendFailure`].
    pub async fn edit_screen(&self, screen: Screen, version: i64, view: &View) -> Result<(), SendFailure> {
        let Some(message) = screen.message else { return Ok(()) };
        let place = (screen.chat.0, message);
        self.shown.enter(place, version);
        let bot = self.telegram.bot();
        let (chat, id) = (ChatId(screen.chat.0), message_id(message));
        let newest = || if self.shown.is_newest(place, version) { Ok(()) } else { Err(SendFailure::Superseded) };
        let edited: Result<Sent, _> = if screen.picture {
            let request = bot.edit_message_caption(chat, id).caption(view.html.as_str());
            let request = request.parse_mode(ParseMode::Html).reply_markup(view.keyboard());
            let call = || async {
                newest()?;
                self.telegram.send_as(&request).await
            };
            self.outbox.edit(screen.chat.0, message, call).await
        } else {
            let request = bot.edit_message_text(chat, id, view.html.as_str()).parse_mode(ParseMode::Html);
            let request = request.link_preview_options(NO_PREVIEW).reply_markup(view.keyboard());
            let call = || async {
                newest()?;
                self.telegram.send_as(&request).await
            };
            self.outbox.edit(screen.chat.0, message, call).await
        };
        shown(edited)
    }

    /// Shows at once that something is being done. Nothing depends on it.
    pub async fn typing(&self, chat: TelegramId, thread: Option<ThreadId>) {
        let mut request = self.telegram.bot().send_chat_action(ChatId(chat.0), ChatAction::Typing);
        if let Some(thread) = thread {
            request = request.message_thread_id(thread);
        }
        let _ = self.outbox.send(Priority::Reply, chat.0, || self.telegram.send_as::<bool, _>(&request)).await;
    }

    /// Ends a press, with a short text if there is something to say.
    pub async fn end_press(&self, query: &CallbackQueryId, toast: Option<&str>, alert: bool) {
        let mut request = self.telegram.bot().answer_callback_query(query.clone());
        if let Some(toast) = toast {
            request = request.text(toast.chars().take(200).collect::<String>()).show_alert(alert);
        }
        // A press that is too old to be answered was answered by what it did.
        let _ = self.outbox.answer(PRESS_LIFE, || self.telegram.send_as::<bool, _>(&request)).await;
    }
}

/// Which version of an order each screen shows, by chat and message.
#[derive(Debug, Default)]
pub struct Shown(Mutex<HashMap<(i64, i64), i64>>);

impl Shown {
    /// The most screens remembered; beyond it the memory starts afresh.
    const SCREENS_MAX: usize = 20_000;

    fn enter(&self, place: (i64, i64), version: i64) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.len() >= Self::SCREENS_MAX {
            shown.clear();
        }
        let newest = shown.entry(place).or_insert(version);
        *newest = version.max(*newest);
    }

    fn is_newest(&self, place: (i64, i64), version: i64) -> bool {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.get(&place).is_none_or(|newest| *newest <= version)
    }
}

/// How long a press waits for its answer.
const PRESS_LIFE: std::time::Duration = std::time::Duration::from_secs(15);

fn shown(edited: Result<Sent, SendFailure>) -> Result<(), SendFailure> {
    match edited {
        // A newer edit shows something newer; an unreadable answer was an acceptance.
        Ok(_) | Err(SendFailure::NotModified | SendFailure::Superseded | SendFailure::Unreadable) => Ok(()),
        Err(failure) => Err(failure),
    }
}
