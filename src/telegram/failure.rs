//! Why Telegram did not do it, told apart by its own words.
//!
//! The library's own classification misses texts that the server writes differently, so the
//! description is matched here, without regard to case.

use std::time::Duration;

/// What a 429 without a figure is taken to ask for.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(1);

/// Why a request to Telegram had no effect, or none that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendFailure {
    /// The person blocked the bot, was deleted, or never started it; or the bot left the group.
    #[error("the bot may not write to this chat")]
    Blocked,
    /// There is no such chat.
    #[error("chat not found")]
    ChatGone,
    /// The group became a supergroup with this identity.
    #[error("the group moved")]
    Migrated(i64),
    /// The message looks like that already: as good as success.
    #[error("message is not modified")]
    NotModified,
    /// The message to edit or delete is gone or can no longer be changed.
    #[error("message not found")]
    MessageGone,
    /// The button press or query can no longer be answered.
    #[error("query is too old")]
    QueryTooOld,
    /// Telegram asks for this much patience.
    #[error("too many requests")]
    TooManyRequests(Duration),
    /// The token is not one Telegram knows.
    #[error("the bot token is refused")]
    Unauthorized,
    /// Updates cannot be asked for while a webhook is set.
    #[error("a webhook is set")]
    WebhookActive,
    /// Another process asks for the same bot's updates.
    #[error("another process polls with this token")]
    OtherPoller,
    /// Telegram understood and declined.
    #[error("rejected ({0})")]
    Rejected(Rejection),
    /// Telegram accepted, but its answer cannot be read. Sending again would do it twice.
    #[error("accepted, but the answer is unreadable")]
    Unreadable,
    /// No answer, or a server error: it may or may not have happened.
    #[error("Telegram cannot be reached")]
    Unreachable,
    /// A newer edit of the same message took this one's place.
    #[error("superseded by a newer edit")]
    Superseded,
}

/// What was wrong with a request that Telegram declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A button carries more than it may.
    #[error("button data")]
    ButtonData,
    /// The markup of a text does not parse.
    #[error("markup")]
    Markup,
    /// A text is empty or longer than it may be.
    #[error("text length")]
    TextLength,
    /// The bot may not do this in this chat.
    #[error("rights")]
    Rights,
    /// The request could not be written.
    #[error("unwritable")]
    Unwritable,
    /// Anything else, with its HTTP status.
    #[error("status {0}")]
    Other(u16),
}

impl SendFailure {
    /// Whether it may help to try again.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::TooManyRequests(_) | Self::Unreachable)
    }

    /// A short constant word for metrics and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::ChatGone => "chat_gone",
            Self::Migrated(_) => "migrated",
            Self::NotModified => "not_modified",
            Self::MessageGone => "message_gone",
            Self::QueryTooOld => "query_too_old",
            Self::TooManyRequests(_) => "too_many_requests",
            Self::Unauthorized => "unauthorized",
            Self::WebhookActive => "webhook_active",
            Self::OtherPoller => "other_poller",
            Self::Rejected(_) => "rejected",
            Self::Unreadable => "unreadable",
            Self::Unreachable => "unreachable",
            Self::Superseded => "superseded",
        }
    }
}

/// What Telegram's answer says besides its description.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    pub retry_after: Option<u64>,
    #[serde(default)]
    pub migrate_to_chat_id: Option<i64>,
}

const BLOCKED: [&str; 6] = [
    "bot was blocked by the user",
    "user is deactivated",
    "bot can't initiate conversation",
    "bot can't send messages to bots",
    "bot was kicked",
    "bot is not a member",
];
const CHAT_GONE: [&str; 4] = ["chat not found", "peer_id_invalid", "user not found", "group chat was deleted"];
const MESSAGE_GONE: [&str; 7] = [
    "message to edit not found",
    "message to delete not found",
    "message can't be deleted",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
    "there is no text in the message to edit",
];

/// Reads a refusal: HTTP status (or `error_code`), description and parameters.
pub(super) fn classify(status: u16, description: &str, parameters: Parameters) -> SendFailure {
    let text = description.to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    if let Some(chat) = parameters.migrate_to_chat_id {
        return SendFailure::Migrated(chat);
    }
    if status == 429 || says(&["too many requests"]) {
        let told = parameters.retry_after.or_else(|| text.rsplit(' ').next()?.parse().ok());
        return SendFailure::TooManyRequests(told.map_or(RETRY_AFTER_DEFAULT, Duration::from_secs));
    }
    if status >= 500 {
        return SendFailure::Unreachable;
    }
    if says(&["message is not modified"]) {
        SendFailure::NotModified
    } else if says(&MESSAGE_GONE) {
        SendFailure::MessageGone
    } else if says(&["query is too old", "query id is invalid"]) {
        SendFailure::QueryTooOld
    } else if says(&CHAT_GONE) {
        SendFailure::ChatGone
    } else if says(&BLOCKED) {
        SendFailure::Blocked
    } else {
        by_status(status, &says)
    }
}

fn by_status(status: u16, says: &dyn Fn(&[&str]) -> bool) -> SendFailure {
    match status {
        // A token of the wrong shape is answered with 404.
        401 | 404 => SendFailure::Unauthorized,
        409 if says(&["webhook is active", "webhook"]) => SendFailure::WebhookActive,
        409 => SendFailure::OtherPoller,
        _ if says(&["button_data_invalid", "button data"]) => SendFailure::Rejected(Rejection::ButtonData),
        _ if says(&["can't parse entities", "can't find end"]) => SendFailure::Rejected(Rejection::Markup),
        _ if says(&["too long", "text is empty", "text must be non-empty"]) => {
            SendFailure::Rejected(Rejection::TextLength)
        }
        _ if says(&["not enough rights", "chat_write_forbidden", "have no rights"]) => {
            SendFailure::Rejected(Rejection::Rights)
        }
        403 => SendFailure::Blocked,
        other => SendFailure::Rejected(Rejection::Other(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, description: &str) -> SendFailure {
        classify(status, description, Parameters::default())
    }

    #[test]
    fn telegrams_own_texts_are_told_apart() {
        assert_eq!(told(403, "Forbidden: bot was blocked by the user"), SendFailure::Blocked);
        assert_eq!(told(403, "Forbidden: user is deactivated"), SendFailure::Blocked);
        assert_eq!(told(400, "Bad Request: chat not found"), SendFailure::ChatGone);
        assert_eq!(
            told(400, "Bad Request: message is not modified: specified new message content and reply markup"),
            SendFailure::NotModified
        );
        assert_eq!(told(400, "Bad Request: message to edit not found"), SendFailure::MessageGone);
        assert_eq!(told(400, "Bad Request: there is no text in the message to edit"), SendFailure::MessageGone);
        for id in ["ID", "id"] {
            let text = format!("Bad Request: query is too old and response timeout expired or query {id} is invalid");
            assert_eq!(told(400, &text), SendFailure::QueryTooOld);
        }
        assert_eq!(told(400, "Bad Request: BUTTON_DATA_INVALID"), SendFailure::Rejected(Rejection::ButtonData));
        assert_eq!(told(400, "Bad Request: message is too long"), SendFailure::Rejected(Rejection::TextLength));
        assert_eq!(told(401, "Unauthorized"), SendFailure::Unauthorized);
        assert_eq!(told(502, "Bad Gateway"), SendFailure::Unreachable);
        assert_eq!(
            told(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"),
            SendFailure::WebhookActive
        );
        assert_eq!(told(409, "Conflict: terminated by other getUpdates request"), SendFailure::OtherPoller);
        assert_eq!(told(418, "Bad Request: something new"), SendFailure::Rejected(Rejection::Other(418)));
    }

    #[test]
    fn the_asked_patience_is_read_from_the_figure_or_the_text() {
        let told_by = |retry_after| Parameters { retry_after, ..Parameters::default() };
        let five = SendFailure::TooManyRequests(Duration::from_secs(5));
        assert_eq!(classify(429, "Too Many Requests: retry after 7", told_by(Some(5))), five);
        assert_eq!(classify(429, "Too Many Requests: retry after 5", told_by(None)), five);
        assert_eq!(classify(429, "", told_by(None)), SendFailure::TooManyRequests(RETRY_AFTER_DEFAULT));
    }
}
