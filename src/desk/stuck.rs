//! The orders only a person can decide.

use crate::delivery::parcel;
use crate::desk::{Desk, DeskError, Refusal};
use crate::id::{OrderNo, TelegramId};
use crate::ledger::{self, Actor, LedgerError};
use crate::money::Money;
use crate::order::records::{self, Next, work_of};
use crate::order::state::{Cause, State};
use crate::order::{Order, OrderError};
use crate::store::{StoreError, Tx};

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing was sold: the money goes back.
    Refund,
    /// The codes kept with the order are what the buyer gets, and pays for.
    Deliver,
    /// The supplier is asked about it once more.
    Retry,
}

impl Decision {
    /// Reads the word an admin writes.
    pub fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "refund" => Some(Self::Refund),
            "deliver" => Some(Self::Deliver),
            "retry" => Some(Self::Retry),
            _ => None,
        }
    }
}

/// An order that waits, with what is kept of it.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The order.
    pub order: Order,
    /// How many codes came and are kept, sealed.
    pub kept: Option<u32>,
}

impl Desk {
    /// How many waiting orders are shown at once.
    const STUCK_SHOWN: u32 = 8;

    /// The orders that wait for a person, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn stuck(&self) -> Result<Vec<Waiting>, DeskError> {
        let mut tx = self.db.read().await?;
        let mut waiting = Vec::new();
        for order in records::stuck(&mut tx, Self::STUCK_SHOWN).await? {
            let kept = parcel::kept(&mut tx, order.id).await?;
            waiting.push(Waiting { order, kept });
        }
        Ok(waiting)
    }

    /// Carries out what a person decided about a waiting order. Decided twice, it counts once: the second time
    /// the order no longer waits.
    ///
    /// # Errors
    /// [`Refusal::NotStuck`], [`Refusal::NothingKept`].
    pub async fn resolve(&self, admin: TelegramId, no: OrderNo, decision: Decision) -> Result<Order, DeskError> {
        let now = self.world.now();
        let mut tx = self.db.begin().await?;
        let order = records::by_no(&mut tx, no).await?;
        let order = order.filter(|order| matches!(order.state, State::Stuck { .. })).ok_or(Refusal::NotStuck)?;
        let state = order.state.clone();
        let illegal = |error: crate::order::state::IllegalMove| DeskError::from(OrderError::from(error));
        let state = match decision {
            Decision::Refund => state.give_back(Cause::ByAdmin).map_err(illegal)?,
            Decision::Retry => state.reopen(order.created_at).map_err(illegal)?,
            Decision::Deliver => {
                let kept = parcel::kept(&mut tx, order.id).await?.filter(|kept| *kept > 0);
                state.fulfil(kept.ok_or(Refusal::NothingKept)?).map_err(illegal)?
            }
        };
        let work = work_of(&state).map(|work| (work, now));
        let next =
            Next { state: state.clone(), work, tell_at: Some(now), attempts: 0, key: order.key, reference: None };
        if !records::advance(&mut tx, &order, &next, now).await? {
            return Err(Refusal::NotStuck.into());
        }
        self.settle(&mut tx, &order, &state, admin).await?;
        tx.commit().await?;
        self.bells.orders(&order.deal.supplier).notify_one();
        self.bells.parcels().notify_one();
        self.bells.screens().notify_one();
        tracing::info!(order = %order.no, state = state.word(), "a person decided about an order");
        Ok(Order { state, ..order })
    }

    /// Moves the money and the parcel as decided.
    async fn settle(&self, tx: &mut Tx, order: &Order, state: &State, admin: TelegramId) -> Result<(), DeskError> {
        let total = order.deal.total;
        let earned = match state {
            State::Fulfilled { count } => {
                parcel::release(tx, order.id, self.world.now()).await?;
                let due = order.deal.unit_price.times((*count).min(order.deal.quantity));
                due.map_err(LedgerError::from)?
            }
            State::Returned(_) => Money::zero(total.currency()),
            _ => return Ok(()),
        };
        if !order.payment.is_past_us() {
            ledger::settle(tx, &self.world, order.buyer, order.id, earned, Actor::Admin(admin)).await?;
        }
        Ok(())
    }
}

impl From<OrderError> for DeskError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::Ledger(error) => Self::Ledger(error),
            OrderError::Store(error) => Self::Store(error),
            OrderError::Illegal(_) | OrderError::Moved => Self::Refused(Refusal::NotStuck),
            OrderError::Seal(_) => Self::Store(StoreError::Row("parcels.sealed".into())),
        }
    }
}
