//! How far an order is, from the words of an undocumented answer.
//!
//! There may be one status or separate ones for payment and delivery. A word nobody knows is
//! [`Phase::Unknown`], which is pending. An end (expired, cancelled) is only believed where nothing else
//! in the answer says that money arrived.

use super::super::PaymentProgress;
use super::super::wire::Node;
use super::wire::{Kind, scopes};

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Waiting,
    Confirming,
    Underpaid,
    Overpaid,
    Paid,
    Done,
    Expired,
    Cancelled,
    Unknown,
}

impl Phase {
    /// Whether nothing more will come.
    pub(super) const fn is_over(self) -> bool {
        matches!(self, Self::Expired | Self::Cancelled)
    }

    /// What the buyer's payment looks like.
    pub(super) const fn progress(self) -> Option<PaymentProgress> {
        match self {
            Self::Waiting => Some(PaymentProgress::Waiting),
            Self::Confirming => Some(PaymentProgress::Confirming),
            Self::Underpaid => Some(PaymentProgress::Underpaid),
            Self::Overpaid => Some(PaymentProgress::Overpaid),
            Self::Paid | Self::Done => Some(PaymentProgress::Paid),
            Self::Expired | Self::Cancelled | Self::Unknown => None,
        }
    }
}

const ORDER_FIELDS: [&str; 6] =
    ["status", "order_status", "fulfillment_status", "fulfilment_status", "delivery_status", "state"];
const PAYMENT_FIELDS: [&str; 2] = ["payment_status", "pay_status"];

/// The phase an answer tells of; `None` if it holds no status word at all.
pub(super) fn phase(answer: &Node) -> Option<Phase> {
    let mut order = Vec::new();
    let mut payment = Vec::new();
    let mut envelope = Vec::new();
    for (kind, scope) in scopes(answer) {
        for field in ORDER_FIELDS {
            let Some(phase) = word(scope.any(&[field])) else { continue };
            match kind {
                // A bare "status": "success" outside may speak of the request, not of the order.
                Kind::Top if field == "status" && phase == Phase::Done => envelope.push(phase),
                Kind::Payment => payment.push(paid_at_most(phase)),
                Kind::Top | Kind::Data | Kind::Order => order.push(phase),
            }
        }
        payment.extend(word(scope.any(&PAYMENT_FIELDS)).map(paid_at_most));
    }
    if order.is_empty() {
        order = envelope;
    }
    judge(&order, &payment).map(|phase| weighed(phase, answer))
}

/// The phase in the light of how much arrived, where the answer shows that beside what was asked. Whether the
/// status has a word of its own for an odd payment is not documented.
fn weighed(phase: Phase, answer: &Node) -> Phase {
    const ASKED: [&str; 3] = ["expected_amount", "pay_amount", "crypto_amount"];
    const CAME: [&str; 2] = ["received_amount", "amount_received"];
    let amounts = scopes(answer).into_iter().find_map(|(_, scope)| {
        let asked = scope.any(&ASKED).amount().filter(|asked| asked.is_sign_positive() && !asked.is_zero())?;
        Some((asked, scope.any(&CAME).amount()?))
    });
    match (phase, amounts) {
        (Phase::Waiting | Phase::Confirming | Phase::Paid, Some((asked, came))) if came > asked => Phase::Overpaid,
        // While it is being confirmed, more may still be counted.
        (Phase::Waiting, Some((asked, came))) if came < asked && !came.is_zero() => Phase::Underpaid,
        _ => phase,
    }
}

fn judge(order: &[Phase], payment: &[Phase]) -> Option<Phase> {
    if order.contains(&Phase::Done) {
        return Some(Phase::Done);
    }
    let all = || order.iter().chain(payment).copied();
    let has = |wanted: Phase| all().any(|phase| phase == wanted);
    // From what must not be overlooked to what anything else outweighs.
    let money = [Phase::Underpaid, Phase::Overpaid, Phase::Paid, Phase::Confirming];
    if let Some(phase) = money.into_iter().find(|phase| has(*phase)) {
        return Some(phase);
    }
    let known = |phase: &Phase| *phase != Phase::Unknown;
    let speaking = if order.iter().any(known) { order } else { payment };
    let over = [Phase::Expired, Phase::Cancelled].into_iter().find(|phase| speaking.contains(phase));
    if let Some(over) = over.filter(|_| !order.iter().any(|phase| matches!(phase, Phase::Unknown | Phase::Waiting))) {
        return Some(over);
    }
    if has(Phase::Waiting) { Some(Phase::Waiting) } else { all().next().map(|_| Phase::Unknown) }
}

/// A payment that is "completed" or a "success" is paid; it says nothing about the goods.
const fn paid_at_most(phase: Phase) -> Phase {
    if matches!(phase, Phase::Done) { Phase::Paid } else { phase }
}

fn word(node: &Node) -> Option<Phase> {
    let Node::Text(text) = node else { return None };
    let word = text.trim().to_lowercase().replace(['-', ' '], "_");
    Some(match word.as_str() {
        "" => return None,
        "pending" | "unpaid" | "waiting" | "created" | "new" | "awaiting_payment" | "pending_payment" => Phase::Waiting,
        "confirming" | "seen" | "detected" | "processing_payment" => Phase::Confirming,
        "underpaid" | "partially_paid" => Phase::Underpaid,
        "overpaid" => Phase::Overpaid,
        "paid" | "processing" | "fulfilling" | "confirmed" => Phase::Paid,
        "completed" | "complete" | "delivered" | "fulfilled" | "success" => Phase::Done,
        "expired" => Phase::Expired,
        "cancelled" | "canceled" | "failed" | "refunded" => Phase::Cancelled,
        _ => Phase::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Option<Phase> {
        phase(&Node::parse(json.as_bytes()).unwrap())
    }

    #[test]
    fn words_are_known_in_any_case_and_place() {
        for (json, wanted) in [
            (r#"{"status":"Pending"}"#, Phase::Waiting),
            (r#"{"success":true,"data":{"status":"AWAITING_PAYMENT"}}"#, Phase::Waiting),
            (r#"{"order":{"status":"processing"}}"#, Phase::Paid),
            (r#"{"status":"pending","payment_status":"confirming"}"#, Phase::Confirming),
            (r#"{"status":"pending","paymentStatus":"partially_paid"}"#, Phase::Underpaid),
            (r#"{"paymentStatus":"overpaid","fulfillmentStatus":"pending"}"#, Phase::Overpaid),
            (r#"{"payment_status":"completed","fulfillment_status":"pending"}"#, Phase::Paid),
            (r#"{"payment_status":"paid","fulfillmentStatus":"delivered"}"#, Phase::Done),
            (r#"{"status":"success","data":{"status":"pending"}}"#, Phase::Waiting),
            (r#"{"status":"success"}"#, Phase::Done),
            (r#"{"status":"expired"}"#, Phase::Expired),
            (r#"{"status":"canceled","payment_status":"unpaid"}"#, Phase::Cancelled),
            (r#"{"status":"expired","payment_status":"paid"}"#, Phase::Paid),
            (r#"{"status":"pending","payment_status":"failed"}"#, Phase::Waiting),
            (r#"{"status":"under_review"}"#, Phase::Unknown),
            (r#"{"status":"under_review","payment_status":"failed"}"#, Phase::Unknown),
            (r#"{"payment":{"status":"success"}}"#, Phase::Paid),
            (r#"{"status":"confirming","payment":{"expected_amount":"1","received_amount":"1.01"}}"#, Phase::Overpaid),
            (r#"{"status":"paid","expectedAmount":1,"receivedAmount":1.5}"#, Phase::Overpaid),
            (r#"{"status":"pending","expected_amount":"1","received_amount":"0.5"}"#, Phase::Underpaid),
            (r#"{"status":"pending","expected_amount":"1","received_amount":"0"}"#, Phase::Waiting),
            (r#"{"status":"confirming","expected_amount":"1","received_amount":"1.0"}"#, Phase::Confirming),
            (r#"{"status":"completed","expected_amount":"1","received_amount":"2"}"#, Phase::Done),
        ] {
            assert_eq!(of(json), Some(wanted), "{json}");
        }
        for none in ["{}", r#"{"status":200}"#, r#"{"success":true}"#, "[]"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
