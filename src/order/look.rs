//! The look before the purchase: live stock and cost of the offer, and our funds with the supplier.
//!
//! Orders that come together share a look, and what each takes is taken off it. While the supplier's rate
//! limit has room, every batch looks afresh; when less than half of it is left, a look up to
//! [`FRESH_BUSY`] old serves, so that looking never uses up the calls that buying needs.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{join, join_all};

use crate::money::Money;
use crate::order::Order;
use crate::order::state::Cause;
use crate::supplier::{Funds, Hold, Offer, Payment, Reason, Stock, Supplier, SupplierError, SupplierName};
use crate::world::{Moment, World};

/// How old a look may be when the supplier's rate limit is half used.
pub const FRESH_BUSY: Duration = Duration::from_secs(5);

/// The most offers remembered; beyond it the memory starts afresh.
const OFFERS_MAX: usize = 10_000;

/// Offers by supplier and SKU, each with when it was looked at; `None`: it was gone.
type SeenOffers = HashMap<(SupplierName, String), (Moment, Option<Offer>)>;

/// What was looked at lately.
#[derive(Debug, Default)]
pub struct Looks {
    offers: Mutex<SeenOffers>,
    funds: Mutex<HashMap<SupplierName, (Moment, Funds)>>,
}

/// What the look says about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It can be placed.
    Go,
    /// It cannot, and the buyer gets their money back.
    No(Cause),
    /// Nobody could look; again later.
    Later {
        /// Why.
        why: Hold,
        /// How long to wait, if the supplier said.
        retry_in: Option<Duration>,
    },
}

impl Looks {
    /// The offer as it is now.
    ///
    /// # Errors
    /// [`SupplierError`] if nobody could look and no recent look serves.
    pub async fn offer(
        &self,
        world: &World,
        supplier: &dyn Supplier,
        order: &Order,
    ) -> Result<Option<Offer>, SupplierError> {
        let key = (supplier.terms().name.clone(), order.deal.sku.clone());
        let recent = self.offers().get(&key).filter(|(at, _)| world.now().since(*at) <= FRESH_BUSY).cloned();
        if let Some((_, offer)) = &recent
            && !supplier.capacity().calm
        {
            return Ok(offer.clone());
        }
        match supplier.offer(&order.deal.sku, &order.deal.category_id).await {
            Ok(offer) => {
                let mut offers = self.offers();
                if offers.len() >= OFFERS_MAX {
                    offers.clear();
                }
                offers.insert(key, (world.now(), offer.clone()));
                Ok(offer)
            }
            Err(SupplierError::NotSent { why: Hold::RateLimited, .. }) if recent.is_some() => {
                Ok(recent.and_then(|(_, offer)| offer))
            }
            Err(error) => Err(error),
        }
    }

    /// Our funds as they are now.
    ///
    /// # Errors
    /// [`SupplierError`] if nobody could look and no recent look serves.
    pub async fn funds(&self, world: &World, supplier: &dyn Supplier) -> Result<Funds, SupplierError> {
        let key = supplier.terms().name.clone();
        let recent = self.funds_seen().get(&key).filter(|(at, _)| world.now().since(*at) <= FRESH_BUSY).copied();
        if let Some((_, funds)) = recent
            && !supplier.capacity().calm
        {
            return Ok(funds);
        }
        match supplier.funds().await {
            Ok(funds) => {
                self.funds_seen().insert(key, (world.now(), funds));
                Ok(funds)
            }
            Err(SupplierError::NotSent { why: Hold::RateLimited, .. }) if let Some((_, funds)) = recent => Ok(funds),
            Err(error) => Err(error),
        }
    }

    /// Takes what an order will use off what was seen.
    fn take(&self, order: &Order, cost: Option<Money>) {
        let key = (order.deal.supplier.clone(), order.deal.sku.clone());
        if let Some((_, Some(offer))) = self.offers().get_mut(&key)
            && let Stock::Count(count) = offer.stock
        {
            offer.stock = Stock::Count(count.saturating_sub(order.deal.quantity));
        }
        if let Some((_, Funds::Known(funds))) = self.funds_seen().get_mut(&order.deal.supplier)
            && let Some(left) = cost.and_then(|cost| funds.minus(cost).ok())
        {
            *funds = left;
        }
    }

    fn offers(&self) -> MutexGuard<'_, SeenOffers> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn funds_seen(&self) -> MutexGuard<'_, HashMap<SupplierName, (Moment, Funds)>> {
        self.funds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges the orders of one batch, one after the other, each against what the earlier ones leave.
    pub async fn judge(&self, world: &World, supplier: &dyn Supplier, orders: &[Order]) -> (Vec<Verdict>, Vec<Offer>) {
        let mut each: HashMap<&str, &Order> = HashMap::new();
        for order in orders {
            each.entry(&order.deal.sku).or_insert(order);
        }
        let from_funds = orders.iter().any(|order| order.payment == Payment::Wallet);
        // Side by side, so that the batch is through well within its lease.
        let offers = join_all(
            each.into_iter().map(|(sku, order)| async move { (sku, self.offer(world, supplier, order).await) }),
        );
        let funds = async { if from_funds { self.funds(world, supplier).await } else { Ok(Funds::Unknown) } };
        let (offers, funds) = join(offers, funds).await;
        let seen: HashMap<&str, Result<Option<Offer>, SupplierError>> = offers.into_iter().collect();
        let looked = seen.values().filter_map(|seen| seen.clone().ok().flatten()).collect();
        let mut verdicts = Vec::with_capacity(orders.len());
        for order in orders {
            let key = (order.deal.supplier.clone(), order.deal.sku.clone());
            let failed = seen.get(order.deal.sku.as_str()).and_then(|seen| seen.as_ref().err().copied());
            let verdict = if let Some(error) = failed {
                later(error)
            } else {
                let offer = self.offers().get(&key).and_then(|(_, offer)| offer.clone());
                let seen_funds = match (order.payment, funds) {
                    (Payment::Wallet, Ok(_)) => {
                        Ok(self.funds_seen().get(&order.deal.supplier).map_or(Funds::Unknown, |(_, funds)| *funds))
                    }
                    (Payment::Wallet, Err(error)) => Err(error),
                    _ => Ok(Funds::Unknown),
                };
                match seen_funds {
                    Ok(funds) => verdict(order, offer.as_ref(), funds),
                    Err(error) => later(error),
                }
            };
            if verdict == Verdict::Go {
                let cost = order.deal.unit_cost.times(order.deal.quantity).ok();
                self.take(order, cost.filter(|_| order.payment == Payment::Wallet));
            }
            verdicts.push(verdict);
        }
        (verdicts, looked)
    }
}

fn later(error: SupplierError) -> Verdict {
    match error {
        SupplierError::NotSent { why, retry_in } => Verdict::Later { why, retry_in },
        SupplierError::NoAnswer | SupplierError::Garbled(_) => {
            Verdict::Later { why: Hold::Unreachable, retry_in: None }
        }
        SupplierError::Refused(reason) => Verdict::No(Cause::Refused(reason)),
    }
}

/// What live stock, cost and funds say about an order.
fn verdict(order: &Order, offer: Option<&Offer>, funds: Funds) -> Verdict {
    let deal = &order.deal;
    let Some(offer) = offer else { return Verdict::No(Cause::Gone) };
    let Some(cost) = offer.cost.filter(|cost| cost.currency() == deal.unit_cost.currency()) else {
        return Verdict::No(Cause::Gone);
    };
    if !offer.stock.covers(deal.quantity) {
        return Verdict::No(Cause::SoldOut);
    }
    let dearer = if order.payment.is_past_us() {
        // The buyer pays the supplier's own price, so it must not have risen at all.
        cost.amount() > deal.unit_cost.amount()
    } else {
        // A shop that sells below cost on purpose was quoted that cost: only a rise above it counts.
        match (deal.rate.convert_up(cost), deal.rate.convert_up(deal.unit_cost)) {
            (Ok(cost), Ok(quoted)) => cost.minor() > deal.unit_price.minor().max(quoted.minor()),
            _ => true,
        }
    };
    if dearer {
        return Verdict::No(Cause::Dearer);
    }
    match (funds, cost.times(deal.quantity)) {
        (Funds::Frozen, _) => Verdict::No(Cause::Refused(Reason::Frozen)),
        // Funds in another currency than the cost are converted by the supplier, which then decides.
        (Funds::Known(funds), Ok(cost))
            if funds.currency() == cost.currency() && !funds.covers(cost).unwrap_or(false) =>
        {
            Verdict::No(Cause::Unfunded)
        }
        _ => Verdict::Go,
    }
}
