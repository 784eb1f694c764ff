//! The Bot API: the client, and the few calls the library lacks.
//!
//! The library ([`teloxide`]) gives the types and builds the requests. They are sent from here,
//! because its own sending waits ten seconds after every server error while holding the request, loses
//! the texts of refusals it does not know, and prints bodies in its errors. Only requests that carry
//! files ([`Telegram::upload`]) go through it.
//!
//! Nothing here retries or waits: [`outbox`] does that for what is sent, [`poll`] for what is received.
//! Tokens, addresses and bodies appear in no error and no log.

pub mod failure;
pub mod inbox;
mod incoming;
pub mod outbox;
pub mod poll;
pub mod webhook;

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::Sha256;
use teloxide::Bot;
use teloxide::requests::{HasPayload, JsonRequest, Payload};
use teloxide::types::{Me, MessageId};
use tokio::sync::OnceCell;

pub use failure::{Rejection, SendFailure};
pub use incoming::{ALLOWED_UPDATES, Kind, Peek, parse, peek};

use crate::world::{HttpRequest, Upload, WorldError, telegram_client};
use failure::{Parameters, classify};

/// How long a file may take to be sent.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(24);
/// How long an ordinary request may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// How long Telegram may hold a request for updates. Short enough that the poll's lease
/// ([`poll`]) is renewed between two requests; at most 50 s by Telegram's rules.
const POLL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request for updates may take in all: above [`POLL_TIMEOUT`].
const POLL_CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// Updates in one answer; Telegram's limit.
const POLL_BATCH: u8 = 100;
/// Connections Telegram may use towards our webhook.
const WEBHOOK_CONNECTIONS: u8 = 40;
/// What the webhook's secret is derived for, so that the token's other uses give other secrets.
const WEBHOOK_SECRET_PURPOSE: &[u8] = b"kiosk webhook secret v1";

/// An update as Telegram sent it.
pub type RawUpdate = Box<RawValue>;

/// Why the client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TelegramError {
    /// The address of the Bot API is no address.
    #[error("the address of the Bot API is not a valid URL")]
    Address,
    /// The HTTP client could not be built.
    #[error(transparent)]
    World(#[from] WorldError),
}

/// The way to Telegram, as one cheap handle. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Telegram {
    bot: Bot,
    base: Arc<str>,
    me: Arc<OnceCell<Me>>,
}

impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telegram")
    }
}

/// The part of a sent message that the shop needs. Reading no more keeps an answer with something new
/// in it from being taken for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Sent {
    /// The message's number in its chat.
    pub message_id: i32,
}

impl Sent {
    /// The message's number in its chat, as the library writes it.
    pub const fn id(self) -> MessageId {
        MessageId(self.message_id)
    }
}

impl Telegram {
    /// A client for the bot with `token` at the Bot API at `api_url`. Connects to nothing yet.
    ///
    /// # Errors
    /// [`TelegramError`] when the address is none, or the HTTP client cannot be built.
    pub fn new(token: &str, api_url: &str) -> Result<Self, TelegramError> {
        let base = api_url.trim_end_matches('/');
        let url = base.parse().map_err(|_| TelegramError::Address)?;
        let bot = Bot::with_client(token, telegram_client(CALL_TIMEOUT)?).set_api_url(url);
        Ok(Self { bot, base: base.into(), me: Arc::default() })
    }

    /// The library's handle: builds typed requests for [`Telegram::send`].
    pub const fn bot(&self) -> &Bot {
        &self.bot
    }

    /// Sends a typed request once and reads its typed answer.
    pub fn send<P>(
        &self,
        request: &JsonRequest<P>,
    ) -> impl Future<Output = Result<P::Output, SendFailure>> + Send + use<P>
    where
        P: Payload + Serialize,
        P::Output: DeserializeOwned + Send,
    {
        self.post(P::NAME, request.payload_ref(), CALL_TIMEOUT)
    }

    /// Sends a typed request once and reads its answer as `T`, for answers of which only a part
    /// matters, such as [`Sent`].
    pub fn send_as<T, P>(
        &self,
        request: &JsonRequest<P>,
    ) -> impl Future<Output = Result<T, SendFailure>> + Send + use<T, P>
    where
        P: Payload + Serialize,
        T: DeserializeOwned + Send,
    {
        self.post(P::NAME, request.payload_ref(), CALL_TIMEOUT)
    }

    /// Sends a payload of our own once: for methods and fields the library does not have.
    pub fn call<P>(&self, payload: &P) -> impl Future<Output = Result<P::Output, SendFailure>> + Send + use<P>
    where
        P: Payload + Serialize,
        P::Output: DeserializeOwned + Send,
    {
        self.post(P::NAME, payload, CALL_TIMEOUT)
    }

    /// Sends a method that carries a file once. Not through the library, which waits ten seconds after a server
    /// error and reads more of the answer than the shop needs.
    pub fn upload<T>(
        &self,
        method: &'static str,
        upload: Upload,
    ) -> impl Future<Output = Result<T, SendFailure>> + Send + use<T>
    where
        T: DeserializeOwned + Send,
    {
        let url = address(&self.base, self.bot.token(), method);
        let request = self.bot.client().post(url).timeout(UPLOAD_TIMEOUT).multipart(upload.into_form()).build().ok();
        self.execute(request)
    }

    /// The bot's name without `@`. Asked for until Telegram answers once, then remembered.
    ///
    /// # Errors
    /// [`SendFailure`] when it is not known yet and Telegram does not say; the next call asks again.
    pub async fn username(&self) -> Result<&str, SendFailure> {
        let me = self.me.get_or_try_init(|| self.call(&teloxide::payloads::GetMe::new())).await?;
        Ok(me.username())
    }

    /// Asks for updates, waiting for some to come. Confirms every update below `offset`.
    pub fn updates(
        &self,
        offset: Option<i64>,
    ) -> impl Future<Output = Result<Vec<RawUpdate>, SendFailure>> + Send + use<> {
        let wait = POLL_TIMEOUT.as_secs();
        let payload = GetUpdates { offset, limit: POLL_BATCH, timeout: wait, allowed_updates: ALLOWED_UPDATES };
        self.post(GetUpdates::NAME, &payload, POLL_CALL_TIMEOUT)
    }

    /// Asks Telegram to bring updates to `url`.
    ///
    /// # Errors
    /// [`SendFailure`].
    pub async fn set_webhook(&self, url: &str) -> Result<(), SendFailure> {
        let payload = SetWebhook {
            url: url.to_owned(),
            secret_token: self.webhook_secret(),
            allowed_updates: ALLOWED_UPDATES,
            max_connections: WEBHOOK_CONNECTIONS,
        };
        self.call(&payload).await.map(drop)
    }

    /// Asks Telegram to keep updates until they are asked for. Those that wait are kept.
    ///
    /// # Errors
    /// [`SendFailure`].
    pub async fn delete_webhook(&self) -> Result<(), SendFailure> {
        self.call(&DeleteWebhook { drop_pending_updates: false }).await.map(drop)
    }

    /// The secret Telegram shows us with every webhook. Derived from the token, so that every replica
    /// knows it and none stores it.
    pub fn webhook_secret(&self) -> String {
        // A key of any length is valid, so there is no failure to tell.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.bot.token().as_bytes()) else { return String::new() };
        mac.update(WEBHOOK_SECRET_PURPOSE);
        mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    fn post<T, B>(
        &self,
        method: &'static str,
        body: &B,
        timeout: Duration,
    ) -> impl Future<Output = Result<T, SendFailure>> + Send + use<T, B>
    where
        T: DeserializeOwned + Send,
        B: Serialize,
    {
        let request = serde_json::to_vec(body).ok().and_then(|body| {
            let url = address(&self.base, self.bot.token(), method);
            let builder = self.bot.client().post(url).header("content-type", "application/json");
            builder.timeout(timeout).body(body).build().ok()
        });
        self.execute(request)
    }

    /// Carries out a request that could be built, and reads the answer.
    fn execute<T: DeserializeOwned + Send>(
        &self,
        request: Option<HttpRequest>,
    ) -> impl Future<Output = Result<T, SendFailure>> + Send + use<T> {
        let client = self.bot.client().clone();
        async move {
            let request = request.ok_or(SendFailure::Rejected(Rejection::Unwritable))?;
            let answer = client.execute(request).await.map_err(|_| SendFailure::Unreachable)?;
            let status = answer.status().as_u16();
            let body = answer.bytes().await.map_err(|_| SendFailure::Unreachable)?;
            read(status, &body)
        }
    }
}

/// `…/bot<token>/<method>`. The library spells methods `SendMessage`, and some of its methods carry
/// `Inline` at their end because it has two types for one method.
fn address(base: &str, token: &str, method: &str) -> String {
    let method = method.trim_end_matches("Inline");
    let (first, rest) = method.split_at_checked(1).unwrap_or((method, ""));
    format!("{base}/bot{token}/{}{rest}", first.to_ascii_lowercase())
}

#[derive(Deserialize)]
struct Answer<'a> {
    ok: bool,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error_code: Option<u16>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parameters: Option<Parameters>,
}

fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, SendFailure> {
    let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
        // Not Telegram's own words: a proxy's page, or half an answer.
        let passing = (200..300).contains(&status) || status >= 500;
        return Err(if passing { SendFailure::Unreachable } else { classify(status, "", Parameters::default()) });
    };
    if !answer.ok {
        let code = answer.error_code.unwrap_or(status);
        let description = answer.description.unwrap_or_default();
        return Err(classify(code, &description, answer.parameters.unwrap_or_default()));
    }
    let result = answer.result.map_or("null", RawValue::get);
    serde_json::from_str(result).map_err(|_| SendFailure::Unreadable)
}

#[derive(Serialize)]
struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    limit: u8,
    timeout: u64,
    allowed_updates: [&'static str; 6],
}

impl Payload for GetUpdates {
    type Output = Vec<RawUpdate>;
    const NAME: &'static str = "getUpdates";
}

#[derive(Serialize)]
struct SetWebhook {
    url: String,
    secret_token: String,
    allowed_updates: [&'static str; 6],
    max_connections: u8,
}

impl Payload for SetWebhook {
    type Output = bool;
    const NAME: &'static str = "setWebhook";
}

#[derive(Serialize)]
struct DeleteWebhook {
    drop_pending_updates: bool,
}

impl Payload for DeleteWebhook {
    type Output = bool;
    const NAME: &'static str = "deleteWebhook";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_spelt_as_telegram_spells_them() {
        assert_eq!(address("http://x/api", "1:a", "EditMessageTextInline"), "http://x/api/bot1:a/editMessageText");
        assert_eq!(address("http://x", "1:a", ""), "http://x/bot1:a/");
    }

    #[test]
    fn answers_are_read_or_told_apart() {
        let sent = |id| Ok(Sent { message_id: id });
        assert_eq!(read(200, br#"{"ok":true,"result":{"message_id":5,"new":[{"x":1}]}}"#), sent(5));
        assert_eq!(read::<Sent>(200, br#"{"ok":true,"result":true}"#), Err(SendFailure::Unreadable));
        assert_eq!(read::<Sent>(502, b"<html>"), Err(SendFailure::Unreachable));
        assert_eq!(read::<Sent>(200, b"{\"ok\":tr"), Err(SendFailure::Unreachable));
        let slow = br#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 3","parameters":{"retry_after":3}}"#;
        assert_eq!(read::<Sent>(429, slow), Err(SendFailure::TooManyRequests(Duration::from_secs(3))));
    }

    #[test]
    fn the_webhook_secret_is_stable_and_says_nothing() {
        let one = Telegram::new("1:secret", "http://localhost").unwrap();
        let same = Telegram::new("1:secret", "http://elsewhere/").unwrap();
        let other = Telegram::new("2:secret", "http://localhost").unwrap();
        assert_eq!(one.webhook_secret(), same.webhook_secret());
        assert_ne!(one.webhook_secret(), other.webhook_secret());
        assert_eq!(one.webhook_secret().len(), 64);
        assert_eq!(format!("{one:?}"), "Telegram");
        assert!(Telegram::new("1:a", "not a url").is_err());
    }
}
