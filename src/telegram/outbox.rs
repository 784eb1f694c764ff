//! Polite sending.
//!
//! Everything the bot says goes through here: the urgent before the rest ([`Priority`]), at most
//! [`SLOTS`] requests at once. Private chats have no limit of our own; when Telegram asks for patience
//! (429) that chat waits and is slower for a while, and all chats wait only when several were told.
//! Groups keep Telegram's 20 messages a minute, notices and broadcasts its 30 a second. An edit that
//! still waits when a newer edit of its message arrives is dropped.
//!
//! Nothing is stored here. A caller waits for the result; what must survive a crash has its own row
//! and is sent again. Patience is bounded ([`PATIENCE`]): after it, the last failure is returned. A
//! request whose answer was lost is sent again, so a message may come twice, never not at all.
//! Chats that are not waiting take no memory.

mod edits;
mod gate;
mod slots;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::edits::{Edits, Turn};
use self::gate::{Gate, Pace, Ticket};
use self::slots::{Slot, Slots};
use super::SendFailure;
use crate::world::{Moment, World};

/// Requests at once.
const SLOTS: usize = 64;
/// How long a message is tried: shorter than the lease of the durable work that may be waiting for it.
const PATIENCE: Duration = Duration::from_secs(20);
/// The pace of groups: 20 a minute.
const GROUP_PACE: Pace = Pace { step: Duration::from_secs(3), burst: Duration::from_secs(57) };
/// The pace of notices and broadcasts together: 30 a second.
const BULK_PACE: Pace = Pace { step: Duration::from_millis(34), burst: Duration::from_millis(952) };
/// So many chats told to wait within [`TOLD_WINDOW`] make all chats wait.
const TOLD_CHATS: usize = 3;
/// See [`TOLD_CHATS`].
const TOLD_WINDOW: Duration = Duration::from_secs(5);
/// The longest that all chats wait for what single chats were told.
const ALL_WAIT_MAX: Duration = Duration::from_secs(30);
/// The wait after the first request that Telegram did not answer; doubled after each.
const BACKOFF_MIN: Duration = Duration::from_millis(300);
/// The longest such wait.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// Chats that wait are looked through for idle ones once in so many insertions.
const SWEEP_EVERY: u64 = 256;

/// How urgent a request is; the first is the most urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Answers that Telegram waits for: checkouts, button presses, inline queries.
    Checkout,
    /// Answers to a person, and parcels.
    Reply,
    /// Changes of messages sent before.
    Edit,
    /// News about a person's order.
    Notice,
    /// The same to many.
    Broadcast,
}

impl Priority {
    const fn is_bulk(self) -> bool {
        matches!(self, Self::Notice | Self::Broadcast)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Reply => "reply",
            Self::Edit => "edit",
            Self::Notice => "notice",
            Self::Broadcast => "broadcast",
        }
    }
}

/// The outbox, as one cheap handle.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outbox")
    }
}

struct Inner {
    world: World,
    slots: Slots,
    gates: Mutex<Gates>,
    edits: Edits,
    tickets: AtomicU64,
}

struct Gates {
    chats: HashMap<i64, Gate>,
    all: Gate,
    bulk: Gate,
    /// Chats that were lately told to wait.
    told: VecDeque<(Moment, i64)>,
    inserted: u64,
}

impl Outbox {
    /// An outbox with nothing in it.
    pub fn new(world: World) -> Self {
        Self(Arc::new(Inner {
            world,
            slots: Slots::new(SLOTS),
            gates: Mutex::new(Gates {
                chats: HashMap::new(),
                all: Gate::new(None),
                bulk: Gate::new(Some(BULK_PACE)),
                told: VecDeque::new(),
                inserted: 0,
            }),
            edits: Edits::default(),
            tickets: AtomicU64::new(0),
        }))
    }

    /// Sends something to `chat`. `make` makes the request anew for every try.
    ///
    /// # Errors
    /// Whatever Telegram declined with; [`SendFailure::TooManyRequests`] or [`SendFailure::Unreachable`]
    /// when [`PATIENCE`] ran out.
    pub async fn send<T, F, R>(&self, priority: Priority, chat: i64, make: F) -> Result<T, SendFailure>
    where
        F: Fn() -> R + Send,
        R: Future<Output = Result<T, SendFailure>> + Send,
    {
        let course = Course { priority, chat: Some(chat), deadline: self.0.world.now().plus(PATIENCE) };
        self.0.deliver(course, &make, None).await
    }

    /// Edits `message` in `chat`. Two edits of one message never overtake each other.
    ///
    /// # Errors
    /// As [`Outbox::send`], and [`SendFailure::Superseded`] if a newer edit came while this one waited.
    pub async fn edit<T, F, R>(&self, chat: i64, message: i64, make: F) -> Result<T, SendFailure>
    where
        F: Fn() -> R + Send,
        R: Future<Output = Result<T, SendFailure>> + Send,
    {
        let course = Course { priority: Priority::Edit, chat: Some(chat), deadline: self.0.world.now().plus(PATIENCE) };
        let turn = self.0.edits.enter((chat, message));
        let _alone = turn.alone().await?;
        self.0.deliver(course, &make, Some(&turn)).await
    }

    /// Answers a query that Telegram drops after `life`: not for any chat, before everything else.
    ///
    /// # Errors
    /// As [`Outbox::send`], within `life`.
    pub async fn answer<T, F, R>(&self, life: Duration, make: F) -> Result<T, SendFailure>
    where
        F: Fn() -> R + Send,
        R: Future<Output = Result<T, SendFailure>> + Send,
    {
        let course = Course { priority: Priority::Checkout, chat: None, deadline: self.0.world.now().plus(life) };
        self.0.deliver(course, &make, None).await
    }

    /// Chats that take memory: those that wait, or have lately been slowed.
    pub fn chats(&self) -> usize {
        let now = self.0.world.now();
        let mut gates = self.0.gates();
        gates.chats.retain(|_, gate| !gate.is_idle(now));
        gates.chats.len()
    }
}

/// One request's way through the outbox.
#[derive(Debug, Clone, Copy)]
struct Course {
    priority: Priority,
    chat: Option<i64>,
    deadline: Moment,
}

/// A gate's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Chat(i64),
    All,
    Bulk,
}

impl Gates {
    /// The gate, if anything goes through it: a private chat has one only after Telegram complained.
    fn get(&mut self, which: Which, now: Moment) -> Option<&mut Gate> {
        match which {
            Which::All => Some(&mut self.all),
            Which::Bulk => Some(&mut self.bulk),
            // Groups have negative identities.
            Which::Chat(chat) if chat < 0 => Some(self.chat(chat, now)),
            Which::Chat(chat) => self.chats.get_mut(&chat),
        }
    }

    fn chat(&mut self, chat: i64, now: Moment) -> &mut Gate {
        if !self.chats.contains_key(&chat) {
            self.inserted = self.inserted.wrapping_add(1);
            if self.inserted.is_multiple_of(SWEEP_EVERY) {
                self.chats.retain(|_, gate| !gate.is_idle(now));
            }
        }
        self.chats.entry(chat).or_insert_with(|| Gate::new((chat < 0).then_some(GROUP_PACE)))
    }

    /// Telegram asked for patience in `chat`.
    fn told(&mut self, chat: i64, wait: Duration, now: Moment) {
        self.chat(chat, now).close(wait, now);
        self.told.retain(|(at, other)| now.since(*at) <= TOLD_WINDOW && *other != chat);
        self.told.push_back((now, chat));
        if self.told.len() >= TOLD_CHATS {
            self.all.close_only(wait.min(ALL_WAIT_MAX), now);
        }
    }
}

impl Inner {
    fn gates(&self) -> MutexGuard<'_, Gates> {
        // The lock guards plain figures; a panic cannot leave them half done.
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn deliver<T, F, R>(&self, course: Course, make: &F, turn: Option<&Turn>) -> Result<T, SendFailure>
    where
        F: Fn() -> R + Send,
        R: Future<Output = Result<T, SendFailure>> + Send,
    {
        let mut backoff = BACKOFF_MIN;
        loop {
            let slot = edits::unless_old(turn, self.place(course)).await??;
            let result = make().await;
            drop(slot);
            let failure = match result {
                Ok(answer) => {
                    metrics::counter!("kiosk_sent_total", "priority" => course.priority.word()).increment(1);
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            metrics::counter!("kiosk_send_failures_total", "failure" => failure.word()).increment(1);
            let pause = match (failure, course.chat) {
                (SendFailure::TooManyRequests(wait), Some(chat)) => {
                    self.gates().told(chat, wait, self.world.now());
                    // The chat's gate is closed for so long; waiting there lets the urgent go first.
                    Duration::ZERO
                }
                (SendFailure::TooManyRequests(wait), None) => wait,
                (SendFailure::Unreachable, _) => {
                    let pause = self.world.entropy.jittered(backoff);
                    backoff = backoff.saturating_mul(2).min(BACKOFF_MAX);
                    pause
                }
                (other, _) => return Err(other),
            };
            if self.world.now().plus(pause) > course.deadline {
                return Err(failure);
            }
            if !pause.is_zero() {
                edits::unless_old(turn, self.world.clock.sleep(pause)).await?;
            }
        }
    }

    /// Waits for every gate and then for a place among the requests under way.
    async fn place(&self, course: Course) -> Result<Slot, SendFailure> {
        if let Some(chat) = course.chat {
            self.pass(Which::Chat(chat), course).await?;
            self.pass(Which::All, course).await?;
            if course.priority.is_bulk() {
                self.pass(Which::Bulk, course).await?;
            }
        }
        self.slots.take(course.priority).await.ok_or(SendFailure::Unreachable)
    }

    async fn pass(&self, which: Which, course: Course) -> Result<(), SendFailure> {
        let number = self.tickets.fetch_add(1, Ordering::Relaxed);
        let place = Place { inner: self, which, ticket: (course.priority, number) };
        loop {
            let now = self.world.now();
            let wait = match self.gates().get(which, now).map(|gate| (gate.pass(place.ticket, now), gate.opens(now))) {
                None | Some((Ok(()), _)) => return Ok(()),
                // What is behind others is only an estimate; what Telegram asked for is certain.
                Some((Err(_), opens)) if opens > course.deadline => {
                    return Err(SendFailure::TooManyRequests(opens.since(now)));
                }
                Some((Err(wait), _)) if now > course.deadline => return Err(SendFailure::TooManyRequests(wait)),
                Some((Err(wait), _)) => wait,
            };
            self.world.clock.sleep(wait).await;
        }
    }
}

/// A place in a gate's line, given back when its holder is gone.
struct Place<'a> {
    inner: &'a Inner,
    which: Which,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut gates = self.inner.gates();
        let gate = match self.which {
            Which::All => Some(&mut gates.all),
            Which::Bulk => Some(&mut gates.bulk),
            Which::Chat(chat) => gates.chats.get_mut(&chat),
        };
        if let Some(gate) = gate {
            gate.leave(self.ticket);
        }
    }
}
