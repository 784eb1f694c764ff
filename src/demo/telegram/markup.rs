//! Inline keyboards, and what may be on a button.

use serde_json::Value;

use super::Refused;

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sends this back to the bot.
    Callback(String),
    /// Opens an address.
    Url(String),
    /// Copies this text.
    Copy(String),
    /// Anything else, by the name of its field.
    Other(String),
}

/// One button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What is written on it.
    pub label: String,
    /// What it does.
    pub action: Action,
}

/// The fields of which a button has exactly one.
const ACTIONS: [&str; 11] = [
    "callback_data",
    "url",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
    "disabled",
];
/// The most buttons under one message.
const BUTTONS_MAX: usize = 100;

/// Reads `reply_markup`. Reply keyboards are let through as no buttons at all.
pub(super) fn buttons(markup: &Value, private: bool) -> Result<Vec<Vec<Button>>, Refused> {
    let object = markup.as_object().ok_or_else(|| Refused::bad("object expected as reply markup"))?;
    if ["keyboard", "remove_keyboard", "force_reply"].iter().any(|name| object.contains_key(*name)) {
        return Ok(Vec::new());
    }
    let Some(rows) = object.get("inline_keyboard") else { return Ok(Vec::new()) };
    let rows = rows.as_array().ok_or_else(|| Refused::bad("field \"inline_keyboard\" must be of type Array"))?;
    let mut keyboard = Vec::new();
    for row in rows {
        let row = row.as_array().ok_or_else(|| Refused::bad("field \"inline_keyboard\" must be an Array of Arrays"))?;
        let row: Vec<Button> = row.iter().map(|one| button(one, private)).collect::<Result<_, _>>()?;
        if !row.is_empty() {
            keyboard.push(row);
        }
    }
    if keyboard.iter().map(Vec::len).sum::<usize>() > BUTTONS_MAX {
        return Err(Refused::bad("reply markup is too long"));
    }
    Ok(keyboard)
}

fn button(value: &Value, private: bool) -> Result<Button, Refused> {
    let unreadable = |why: &str| Refused::bad(&format!("can't parse inline keyboard button: {why}"));
    let fields = value.as_object().ok_or_else(|| unreadable("InlineKeyboardButton must be an Object"))?;
    let label = fields.get("text").and_then(Value::as_str).unwrap_or_default();
    if label.trim().is_empty() {
        return Err(unreadable("field \"text\" must be non-empty"));
    }
    let set = |name: &&str| fields.get(*name).is_some_and(|value| !value.is_null());
    let mut present = ACTIONS.into_iter().filter(set);
    let (Some(name), None) = (present.next(), present.next()) else {
        return Err(unreadable("exactly one action must be specified"));
    };
    let text = fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let action = match name {
        "callback_data" => {
            if !(1..=64).contains(&text.len()) {
                return Err(Refused::bad("BUTTON_DATA_INVALID"));
            }
            Action::Callback(text)
        }
        "url" => {
            let known = ["http://", "https://", "tg://", "ton://"].iter().any(|scheme| text.starts_with(scheme));
            if !known && !text.contains('.') || text.contains(char::is_whitespace) {
                return Err(Refused::bad("BUTTON_URL_INVALID"));
            }
            Action::Url(text)
        }
        "copy_text" => {
            let text = value.pointer("/copy_text/text").and_then(Value::as_str).unwrap_or_default();
            if !(1..=256).contains(&text.chars().count()) {
                return Err(Refused::bad("BUTTON_COPY_TEXT_INVALID"));
            }
            Action::Copy(text.to_owned())
        }
        "web_app" | "pay" if !private || name == "pay" => return Err(Refused::bad("BUTTON_TYPE_INVALID")),
        other => Action::Other(other.to_owned()),
    };
    Ok(Button { label: label.to_owned(), action })
}
