//! The three things a test replaces: the clock, randomness, and HTTP.
//!
//! Everything that needs the time, an unpredictable number or the network is handed a [`World`].
//! This is the only file that names the system clock, the system's randomness and `reqwest`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use uuid::Uuid;

/// A point in time: milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub(crate) i64);

impl Moment {
    /// From Unix milliseconds, as stored.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Unix milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Unix seconds, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `wait` later; saturates at the end of time.
    pub fn plus(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// `wait` earlier; saturates at the beginning of time.
    pub fn minus(self, wait: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; nothing if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Moment;

    /// Ends once `wait` has passed on this clock.
    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()>;
}

/// Gives unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// A fresh random UUID (version 4).
    fn uuid_v4(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// A fresh UUID that sorts by time (version 7).
    fn uuid_v7(&self, now: Moment) -> Uuid {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.millis()).unwrap_or(0), &bytes).into_uuid()
    }

    /// A wait between half of `full` and `full`, so that many waiters do not return together.
    fn jittered(&self, full: Duration) -> Duration {
        let mut byte = [0; 2];
        self.fill(&mut byte);
        let half = full.div_f64(2.0);
        half.saturating_add(half.saturating_mul(u32::from(u16::from_le_bytes(byte))) / 65_536)
    }
}

/// An HTTP method our upstreams use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates.
    Post,
}

/// One HTTP request. Its `Debug` shows the method and the path only: headers carry keys and queries
/// carry people.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute address, query included.
    pub url: String,
    /// Header names (lower case) and values.
    pub headers: Vec<(&'static str, String)>,
    /// A JSON body, if any.
    pub json: Option<String>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split('?').next().unwrap_or_default();
        write!(f, "{:?} {path}", self.method)
    }
}

/// A complete HTTP answer. Its `Debug` never shows the body.
#[derive(Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header names (lower case) and values.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header called `name` (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} with {} bytes", self.status, self.body.len())
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The request never left: no address, refused, no TLS. It had no effect.
    #[error("could not connect")]
    NotSent,
    /// The request may have been handled: it timed out, or the connection broke before a whole answer.
    #[error("no complete answer")]
    NoAnswer,
}

/// Carries HTTP requests.
#[async_trait]
pub trait Transport: Send + Sync {
    /// One exchange, never repeated by itself.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// Everything outside the program, as one cheap handle.
#[derive(Clone)]
pub struct World {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Carries requests to the suppliers.
    pub transport: Arc<dyn Transport>,
}

impl World {
    /// The real clock, the system's randomness and real HTTP.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn real() -> Result<Self, WorldError> {
        Ok(Self { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy), transport: Arc::new(Http::new()?) })
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

/// Why the real world could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be set up: {0}")]
    Http(reqwest::Error),
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    fn now(&self) -> Moment {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// The machine's randomness.
#[derive(Debug, Clone, Copy)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "without randomness no key or id is safe, so there is nothing to go on with"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has no randomness");
    }
}

/// Real HTTP, with one pool of connections for all suppliers.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

impl Http {
    /// How long a connection may take to open.
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
    /// The largest body read; an upstream that sends more is broken.
    const BODY_MAX: usize = 16 * 1024 * 1024;

    fn new() -> Result<Self, WorldError> {
        client_builder().build().map(Self).map_err(WorldError::Http)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that builds HTTP clients")]
fn client_builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(Http::CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .pool_idle_timeout(Duration::from_secs(50))
        // A redirected purchase would be a second request we never decided on.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("kiosk/", env!("CARGO_PKG_VERSION")))
}

/// The client for the Bot API: the same settings, with time for a long poll.
///
/// # Errors
/// When the HTTP client cannot be built.
pub fn telegram_client(timeout: Duration) -> Result<reqwest::Client, WorldError> {
    client_builder().timeout(timeout).build().map_err(WorldError::Http)
}

/// A request of the HTTP client, ready to be carried out.
pub type HttpRequest = reqwest::Request;

/// A file in a form, with the plain fields beside it. Never printed: it may carry codes.
pub struct Upload {
    /// Names and values of the plain fields.
    pub fields: Vec<(&'static str, String)>,
    /// The field that carries the file.
    pub field: &'static str,
    /// The file's name.
    pub name: String,
    /// Its content.
    pub content: Vec<u8>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upload([REDACTED])")
    }
}

impl Upload {
    /// As a multipart form of the HTTP client.
    pub fn into_form(self) -> reqwest::multipart::Form {
        let file = reqwest::multipart::Part::bytes(self.content).file_name(self.name);
        let form = reqwest::multipart::Form::new().part(self.field, file);
        self.fields.into_iter().fold(form, |form, (name, value)| form.text(name, value))
    }
}

#[async_trait]
impl Transport for Http {
    #[expect(clippy::disallowed_methods, reason = "the one place that sends to suppliers")]
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut builder = self.0.request(method, &request.url).timeout(request.timeout);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some(json) = request.json {
            builder = builder.header("content-type", "application/json").body(json);
        }
        // A builder error (an address that does not parse) happens before anything is sent.
        let failed = |error: &reqwest::Error| {
            if error.is_connect() || error.is_builder() { TransportError::NotSent } else { TransportError::NoAnswer }
        };
        let mut answer = builder.send().await.map_err(|error| failed(&error))?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| TransportError::NoAnswer)? {
            if body.len().saturating_add(chunk.len()) > Self::BODY_MAX {
                return Err(TransportError::NoAnswer);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body })
    }
}
