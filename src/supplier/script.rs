//! For the tests of the suppliers: a clock that is turned by hand and an upstream that follows a script
//! and remembers every request with its time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::{Placement, SECTIONS, Supplier, SupplierError, registry};
use crate::config::{Settings, SettingsError, Sources};
use crate::id::IdempotencyKey;
use crate::world::{Clock, Moment, Request, Response, SystemEntropy, Transport, TransportError, World};

/// When every test begins: 2026-02-25 12:00 UTC.
pub(crate) const BEGIN: Moment = Moment::from_millis(1_772_020_800_000);

/// What an upstream does with a request.
pub(crate) type Answer = Result<Response, TransportError>;

/// A clock that stands still until it is turned; sleeping turns it.
pub(crate) struct ManualClock(Mutex<Moment>);

impl ManualClock {
    pub(crate) fn turn(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(by);
    }

    pub(crate) fn set(&self, to: Moment) {
        *self.0.lock().unwrap() = to;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, wait: Duration) -> futures::future::BoxFuture<'static, ()> {
        self.turn(wait);
        Box::pin(std::future::ready(()))
    }
}

/// The upstream. Answers from the script, one for each request; after that, nothing answers.
pub(crate) struct Script {
    pub(crate) clock: Arc<ManualClock>,
    answers: Mutex<VecDeque<Answer>>,
    always: Mutex<Option<Answer>>,
    latency: Mutex<Duration>,
    sent: Mutex<Vec<(Moment, Request)>>,
}

impl Script {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            clock: Arc::new(ManualClock(Mutex::new(BEGIN))),
            answers: Mutex::default(),
            always: Mutex::default(),
            latency: Mutex::default(),
            sent: Mutex::default(),
        })
    }

    pub(crate) fn world(self: &Arc<Self>) -> World {
        World { clock: self.clock.clone(), entropy: Arc::new(SystemEntropy), transport: self.clone() }
    }

    /// Adds to the script.
    pub(crate) fn then(&self, answer: Answer) -> &Self {
        self.answers.lock().unwrap().push_back(answer);
        self
    }

    pub(crate) fn json(&self, status: u16, body: &str) -> &Self {
        self.then(answer(status, body))
    }

    /// What to answer when the script is at its end.
    pub(crate) fn always(&self, answer: Answer) -> &Self {
        *self.always.lock().unwrap() = Some(answer);
        self
    }

    /// How long every exchange takes.
    pub(crate) fn takes(&self, latency: Duration) -> &Self {
        *self.latency.lock().unwrap() = latency;
        self
    }

    pub(crate) fn sent(&self) -> Vec<Request> {
        self.sent.lock().unwrap().iter().map(|(_, request)| request.clone()).collect()
    }

    /// The paths of everything sent, queries included.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.sent().into_iter().map(|request| request.url.replacen("https://up.example/api", "", 1)).collect()
    }

    /// The most requests whose path begins with `path` in any window.
    pub(crate) fn most(&self, path: &str, window: Duration) -> usize {
        let sent = self.sent.lock().unwrap();
        let begins = |request: &Request| request.url.replacen("https://up.example/api", "", 1).starts_with(path);
        let times: Vec<Moment> = sent.iter().filter(|(_, request)| begins(request)).map(|(at, _)| *at).collect();
        let within = |from: Moment| times.iter().filter(|at| **at >= from && at.since(from) < window).count();
        times.iter().map(|from| within(*from)).max().unwrap_or(0)
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Answer {
        // The worst case for a log of windows: some requests arrive at once, others as late as can be.
        let latency = *self.latency.lock().unwrap();
        let late = self.sent.lock().unwrap().len().is_multiple_of(3);
        let arrived = if late { self.clock.now().plus(latency) } else { self.clock.now() };
        self.clock.turn(latency);
        self.sent.lock().unwrap().push((arrived, request));
        let scripted = self.answers.lock().unwrap().pop_front();
        scripted.or_else(|| self.always.lock().unwrap().clone()).unwrap_or(Err(TransportError::NoAnswer))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what an upstream does is a result; this is the good one")]
pub(crate) fn answer(status: u16, body: &str) -> Answer {
    Ok(Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
}

#[expect(clippy::unnecessary_wraps, reason = "what an upstream does is a result; this is the good one")]
pub(crate) fn answer_with(status: u16, header: (&str, &str), body: &str) -> Answer {
    let headers = vec![(header.0.to_owned(), header.1.to_owned())];
    Ok(Response { status, headers, body: body.as_bytes().to_vec() })
}

/// The suppliers that these environment variables configure.
pub(crate) fn configured(
    script: &Arc<Script>,
    variables: &[(&str, &str)],
) -> Result<Vec<Arc<dyn Supplier>>, SettingsError> {
    let settings = Settings::load(&Sources::from_map(variables.iter().copied()), SECTIONS)?;
    registry(&settings, &script.world())
}

pub(crate) fn placement(sku: &str, quantity: u32, payment: super::Payment) -> Placement {
    Placement {
        key: IdempotencyKey::fresh(&SystemEntropy),
        sku: sku.to_owned(),
        quantity,
        payment,
        coupon: None,
        placed_at: BEGIN,
    }
}

pub(crate) fn is_garbled<T>(result: &Result<T, SupplierError>) -> bool {
    matches!(result, Err(SupplierError::Garbled(_)))
}
