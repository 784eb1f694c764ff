//! Answers to presses, inline queries and checkouts.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::params::Params;
use super::people::{InlineAnswer, InlineResult, Toast};
use super::state::{Query, QueryKind};
use super::{Event, Inner, Refused, Reply, markup, send};
use crate::demo::faults::lock;

/// How long a query may be answered: the lifetimes in the server's queue, and 10 seconds for a checkout.
const fn lifetime(kind: QueryKind) -> Duration {
    match kind {
        QueryKind::Callback => Duration::from_secs(150),
        QueryKind::Inline => Duration::from_secs(30),
        QueryKind::Checkout => Duration::from_secs(10),
    }
}

impl Inner {
    /// Takes an open query, so that it is answered once.
    fn take(&self, params: &Params, name: &str, kind: QueryKind) -> Result<Query, Refused> {
        let id = params.text(name).unwrap_or_default();
        let mut state = lock(&self.state);
        let young = |query: &Query| query.kind == kind && self.world.now().since(query.born) < lifetime(kind);
        let open = state.queries.get(&id).is_some_and(young);
        let query = if open { state.queries.remove(&id) } else { None };
        query.ok_or_else(|| Refused::bad("query is too old and response timeout expired or query ID is invalid"))
    }

    pub(super) fn answer_callback(&self, params: &Params) -> Reply {
        let text = params.text("text").unwrap_or_default();
        if text.chars().count() > 200 {
            return Err(Refused::bad("MESSAGE_TOO_LONG"));
        }
        let query = self.take(params, "callback_query_id", QueryKind::Callback)?;
        let toast = Toast { text, alert: params.flag("show_alert"), url: params.text("url") };
        // A person who no longer looks is no error.
        let _ = query.answer.send(toast.json());
        self.tell(|| Event::Toasted { user: query.user, toast });
        Ok(json!(true))
    }

    pub(super) fn answer_inline(&self, params: &Params) -> Reply {
        let results =
            params.structure("results")?.ok_or_else(|| Refused::bad("can't parse inline query results JSON object"))?;
        let list = results.as_array().ok_or_else(|| Refused::bad("expected an Array of inline query results"))?;
        if list.len() > 50 {
            return Err(Refused::bad("RESULTS_TOO_MUCH"));
        }
        let mut ids = HashSet::new();
        for result in list {
            let result = inline_result(result)?;
            if !ids.insert(result.id.clone()) {
                return Err(Refused::bad("RESULT_ID_DUPLICATE"));
            }
        }
        if params.text("next_offset").is_some_and(|offset| offset.len() > 64) {
            return Err(Refused::bad("NEXT_OFFSET_INVALID"));
        }
        if params.fields.contains_key("cache_time")
            && !params.integer("cache_time").is_some_and(|seconds| (0..=86_400).contains(&seconds))
        {
            return Err(Refused::bad("cache_time is invalid"));
        }
        let query = self.take(params, "inline_query_id", QueryKind::Inline)?;
        let answer = json!({
            "results": results, "cache_time": params.integer("cache_time").unwrap_or(300),
            "is_personal": params.flag("is_personal"), "next_offset": params.text("next_offset").unwrap_or_default(),
            "button": params.structure("button")?,
        });
        let titles = || InlineAnswer::read(&answer).results.into_iter().map(|result| result.title).collect();
        self.tell(|| Event::Offered { user: query.user, titles: titles() });
        let _ = query.answer.send(answer);
        Ok(json!(true))
    }

    pub(super) fn answer_checkout(&self, params: &Params) -> Reply {
        let ok = params.flag("ok");
        let message = params.text("error_message");
        if !ok && message.as_ref().is_none_or(String::is_empty) {
            return Err(Refused::bad("error message is not specified"));
        }
        let query = self.take(params, "pre_checkout_query_id", QueryKind::Checkout)?;
        let _ = query.answer.send(json!({"ok": ok, "error_message": message}));
        Ok(json!(true))
    }
}

/// One inline result, checked. Only articles with a text are understood: the shop offers nothing else.
pub(super) fn inline_result(value: &Value) -> Result<InlineResult, Refused> {
    let field = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    if field("type") != "article" {
        return Err(Refused::bad("can't parse inline query result: unsupported type"));
    }
    if !(1..=64).contains(&field("id").len()) {
        return Err(Refused::bad("RESULT_ID_INVALID"));
    }
    if field("title").is_empty() {
        return Err(Refused::bad("can't parse inline query result: field \"title\" must be non-empty"));
    }
    let content =
        value.get("input_message_content").ok_or_else(|| Refused::bad("input message content is not specified"))?;
    let source = content.get("message_text").and_then(Value::as_str).unwrap_or_default();
    let formatted = send::formatted(source, content.get("parse_mode").and_then(Value::as_str), false)?;
    let markup = value.get("reply_markup").filter(|markup| !markup.is_null()).cloned();
    // An inline message may land in any chat, where buttons for private chats only are refused.
    let buttons = markup.as_ref().map(|markup| markup::buttons(markup, false)).transpose()?.unwrap_or_default();
    Ok(InlineResult {
        id: field("id").to_owned(),
        title: field("title").to_owned(),
        description: field("description").to_owned(),
        source: source.to_owned(),
        formatted,
        buttons,
        markup,
    })
}
