//! Reading an update: a cheap glance for the inbox, and the full types for the handlers.

use serde::Deserialize;
use serde_json::Value;
use teloxide::types::{Update, UpdateId, UpdateKind};

/// What the shop listens to. Asked for by name, because Telegram keeps the last list it was given.
pub const ALLOWED_UPDATES: [&str; 6] =
    ["message", "callback_query", "inline_query", "chosen_inline_result", "pre_checkout_query", "my_chat_member"];

/// Parts of a message the shop never reads. One unknown entity or button in them would make the
/// library drop the whole text.
const TROUBLE: [&str; 4] = ["entities", "caption_entities", "reply_markup", "text_entities"];

/// What happened, as far as the inbox cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody wrote.
    Message,
    /// Somebody pressed a button.
    Callback,
    /// Somebody types `@bot …`.
    Inline,
    /// Somebody sent one of our inline results.
    Chosen,
    /// Telegram asks whether a payment may go on; it waits ten seconds.
    Checkout,
    /// Somebody blocked, unblocked, added or removed the bot.
    Membership,
}

impl Kind {
    /// A constant word for metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Callback => "callback_query",
            Self::Inline => "inline_query",
            Self::Chosen => "chosen_inline_result",
            Self::Checkout => "pre_checkout_query",
            Self::Membership => "my_chat_member",
        }
    }
}

/// An update at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peek {
    /// Telegram's number for it.
    pub update_id: i64,
    /// What happened and who did it (the chat, if nobody is named); `None` for what the shop does not
    /// know.
    pub what: Option<(Kind, i64)>,
    /// When it happened, in Unix seconds, if it says so.
    pub date: Option<i64>,
}

#[derive(Deserialize)]
struct Glance {
    update_id: i64,
    message: Option<Who>,
    callback_query: Option<Who>,
    inline_query: Option<Who>,
    chosen_inline_result: Option<Who>,
    pre_checkout_query: Option<Who>,
    my_chat_member: Option<Who>,
}

#[derive(Deserialize)]
struct Who {
    from: Option<Id>,
    chat: Option<Id>,
    date: Option<i64>,
}

#[derive(Deserialize)]
struct Id {
    id: i64,
}

/// Reads the number, kind and sender of an update, and nothing else. `None` if it is no update.
pub fn peek(raw: &str) -> Option<Peek> {
    let glance: Glance = serde_json::from_str(raw).ok()?;
    let parts = [
        (Kind::Message, glance.message),
        (Kind::Callback, glance.callback_query),
        (Kind::Inline, glance.inline_query),
        (Kind::Chosen, glance.chosen_inline_result),
        (Kind::Checkout, glance.pre_checkout_query),
        (Kind::Membership, glance.my_chat_member),
    ];
    let found = parts.into_iter().find_map(|(kind, who)| Some((kind, who?)));
    let date = found.as_ref().and_then(|(_, who)| who.date);
    let what = found.and_then(|(kind, who)| Some((kind, who.from.or(who.chat)?.id)));
    Some(Peek { update_id: glance.update_id, what, date })
}

/// Reads an update in full, without the parts that newer versions of Telegram fill with things the
/// library does not know. `None` if it still cannot be read.
///
/// Handlers therefore see no entities and no keyboards of incoming messages.
pub fn parse(raw: &str) -> Option<Update> {
    let Value::Object(mut whole) = serde_json::from_str(raw).ok()? else { return None };
    let id = UpdateId(u32::try_from(whole.get("update_id")?.as_u64()?).ok()?);
    // Read by its name: the library would look at the first field only, which may be a new one.
    let (name, mut content) = ALLOWED_UPDATES.iter().find_map(|name| whole.remove_entry(*name))?;
    strip(&mut content);
    let kind = match name.as_str() {
        "message" => UpdateKind::Message(serde_json::from_value(content).ok()?),
        "callback_query" => UpdateKind::CallbackQuery(serde_json::from_value(content).ok()?),
        "inline_query" => UpdateKind::InlineQuery(serde_json::from_value(content).ok()?),
        "chosen_inline_result" => UpdateKind::ChosenInlineResult(serde_json::from_value(content).ok()?),
        "pre_checkout_query" => UpdateKind::PreCheckoutQuery(serde_json::from_value(content).ok()?),
        "my_chat_member" => UpdateKind::MyChatMember(serde_json::from_value(content).ok()?),
        _ => return None,
    };
    Some(Update { id, kind })
}

/// Removes [`TROUBLE`] at every depth. Depth is bounded by the JSON reader's own limit.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for name in TROUBLE {
                map.remove(name);
            }
            map.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message() -> Value {
        json!({
            "message_id": 5, "date": 1_700_000_000,
            "from": {"id": 42, "is_bot": false, "first_name": "A"},
            "chat": {"id": 42, "type": "private", "first_name": "A"},
            "text": "/buy 12"
        })
    }

    #[test]
    fn a_glance_finds_who_and_what() {
        let raw = json!({"update_id": 7, "message": message()}).to_string();
        let expected = Peek { update_id: 7, what: Some((Kind::Message, 42)), date: Some(1_700_000_000) };
        assert_eq!(peek(&raw), Some(expected));
        let anonymous = json!({"update_id": 8, "message": {"chat": {"id": -100}}}).to_string();
        assert_eq!(peek(&anonymous).unwrap().what, Some((Kind::Message, -100)));
        let unknown = json!({"update_id": 9, "something_new": {"from": {"id": 1}}}).to_string();
        assert_eq!(peek(&unknown), Some(Peek { update_id: 9, what: None, date: None }));
        for bad in ["", "[]", "{}", "{\"update_id\":\"x\"}", "null"] {
            assert_eq!(peek(bad), None, "{bad}");
        }
    }

    #[test]
    fn unknown_entities_do_not_hide_the_text() {
        let mut inner = message();
        inner["entities"] = json!([{"type": "date_time", "offset": 0, "length": 4, "unix_time": 1}]);
        inner["reply_to_message"] = message();
        inner["reply_to_message"]["entities"] = json!([{"type": "hologram", "offset": 0, "length": 1}]);
        let update = parse(&json!({"update_id": 7, "message": inner, "a_new_field": 1}).to_string()).unwrap();
        assert_eq!(update.id.0, 7);
        let UpdateKind::Message(message) = update.kind else { panic!("not a message") };
        assert_eq!(message.text(), Some("/buy 12"));
        assert_eq!(message.reply_to_message().unwrap().text(), Some("/buy 12"));
    }

    #[test]
    fn disabled_buttons_do_not_hide_the_press() {
        let mut card = message();
        card["reply_markup"] = json!({"inline_keyboard": [[
            {"text": "Sold out", "disabled": {}}, {"text": "Pay", "callback_data": "x", "style": "success"}
        ]]});
        let raw = json!({"update_id": 8, "callback_query": {
            "id": "1", "from": {"id": 42, "is_bot": false, "first_name": "A"}, "message": card,
            "chat_instance": "c", "data": "pay:1"
        }});
        let update = parse(&raw.to_string()).unwrap();
        let UpdateKind::CallbackQuery(press) = update.kind else { panic!("not a press") };
        assert_eq!(press.data.as_deref(), Some("pay:1"));
        assert_eq!(press.regular_message().unwrap().text(), Some("/buy 12"));
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        for bad in ["", "[]", "{\"update_id\":1}", "{\"update_id\":1,\"message\":{}}", "{\"message\":{}}"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
