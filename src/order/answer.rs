//! What a supplier's definite answer means for an order: pure, so that it can be read and tested beside the
//! machine. [`super::settle`] writes it down.

use std::time::Duration;

use crate::order::Order;
use crate::order::state::{Asked, Cause, LATE_PAYMENT_WATCH, State, Why};
use crate::supplier::{Goods, Invoice, Outcome, PaymentProgress, Reason, SupplierReference};
use crate::world::Moment;

/// How long an invoice is payable when the supplier does not say.
const INVOICE_LIFETIME: Duration = Duration::from_mins(30);

/// How one call or verdict changes an order.
pub(super) enum Move {
    /// On to another state; nothing moves in the books.
    To { state: State, due: Option<Moment>, attempts: u32, fresh_key: bool },
    /// The money goes back.
    Back(Cause),
    /// The goods are here.
    Goods(Goods),
    /// A person must decide.
    Stick(Why),
}

/// What a definite answer means for an order that was asked for.
pub(super) fn accept(order: &Order, now: Moment, outcome: Outcome) -> Move {
    match outcome {
        Outcome::Ready(goods) => Move::Goods(goods),
        Outcome::Refused(reason) => refused(order, reason),
        Outcome::Expired => match order.state.clone().expire(now) {
            Ok(state) => Move::To { state, due: Some(now.plus(poll_every(order, now))), attempts: 0, fresh_key: false },
            Err(_) if matches!(order.state, State::Expired { .. }) => watch_on(order, now),
            Err(_) => refused(order, Reason::Cancelled),
        },
        Outcome::Invoice { reference, invoice } => match invoiced(order, reference, invoice, now) {
            Some(state) => {
                Move::To { state, due: Some(now.plus(Duration::from_secs(5))), attempts: 0, fresh_key: false }
            }
            None => watch_on(order, now),
        },
        Outcome::Pending { reference, progress } => pending(order, reference, progress, now),
    }
}

fn refused(order: &Order, reason: Reason) -> Move {
    let asked_before = !matches!(order.state, State::Submitted(Asked::Maybe { .. }));
    // The buyer has paid the supplier, not us: there is nothing of theirs we could give back.
    if order.payment.is_past_us() && asked_before {
        Move::Stick(Why::PaidAndCancelled)
    } else {
        Move::Back(Cause::Refused(reason))
    }
}

fn invoiced(order: &Order, reference: SupplierReference, invoice: Invoice, now: Moment) -> Option<State> {
    let deadline = invoice.expires_at_ms.map_or_else(|| now.plus(INVOICE_LIFETIME), Moment::from_millis);
    order.state.clone().invoiced(reference, invoice, deadline).ok()
}

fn pending(order: &Order, reference: SupplierReference, progress: Option<PaymentProgress>, now: Moment) -> Move {
    let poll =
        |state: State| Move::To { state, due: Some(now.plus(poll_every(order, now))), attempts: 0, fresh_key: false };
    match &order.state {
        State::AwaitingPayment { progress: before, deadline, .. } => {
            // A word nobody knows says nothing about the payment.
            let seen = progress.unwrap_or(*before);
            let moved = if seen == PaymentProgress::Paid {
                order.state.clone().known(reference)
            } else if seen == PaymentProgress::Waiting && now > *deadline {
                order.state.clone().expire(now)
            } else if seen == *before {
                return poll(order.state.clone());
            } else {
                order.state.clone().progressed(seen)
            };
            moved.map_or_else(|_| watch_on(order, now), poll)
        }
        State::Expired { .. } if matches!(progress, None | Some(PaymentProgress::Waiting)) => watch_on(order, now),
        State::Expired { .. } => Move::Stick(Why::PaidLate),
        _ => order.state.clone().known(reference).map_or_else(|_| watch_on(order, now), poll),
    }
}

/// Keeps asking about an order as it is; an expired invoice only for so long.
pub(super) fn watch_on(order: &Order, now: Moment) -> Move {
    let over = matches!(order.state, State::Expired { at, .. } if now.since(at) > LATE_PAYMENT_WATCH);
    let due = (!over).then(|| now.plus(poll_every(order, now)));
    Move::To { state: order.state.clone(), due, attempts: order.attempts, fresh_key: false }
}

/// Often at first, then ever more seldom; for as long as it takes.
pub(super) fn poll_every(order: &Order, now: Moment) -> Duration {
    match now.since(order.created_at).as_secs() {
        0..60 => Duration::from_secs(3),
        60..600 => Duration::from_secs(10),
        600..7200 => Duration::from_secs(30),
        _ => Duration::from_mins(5),
    }
}
