//! The HTTP under the stand-ins: one handler per server, whole bodies in memory, and connections
//! that can be cut without a byte, as a crashing upstream would.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Multipart, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::serve::{IncomingStream, Listener};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The largest request read: Telegram's largest upload, 50 MB, and its envelope.
const REQUEST_MAX: usize = 52 * 1024 * 1024;

/// One request, read whole.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) from: IpAddr,
}

/// One part of a multipart body.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) bytes: Bytes,
}

impl Call {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The token of `Authorization: Bearer …`.
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    /// Whether the body says it is of this type.
    pub(super) fn is(&self, content_type: &str) -> bool {
        self.header("content-type").is_some_and(|value| value.to_ascii_lowercase().starts_with(content_type))
    }

    /// The fields of a form-encoded body.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        form_fields(&String::from_utf8_lossy(&self.body))
    }

    /// The parts of a multipart body, or nothing if it is none.
    pub(super) async fn parts(&self) -> Option<Vec<Part>> {
        let mut request = axum::extract::Request::new(Body::from(self.body.clone()));
        *request.headers_mut() = self.headers.clone();
        DefaultBodyLimit::disable().apply(&mut request);
        let mut multipart = Multipart::from_request(request, &()).await.ok()?;
        let mut parts = Vec::new();
        while let Some(field) = multipart.next_field().await.ok()? {
            let name = field.name()?.to_owned();
            let file_name = field.file_name().map(str::to_owned);
            parts.push(Part { name, file_name, bytes: field.bytes().await.ok()? });
        }
        Some(parts)
    }
}

/// Decodes `application/x-www-form-urlencoded`, the encoding of queries and forms.
pub(super) fn form_fields(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(&key.replace('+', " ")), percent_decoded(&value.replace('+', " ")))
        })
        .collect()
}

/// Decodes `%41`; what is no such escape stays as it is.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten();
        let decoded =
            escaped.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = decoded {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    Truncated,
    Dropped,
}

/// What goes back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    ending: Ending,
}

impl Answer {
    /// Any body.
    pub(super) fn body(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status, content_type, headers: Vec::new(), body, ending: Ending::Whole }
    }

    /// A JSON body.
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::body(status, "application/json", body.to_string().into_bytes())
    }

    /// The same answer with one more header.
    pub(super) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// No answer at all: the connection closes.
    pub(super) fn dropped() -> Self {
        Self { ending: Ending::Dropped, ..Self::body(500, "text/plain", Vec::new()) }
    }

    /// Half of this answer, then the connection closes.
    pub(super) fn truncated(self) -> Self {
        Self { ending: Ending::Truncated, ..self }
    }

    fn respond(self, line: &Cut) -> axum::response::Response {
        let body = match self.ending {
            Ending::Whole => Body::from(self.body),
            Ending::Truncated => {
                let half = self.body.get(..self.body.len().div_euclid(2)).unwrap_or_default();
                let pieces = [Ok(Bytes::copy_from_slice(half)), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
                Body::from_stream(futures::stream::iter(pieces))
            }
            Ending::Dropped => {
                line.0.store(true, Ordering::SeqCst);
                Body::empty()
            }
        };
        let mut response = axum::response::Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(self.content_type));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// A stand-in's rules.
pub(super) trait Service: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, call: Call) -> impl Future<Output = Answer> + Send;
}

/// A listening server. Dropping it closes the door and every connection.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    closed: Cut,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts serving at `address`, port 0 for any free one.
    pub(super) async fn start<S: Service>(service: Arc<S>, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let closed = Cut::default();
        let router = Router::new().fallback(handle::<S>).with_state(service);
        let service = router.into_make_service_with_connect_info::<Peer>();
        let door = Door { listener, closed: closed.clone() };
        let task = tokio::spawn(async move {
            // It only ends when the task is aborted.
            let _ = axum::serve(door, service).await;
        });
        Ok(Self { address, closed, task })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closed.0.store(true, Ordering::SeqCst);
        self.task.abort();
    }
}

/// The loopback address with any free port.
pub(super) const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

async fn handle<S: Service>(
    State(service): State<Arc<S>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, REQUEST_MAX).await else {
        return Answer::body(413, "text/plain", b"Request Entity Too Large".to_vec()).respond(&peer.line);
    };
    let query = form_fields(head.uri.query().unwrap_or_default());
    let path = head.uri.path().to_owned();
    let call = Call { method: head.method, path, query, headers: head.headers, body, from: peer.from };
    service.answer(call).await.respond(&peer.line)
}

/// A switch that makes a connection fail at its next byte.
#[derive(Debug, Clone, Default)]
struct Cut(Arc<AtomicBool>);

impl Cut {
    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

#[derive(Debug, Clone)]
struct Peer {
    from: IpAddr,
    line: Cut,
}

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self { from: stream.remote_addr().ip(), line: stream.io().cut.clone() }
    }
}

struct Door {
    listener: TcpListener,
    closed: Cut,
}

impl Listener for Door {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Without it every small answer would wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        (Line { stream, cut: Cut::default(), closed: self.closed.clone() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when it, or its server, is cut.
struct Line {
    stream: TcpStream,
    cut: Cut,
    closed: Cut,
}

impl Line {
    fn check(&self) -> io::Result<()> {
        self.cut.check().and_then(|()| self.closed.check())
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
