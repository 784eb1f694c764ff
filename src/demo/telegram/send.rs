//! Sending, editing and deleting messages.

use std::sync::Arc;

use serde_json::{Value, json};

use super::html::{self, Formatted};
use super::markup::{self, Button};
use super::params::{File, Params};
use super::state::{Seen, State};
use super::{Event, Inner, Refused, Reply};
use crate::demo::faults::lock;

/// "Text of the message to be sent, 1-4096 characters after entities parsing".
pub(super) const TEXT_MAX: usize = 4096;
/// "0-1024 characters after entities parsing".
const CAPTION_MAX: usize = 1024;
/// A picture may have 10 MB, and width and height together 10,000.
const PHOTO_MAX: usize = 10 * 1024 * 1024;
/// A file may have 50 MB.
const DOCUMENT_MAX: usize = 50 * 1024 * 1024;

/// What an edit changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    Text,
    Caption,
    Markup,
}

/// Reads a text in its parse mode, within its limit.
pub(super) fn formatted(text: &str, parse_mode: Option<&str>, caption: bool) -> Result<Formatted, Refused> {
    let read = match parse_mode {
        None | Some("") => Formatted::plain(text),
        Some(mode) if mode.eq_ignore_ascii_case("html") => {
            html::parse(text).map_err(|why| Refused::bad(&format!("can't parse entities: {why}")))?
        }
        Some(_) => return Err(Refused::bad("unsupported parse_mode")),
    };
    let units = read.units();
    match caption {
        false if units == 0 => Err(Refused::bad("message text is empty")),
        false if units > TEXT_MAX => Err(Refused::bad("message is too long")),
        true if units > CAPTION_MAX => Err(Refused::bad("message caption is too long")),
        _ => Ok(read),
    }
}

/// Width and height of a PNG; a JPEG is taken as it is.
pub(super) fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Some((640, 480));
    }
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(8..16)?;
    let number = |part: Option<&[u8]>| Some(u32::from_be_bytes(part?.try_into().ok()?));
    Some((number(header.get(..4))?, number(header.get(4..))?))
}

fn markup_of(params: &Params, chat: i64) -> Result<(Option<Value>, Vec<Vec<Button>>), Refused> {
    let Some(markup) = params.structure("reply_markup")? else { return Ok((None, Vec::new())) };
    let buttons = markup::buttons(&markup, chat > 0)?;
    Ok(((!buttons.is_empty()).then_some(markup), buttons))
}

impl Inner {
    /// A message of the bot with everything but its content.
    fn draft(&self, state: &State, params: &Params) -> Result<Seen, Refused> {
        if params.text("chat_id").is_none_or(|chat| chat.is_empty()) {
            return Err(Refused::bad("chat_id is empty"));
        }
        let chat = params.integer("chat_id").ok_or_else(|| Refused::bad("chat not found"))?;
        state.writable(chat)?;
        let reply = params.structure("reply_parameters")?;
        let target = reply.as_ref().and_then(|reply| reply.get("message_id")).and_then(Value::as_i64);
        let optional =
            reply.as_ref().and_then(|reply| reply.get("allow_sending_without_reply")).and_then(Value::as_bool);
        let reply_to = target.filter(|id| state.message(chat, *id).is_some());
        if target.is_some() && reply_to.is_none() && optional != Some(true) {
            return Err(Refused::bad("message to be replied not found"));
        }
        let (markup, buttons) = markup_of(params, chat)?;
        Ok(Seen {
            id: 0,
            chat,
            from: state.bot,
            by_bot: true,
            via_bot: false,
            text: String::new(),
            formatted: Formatted::default(),
            source: String::new(),
            buttons,
            photo: None,
            document: None,
            protect_content: params.flag("protect_content"),
            reply_to,
            date: self.world.now().seconds(),
            edits: 0,
            markup,
        })
    }

    fn posted(&self, state: &mut State, seen: Seen) -> Value {
        let seen = state.post(seen);
        let shown = state.message_json(&seen, true);
        self.tell(|| Event::Sent(seen));
        shown
    }

    pub(super) fn send_message(&self, params: &Params) -> Reply {
        let mut state = lock(&self.state);
        let mut seen = self.draft(&state, params)?;
        seen.source = params.text("text").unwrap_or_default();
        seen.formatted = formatted(&seen.source, params.text("parse_mode").as_deref(), false)?;
        seen.text.clone_from(&seen.formatted.text);
        Ok(self.posted(&mut state, seen))
    }

    fn captioned(seen: &mut Seen, params: &Params) -> Result<(), Refused> {
        seen.source = params.text("caption").unwrap_or_default();
        seen.formatted = formatted(&seen.source, params.text("parse_mode").as_deref(), true)?;
        seen.text.clone_from(&seen.formatted.text);
        Ok(())
    }

    pub(super) fn send_photo(&self, params: &Params) -> Reply {
        let mut state = lock(&self.state);
        let mut seen = self.draft(&state, params)?;
        let file = upload(&state, params, "photo")?;
        if file.bytes.len() > PHOTO_MAX {
            return Err(Refused::new(413, "Request Entity Too Large"));
        }
        let (width, height) = dimensions(&file.bytes).ok_or_else(|| Refused::bad("IMAGE_PROCESS_FAILED"))?;
        if width == 0 || height == 0 || width.saturating_add(height) > 10_000 {
            return Err(Refused::bad("PHOTO_INVALID_DIMENSIONS"));
        }
        seen.photo = Some(file);
        Self::captioned(&mut seen, params)?;
        Ok(self.posted(&mut state, seen))
    }

    pub(super) fn send_document(&self, params: &Params) -> Reply {
        let mut state = lock(&self.state);
        let mut seen = self.draft(&state, params)?;
        let file = upload(&state, params, "document")?;
        if file.bytes.len() > DOCUMENT_MAX {
            return Err(Refused::new(413, "Request Entity Too Large"));
        }
        seen.document = Some(file);
        Self::captioned(&mut seen, params)?;
        Ok(self.posted(&mut state, seen))
    }

    pub(super) fn send_chat_action(&self, params: &Params) -> Reply {
        const ACTIONS: [&str; 11] = [
            "typing",
            "upload_photo",
            "record_video",
            "upload_video",
            "record_voice",
            "upload_voice",
            "upload_document",
            "choose_sticker",
            "find_location",
            "record_video_note",
            "upload_video_note",
        ];
        let chat = params.integer("chat_id").ok_or_else(|| Refused::bad("chat_id is empty"))?;
        lock(&self.state).writable(chat)?;
        let action = params.text("action").unwrap_or_default();
        if !ACTIONS.contains(&action.as_str()) {
            return Err(Refused::bad("wrong parameter action in request"));
        }
        self.tell(|| Event::Busy { chat, action });
        Ok(json!(true))
    }

    pub(super) fn edit(&self, params: &Params, what: Edit) -> Reply {
        let mut state = lock(&self.state);
        let inline = params.text("inline_message_id");
        let (chat, id) = target(params, inline.as_deref())?;
        if inline.is_none() {
            state.writable(chat)?;
        }
        let old = state.message(chat, id).ok_or_else(|| Refused::bad("message to edit not found"))?;
        if inline.is_none() && !old.by_bot {
            return Err(Refused::bad("message can't be edited"));
        }
        let mut new = Seen::clone(old);
        (new.markup, new.buttons) = markup_of(params, chat)?;
        let mode = params.text("parse_mode");
        let media = old.photo.is_some() || old.document.is_some();
        match what {
            Edit::Text if media => return Err(Refused::bad("there is no text in the message to edit")),
            Edit::Caption if !media => return Err(Refused::bad("there is no caption in the message to edit")),
            Edit::Text | Edit::Caption => {
                let field = if what == Edit::Text { "text" } else { "caption" };
                new.source = params.text(field).unwrap_or_default();
                new.formatted = formatted(&new.source, mode.as_deref(), what == Edit::Caption)?;
                new.text.clone_from(&new.formatted.text);
            }
            Edit::Markup => {}
        }
        if new.formatted == old.formatted && new.markup == old.markup {
            let why = "message is not modified: specified new message content and reply markup are exactly the same \
                       as a current content and reply markup of the message";
            return Err(Refused::bad(why));
        }
        new.edits = new.edits.saturating_add(1);
        let new = Arc::new(new);
        state.replace(Arc::clone(&new));
        let shown = if inline.is_some() { json!(true) } else { state.message_json(&new, true) };
        self.tell(|| Event::Edited(new));
        Ok(shown)
    }

    pub(super) fn delete_message(&self, params: &Params) -> Reply {
        let (chat, message) = target(params, None)?;
        let mut state = lock(&self.state);
        if !state.chats.contains_key(&chat) {
            return Err(Refused::bad("chat not found"));
        }
        if !state.remove(chat, message) {
            return Err(Refused::bad("message to delete not found"));
        }
        self.tell(|| Event::Deleted { chat, message });
        Ok(json!(true))
    }

    pub(super) fn delete_messages(&self, params: &Params) -> Reply {
        let chat = params.integer("chat_id").ok_or_else(|| Refused::bad("chat_id is empty"))?;
        let ids = params.structure("message_ids")?.unwrap_or_default();
        let ids: Vec<i64> = ids.as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
        if !(1..=100).contains(&ids.len()) {
            return Err(Refused::bad("message identifiers are not specified, or too many"));
        }
        let mut state = lock(&self.state);
        if !state.chats.contains_key(&chat) {
            return Err(Refused::bad("chat not found"));
        }
        // "If some of the specified messages can't be found, they are skipped."
        for message in ids {
            if state.remove(chat, message) {
                self.tell(|| Event::Deleted { chat, message });
            }
        }
        Ok(json!(true))
    }
}

/// Which message a call is about.
fn target(params: &Params, inline: Option<&str>) -> Result<(i64, i64), Refused> {
    if let Some(inline) = inline {
        let parts = inline.strip_prefix("inline-").and_then(|rest| rest.split_once('.'));
        let pair = parts.and_then(|(chat, id)| Some((chat.parse().ok()?, id.parse().ok()?)));
        return pair.ok_or_else(|| Refused::bad("MESSAGE_ID_INVALID"));
    }
    let chat = params.integer("chat_id").ok_or_else(|| Refused::bad("chat_id is empty"))?;
    let id = params.integer("message_id").ok_or_else(|| Refused::bad("message identifier is not specified"))?;
    Ok((chat, id))
}

/// A file sent now, or one sent before and named by its id.
fn upload(state: &State, params: &Params, name: &str) -> Result<File, Refused> {
    let file = match params.file(name)? {
        Ok(file) => file,
        Err(id) => {
            let parts =
                id.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')).and_then(|rest| rest.split_once('.'));
            let known = parts.and_then(|(chat, id)| state.message(chat.parse().ok()?, id.parse().ok()?));
            let file = known.and_then(|seen| if name == "photo" { seen.photo.clone() } else { seen.document.clone() });
            file.ok_or_else(|| Refused::bad("wrong file identifier/HTTP URL specified"))?
        }
    };
    if file.bytes.is_empty() { Err(Refused::bad("file must be non-empty")) } else { Ok(file) }
}
