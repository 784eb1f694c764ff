//! What a bot says about itself: name, commands, descriptions, menu button.

use serde_json::{Value, json};

use super::params::Params;
use super::state::State;
use super::{Inner, Refused, Reply};
use crate::demo::faults::lock;

/// "At most 100 commands can be specified" (setMyCommands).
const COMMANDS_MAX: usize = 100;

pub(super) fn me(state: &State) -> Value {
    let mut me = state.bot_json();
    if let Some(fields) = me.as_object_mut() {
        let facts = [
            ("can_join_groups", true),
            ("can_read_all_group_messages", false),
            ("supports_inline_queries", true),
            ("can_connect_to_business", false),
            ("has_main_web_app", false),
        ];
        fields.extend(facts.map(|(name, value)| (name.to_owned(), json!(value))));
    }
    me
}

/// Under which name a list of commands is kept.
pub(super) fn commands_key(scope: &Value, language: &str) -> String {
    let part = |name: &str| scope.get(name).map(ToString::to_string).unwrap_or_default();
    format!("commands {} {} {} {language}", part("type"), part("chat_id"), part("user_id"))
}

impl Inner {
    /// The scope and language of a call about commands, checked.
    fn commands_place(&self, params: &Params) -> Result<String, Refused> {
        let scope = params.structure("scope")?.unwrap_or_else(|| json!({"type": "default"}));
        let kind = scope.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "default" | "all_private_chats" | "all_group_chats" | "all_chat_administrators" => {}
            "chat" | "chat_administrators" | "chat_member" => {
                let chat =
                    scope.get("chat_id").and_then(Value::as_i64).ok_or_else(|| Refused::bad("chat_id is empty"))?;
                let state = lock(&self.state);
                if !state.chats.contains_key(&chat) && !state.users.get(&chat).is_some_and(|user| user.started) {
                    return Err(Refused::bad("chat not found"));
                }
            }
            _ => return Err(Refused::bad("can't parse BotCommandScope: unsupported type specified")),
        }
        Ok(commands_key(&scope, &language(params)?))
    }

    pub(super) fn set_commands(&self, params: &Params) -> Reply {
        let commands =
            params.structure("commands")?.ok_or_else(|| Refused::bad("can't parse commands: expected an Array"))?;
        let list = commands.as_array().ok_or_else(|| Refused::bad("can't parse commands: expected an Array"))?;
        if list.len() > COMMANDS_MAX {
            return Err(Refused::bad("BOT_COMMANDS_TOO_MUCH"));
        }
        for command in list {
            let field = |name: &str| command.get(name).and_then(Value::as_str).unwrap_or_default();
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let name = field("command");
            if !(1..=32).contains(&name.len()) || !name.chars().all(plain) {
                return Err(Refused::bad("BOT_COMMAND_INVALID"));
            }
            if !(1..=256).contains(&field("description").chars().count()) {
                return Err(Refused::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
            }
        }
        let place = self.commands_place(params)?;
        lock(&self.state).profile.insert(place, commands);
        Ok(json!(true))
    }

    pub(super) fn delete_commands(&self, params: &Params) -> Reply {
        let place = self.commands_place(params)?;
        lock(&self.state).profile.remove(&place);
        Ok(json!(true))
    }

    pub(super) fn get_commands(&self, params: &Params) -> Reply {
        let place = self.commands_place(params)?;
        Ok(lock(&self.state).profile.get(&place).cloned().unwrap_or_else(|| json!([])))
    }

    pub(super) fn set_description(&self, params: &Params, name: &str, length_max: usize) -> Reply {
        let text = params.text(name).unwrap_or_default();
        if text.chars().count() > length_max {
            return Err(Refused::bad(&format!("{name} is too long")));
        }
        let place = format!("{name} {}", language(params)?);
        lock(&self.state).profile.insert(place, json!(text));
        Ok(json!(true))
    }

    pub(super) fn set_menu_button(&self, params: &Params) -> Reply {
        let button = params.structure("menu_button")?.unwrap_or_else(|| json!({"type": "default"}));
        let kind = button.get("type").and_then(Value::as_str).unwrap_or_default();
        if !["commands", "web_app", "default"].contains(&kind) {
            return Err(Refused::bad("can't parse menu button: MenuButton has unsupported type"));
        }
        if let Some(chat) = params.integer("chat_id") {
            lock(&self.state).writable(chat)?;
        }
        Ok(json!(true))
    }
}

/// "A two-letter ISO 639-1 language code", or none.
fn language(params: &Params) -> Result<String, Refused> {
    let code = params.text("language_code").unwrap_or_default();
    let two = code.len() == 2 && code.chars().all(|c| c.is_ascii_lowercase());
    if code.is_empty() || two { Ok(code) } else { Err(Refused::bad("invalid language code specified")) }
}
