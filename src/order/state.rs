//! The order machine, pure: where an order can be, what is known there, and which moves there are.
//!
//! ```text
//!              pay from wallet                        pay with crypto
//!                    │ buyer                                │ buyer
//!                    ▼                                      ▼
//!   ┌────────── Reserved                         Submitted{NotYet} ◀─┐ not sent (worker): nothing
//!   │ look says      │ worker commits, then sends     │              │ happened, may be sent again
//!   │ no (worker)    ▼                                ▼              │
//!   │          Submitted{Maybe} ◀────────────────── worker ──────────┘
//!   │            │ │ │ │  └─ no answer: same key again, or found at the supplier, or Stuck (worker)
//!   │   refused  │ │ │ └─ the supplier has it: Submitted{Known}, asked again later (worker)
//!   ▼ (supplier) ▼ │ └─ the buyer must pay: AwaitingPayment ─ paid ─▶ Submitted{Known}
//!  Returned ◀──────┘                          │        └─ deadline ─▶ Expired ─ paid late ─▶ Stuck
//!                  │ goods that add up        │
//!                  ▼                          └─ goods ─▶ Fulfilled
//!              Fulfilled ── parcel sent (courier) ──▶ Delivered
//!
//!   goods that do not add up, answers nobody can read ─▶ Stuck ── a person ──▶ Fulfilled, Returned, or
//!                                                                  asked about again (Submitted)
//! ```
//!
//! `NotYet` and `Maybe` differ in one thing, and money depends on it: whether a request may have reached
//! the supplier. `Maybe` is committed before the request is sent. A wallet order starts in `Reserved`; an
//! order the buyer pays at the supplier reserves nothing and starts in `Submitted{NotYet}`.
//!
//! A supplier that sells without a second step skips `Known`. One4All's PENDING and the account shop's paid
//! orders go through it. An invoice that is cancelled or expired at the supplier ends as `Expired`; payments
//! seen later than that need a person, because the supplier, not the shop, has the money.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::supplier::{Goods, Invoice, PaymentProgress, Reason, SupplierReference};
use crate::world::Moment;

/// How far the request to the supplier is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "asked", rename_all = "snake_case")]
pub enum Asked {
    /// Nothing has reached the supplier.
    NotYet,
    /// A request may have reached it.
    Maybe {
        /// When the first request was committed, Unix milliseconds.
        since_ms: i64,
    },
    /// The supplier has the order.
    Known {
        /// When the first request was committed, Unix milliseconds.
        since_ms: i64,
        /// The supplier's name for it.
        reference: SupplierReference,
    },
}

/// Why an order waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A purchase got no answer, and the supplier cannot be asked about it.
    NoAnswer,
    /// A purchase got an answer nobody can read.
    Garbled,
    /// The supplier shows no order that could be this one.
    NotFound,
    /// The supplier shows several orders that could be this one.
    Ambiguous,
    /// The number of codes contradicts the order or the supplier's own figure. The codes are kept, sealed.
    Miscounted,
    /// The buyer paid after the invoice had ended.
    PaidLate,
    /// The supplier cancelled an order the buyer has paid for.
    PaidAndCancelled,
}

impl Why {
    /// The word in rows and locale keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoAnswer => "no-answer",
            Self::Garbled => "garbled",
            Self::NotFound => "not-found",
            Self::Ambiguous => "ambiguous",
            Self::Miscounted => "miscounted",
            Self::PaidLate => "paid-late",
            Self::PaidAndCancelled => "paid-and-cancelled",
        }
    }
}

/// Why the money went back without the supplier being asked to sell, or after it refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", content = "reason", rename_all = "snake_case")]
pub enum Cause {
    /// The look found fewer pieces than ordered.
    SoldOut,
    /// The look found that the cost has risen above the quoted price.
    Dearer,
    /// The look found that the product is gone.
    Gone,
    /// The look found that our own funds do not cover it.
    Unfunded,
    /// The supplier cannot be reached, for longer than a buyer should wait.
    Unreachable,
    /// The supplier refused.
    Refused(Reason),
    /// An admin decided so.
    ByAdmin,
}

/// Where an order stands, with exactly what is known there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The money is set aside; nothing was asked.
    Reserved,
    /// The supplier is being asked, or will be.
    Submitted(Asked),
    /// The buyer must pay the supplier's invoice.
    AwaitingPayment {
        /// When the first request was committed.
        since: Moment,
        /// The supplier's name for it.
        reference: SupplierReference,
        /// How to pay.
        invoice: Invoice,
        /// How far the payment is.
        progress: PaymentProgress,
        /// When it stops being payable.
        deadline: Moment,
    },
    /// The codes are here, sealed, and on their way.
    Fulfilled {
        /// How many.
        count: u32,
    },
    /// The buyer has the codes.
    Delivered {
        /// How many.
        count: u32,
    },
    /// The money is back in the wallet (or was never taken).
    Returned(Cause),
    /// The invoice ran out unpaid.
    Expired {
        /// The supplier's name for it, to notice a late payment.
        reference: SupplierReference,
        /// When it ran out.
        at: Moment,
    },
    /// A person must decide.
    Stuck {
        /// Why.
        why: Why,
        /// The supplier's name for it, if known.
        reference: Option<SupplierReference>,
    },
}

/// A move the machine does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an order cannot go from {from} to {to}")]
pub struct IllegalMove {
    from: &'static str,
    to: &'static str,
}

/// What goods amount to, judged against the order and the supplier's own figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// As many as ordered.
    Whole,
    /// Fewer than ordered, and the supplier says so too.
    Part(u32),
    /// None, more than ordered, or not what the supplier says.
    Contradiction,
}

/// How long after an invoice's end a late payment is still looked for.
pub const LATE_PAYMENT_WATCH: Duration = Duration::from_hours(24);

impl State {
    /// The start of an order the buyer pays at the supplier.
    pub const fn accepted_past_us() -> Self {
        Self::Submitted(Asked::NotYet)
    }

    /// The word in rows, metrics and locale keys.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Submitted(_) => "submitted",
            Self::AwaitingPayment { .. } => "awaiting_payment",
            Self::Fulfilled { .. } => "fulfilled",
            Self::Delivered { .. } => "delivered",
            Self::Returned(_) => "returned",
            Self::Expired { .. } => "expired",
            Self::Stuck { .. } => "stuck",
        }
    }

    /// Whether nothing can reach the supplier unless a request is sent now.
    pub const fn is_unsent(&self) -> bool {
        matches!(self, Self::Reserved | Self::Submitted(Asked::NotYet))
    }

    /// The supplier's name for the order, if known.
    pub const fn reference(&self) -> Option<&SupplierReference> {
        match self {
            Self::Submitted(Asked::Known { reference, .. })
            | Self::AwaitingPayment { reference, .. }
            | Self::Expired { reference, .. } => Some(reference),
            Self::Stuck { reference, .. } => reference.as_ref(),
            _ => None,
        }
    }

    fn illegal(&self, to: &'static str) -> IllegalMove {
        IllegalMove { from: self.word(), to }
    }

    /// Commits to sending the request: from here on it may have reached the supplier.
    ///
    /// # Errors
    /// [`IllegalMove`] unless nothing was sent.
    pub fn submit(self, now: Moment) -> Result<Self, IllegalMove> {
        match self {
            Self::Reserved | Self::Submitted(Asked::NotYet) => {
                Ok(Self::Submitted(Asked::Maybe { since_ms: now.millis() }))
            }
            other => Err(other.illegal("submitted")),
        }
    }

    /// The request definitely had no effect: it may be sent again.
    ///
    /// # Errors
    /// [`IllegalMove`] unless it may have been sent.
    pub fn not_sent(self) -> Result<Self, IllegalMove> {
        match self {
            Self::Submitted(Asked::Maybe { .. }) => Ok(Self::Submitted(Asked::NotYet)),
            other => Err(other.illegal("submitted again")),
        }
    }

    /// The supplier has the order.
    ///
    /// # Errors
    /// [`IllegalMove`] unless it was asked.
    pub fn known(self, reference: SupplierReference) -> Result<Self, IllegalMove> {
        match self {
            Self::Submitted(Asked::Maybe { since_ms } | Asked::Known { since_ms, .. }) => {
                Ok(Self::Submitted(Asked::Known { since_ms, reference }))
            }
            Self::AwaitingPayment { since, .. } => {
                Ok(Self::Submitted(Asked::Known { since_ms: since.millis(), reference }))
            }
            other => Err(other.illegal("submitted")),
        }
    }

    /// The supplier wants the buyer to pay.
    ///
    /// # Errors
    /// [`IllegalMove`] unless it was just asked.
    pub fn invoiced(
        self,
        reference: SupplierReference,
        invoice: Invoice,
        deadline: Moment,
    ) -> Result<Self, IllegalMove> {
        match self {
            Self::Submitted(Asked::Maybe { since_ms } | Asked::Known { since_ms, .. }) => Ok(Self::AwaitingPayment {
                since: Moment::from_millis(since_ms),
                reference,
                invoice,
                progress: PaymentProgress::Waiting,
                deadline,
            }),
            other => Err(other.illegal("awaiting_payment")),
        }
    }

    /// The buyer's payment got further, or turned out odd.
    ///
    /// # Errors
    /// [`IllegalMove`] unless a payment is awaited.
    pub fn progressed(self, seen: PaymentProgress) -> Result<Self, IllegalMove> {
        match self {
            Self::AwaitingPayment { since, reference, invoice, deadline, .. } => {
                Ok(Self::AwaitingPayment { since, reference, invoice, progress: seen, deadline })
            }
            other => Err(other.illegal("awaiting_payment")),
        }
    }

    /// The invoice ran out.
    ///
    /// # Errors
    /// [`IllegalMove`] unless a payment is awaited.
    pub fn expire(self, now: Moment) -> Result<Self, IllegalMove> {
        match self {
            Self::AwaitingPayment { reference, .. } => Ok(Self::Expired { reference, at: now }),
            other => Err(other.illegal("expired")),
        }
    }

    /// The goods came, and their number adds up.
    ///
    /// # Errors
    /// [`IllegalMove`] from an end, or before anything was asked.
    pub fn fulfil(self, count: u32) -> Result<Self, IllegalMove> {
        match self {
            Self::Submitted(Asked::Maybe { .. } | Asked::Known { .. })
            | Self::AwaitingPayment { .. }
            | Self::Expired { .. }
            | Self::Stuck { .. } => Ok(Self::Fulfilled { count }),
            other => Err(other.illegal("fulfilled")),
        }
    }

    /// The parcel was sent.
    ///
    /// # Errors
    /// [`IllegalMove`] unless the goods are here.
    pub fn deliver(self) -> Result<Self, IllegalMove> {
        match self {
            Self::Fulfilled { count } => Ok(Self::Delivered { count }),
            other => Err(other.illegal("delivered")),
        }
    }

    /// Nothing was sold: the money goes back.
    ///
    /// # Errors
    /// [`IllegalMove`] once goods came, or from an end.
    pub fn give_back(self, cause: Cause) -> Result<Self, IllegalMove> {
        match self {
            Self::Reserved | Self::Submitted(_) | Self::Stuck { .. } => Ok(Self::Returned(cause)),
            other => Err(other.illegal("returned")),
        }
    }

    /// A person wants the supplier asked again.
    ///
    /// # Errors
    /// [`IllegalMove`] unless it waits for a person.
    pub fn reopen(self, since: Moment) -> Result<Self, IllegalMove> {
        match self {
            Self::Stuck { reference: Some(reference), .. } => {
                Ok(Self::Submitted(Asked::Known { since_ms: since.millis(), reference }))
            }
            Self::Stuck { reference: None, .. } => Ok(Self::Submitted(Asked::Maybe { since_ms: since.millis() })),
            other => Err(other.illegal("submitted again")),
        }
    }

    /// Only a person can decide.
    ///
    /// # Errors
    /// [`IllegalMove`] before anything was asked, or once goods are on their way.
    pub fn stick(self, why: Why) -> Result<Self, IllegalMove> {
        match self {
            Self::Submitted(Asked::Maybe { .. } | Asked::Known { .. })
            | Self::AwaitingPayment { .. }
            | Self::Expired { .. } => {
                let reference = self.reference().cloned();
                Ok(Self::Stuck { why, reference })
            }
            other => Err(other.illegal("stuck")),
        }
    }
}

/// Judges how many codes came.
pub fn judge(goods: &Goods, ordered: u32) -> Count {
    let came = u32::try_from(goods.codes.len()).unwrap_or(u32::MAX);
    let agreed = goods.stated.is_none_or(|stated| stated == came);
    match came {
        _ if !agreed => Count::Contradiction,
        0 => Count::Contradiction,
        came if came == ordered => Count::Whole,
        came if came < ordered => Count::Part(came),
        _ => Count::Contradiction,
    }
}

/// What is stored beside the state's word.
#[derive(Debug, Clone, Serialize, Deserialize, Default)]
struct Detail {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<Asked>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<SupplierReference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invoice: Option<Invoice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<PaymentProgress>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<Why>,
}

impl State {
    /// What is stored beside [`Self::word`].
    pub fn detail(&self) -> String {
        let detail = match self.clone() {
            Self::Reserved => Detail::default(),
            Self::Submitted(asked) => Detail { asked: Some(asked), ..Detail::default() },
            Self::AwaitingPayment { since, reference, invoice, progress, deadline } => Detail {
                since_ms: Some(since.millis()),
                reference: Some(reference),
                invoice: Some(invoice),
                progress: Some(progress),
                until_ms: Some(deadline.millis()),
                ..Detail::default()
            },
            Self::Fulfilled { count } | Self::Delivered { count } => Detail { count: Some(count), ..Detail::default() },
            Self::Returned(cause) => Detail { cause: Some(cause), ..Detail::default() },
            Self::Expired { reference, at } => {
                Detail { reference: Some(reference), until_ms: Some(at.millis()), ..Detail::default() }
            }
            Self::Stuck { why, reference } => Detail { why: Some(why), reference, ..Detail::default() },
        };
        serde_json::to_string(&detail).unwrap_or_default()
    }

    /// Reads a state back from its word and detail; `None` if they do not make one.
    pub fn read(word: &str, detail: &str) -> Option<Self> {
        let detail: Detail = serde_json::from_str(detail).ok()?;
        Some(match word {
            "reserved" => Self::Reserved,
            "submitted" => Self::Submitted(detail.asked?),
            "awaiting_payment" => Self::AwaitingPayment {
                since: Moment::from_millis(detail.since_ms?),
                reference: detail.reference?,
                invoice: detail.invoice?,
                progress: detail.progress?,
                deadline: Moment::from_millis(detail.until_ms?),
            },
            "fulfilled" => Self::Fulfilled { count: detail.count? },
            "delivered" => Self::Delivered { count: detail.count? },
            "returned" => Self::Returned(detail.cause?),
            "expired" => Self::Expired { reference: detail.reference?, at: Moment::from_millis(detail.until_ms?) },
            "stuck" => Self::Stuck { why: detail.why?, reference: detail.reference },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Code;

    fn now() -> Moment {
        Moment::from_millis(1_000)
    }

    fn reference() -> SupplierReference {
        SupplierReference("r".into())
    }

    fn invoice() -> Invoice {
        Invoice { address: Some("T".into()), amount: Some("1".into()), url: None, expires_at_ms: None }
    }

    fn every_state() -> Vec<State> {
        let submitted = State::Reserved.submit(now()).unwrap();
        let known = submitted.clone().known(reference()).unwrap();
        let awaiting = submitted.clone().invoiced(reference(), invoice(), now()).unwrap();
        vec![
            State::Reserved,
            State::accepted_past_us(),
            submitted.clone(),
            known.clone(),
            awaiting.clone(),
            known.clone().fulfil(2).unwrap(),
            known.clone().fulfil(2).unwrap().deliver().unwrap(),
            State::Reserved.give_back(Cause::SoldOut).unwrap(),
            submitted.clone().give_back(Cause::Refused(Reason::OutOfStock)).unwrap(),
            awaiting.expire(now()).unwrap(),
            submitted.stick(Why::Garbled).unwrap(),
        ]
    }

    #[test]
    fn every_state_reads_back_as_it_was_written() {
        for state in every_state() {
            assert_eq!(State::read(state.word(), &state.detail()), Some(state.clone()), "{state:?}");
        }
        assert_eq!(State::read("bogus", "{}"), None);
        assert_eq!(State::read("stuck", "{}"), None);
    }

    #[test]
    fn money_never_goes_back_once_goods_came() {
        for state in every_state() {
            if matches!(state, State::Fulfilled { .. } | State::Delivered { .. }) {
                assert!(state.clone().give_back(Cause::ByAdmin).is_err(), "{state:?}");
                assert!(state.clone().fulfil(1).is_err(), "{state:?}");
                assert!(state.submit(now()).is_err());
            }
        }
    }

    #[test]
    fn nothing_is_submitted_twice_or_after_an_end() {
        for state in every_state() {
            let unsent = state.is_unsent();
            assert_eq!(state.clone().submit(now()).is_ok(), unsent, "{state:?}");
            if unsent {
                assert!(state.clone().fulfil(1).is_err(), "goods for {state:?}");
                assert!(state.stick(Why::NoAnswer).is_err());
            }
        }
    }

    #[test]
    fn goods_are_judged_by_number() {
        let goods = |count: usize, stated: Option<u32>| Goods {
            codes: vec![Code::new("x".into()); count],
            stated,
            charged: None,
            reference: None,
        };
        assert_eq!(judge(&goods(5, Some(5)), 5), Count::Whole);
        assert_eq!(judge(&goods(5, None), 5), Count::Whole);
        assert_eq!(judge(&goods(2, Some(2)), 5), Count::Part(2));
        assert_eq!(judge(&goods(2, None), 5), Count::Part(2));
        assert_eq!(judge(&goods(2, Some(5)), 5), Count::Contradiction);
        assert_eq!(judge(&goods(6, Some(6)), 5), Count::Contradiction);
        assert_eq!(judge(&goods(0, Some(0)), 5), Count::Contradiction);
        assert_eq!(judge(&goods(5, Some(4)), 5), Count::Contradiction);
    }
}
