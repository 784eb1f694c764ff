//! Orders: one purchase each, from the press on Pay to the parcel.
//!
//! [`state`] holds the machine, pure; [`records`] its rows; [`tick`] the worker that looks, submits, asks and
//! settles. [`place_order`] is the way in: one transaction that makes the order and sets the money aside.

mod answer;
pub mod look;
pub mod records;
mod settle;
pub mod state;
pub mod tick;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::catalog::{Catalog, Suppliers};
use crate::id::{BuyerId, IdempotencyKey, OrderId, OrderNo, ProductNo, QuoteId, TelegramId};
use crate::ledger::{self, LedgerError};
use crate::money::{Money, Rate, UnitCost};
use crate::secret::{KeyRing, SealError};
use crate::store::{Db, StoreError, Tx};
use crate::supplier::{Payment, Placement, SupplierName};
use crate::world::{Moment, World};

use state::{IllegalMove, State};

/// What the order worker needs.
#[derive(Clone, Debug)]
pub struct Works {
    /// Time, randomness, network.
    pub world: World,
    /// The database.
    pub db: Db,
    /// Products, prices and suppliers.
    pub catalog: Catalog,
    /// Seals codes before they touch the database.
    pub keys: Arc<KeyRing>,
    /// Whom to tell when a person is needed.
    pub admins: Arc<Vec<TelegramId>>,
    /// What was looked at lately.
    pub looks: Arc<look::Looks>,
    /// Wakes the other workers when there is something for them.
    pub bells: Bells,
}

/// Wakes workers that have nothing to do. A lost ring costs nothing but time: every worker also comes back
/// by itself.
#[derive(Clone, Debug)]
pub struct Bells(Arc<BellBoard>);

#[derive(Debug)]
struct BellBoard {
    orders: HashMap<SupplierName, Notify>,
    parcels: Notify,
    screens: Notify,
    notices: Notify,
    nobody: Notify,
}

impl Bells {
    /// A bell for the workers of each supplier, and one each for parcels, screens and notices.
    pub fn new(suppliers: &Suppliers) -> Self {
        let orders = suppliers.iter().map(|supplier| (supplier.terms().name.clone(), Notify::new())).collect();
        let quiet = Notify::new;
        Self(Arc::new(BellBoard { orders, parcels: quiet(), screens: quiet(), notices: quiet(), nobody: quiet() }))
    }

    /// A supplier's workers.
    pub fn orders(&self, supplier: &SupplierName) -> &Notify {
        self.0.orders.get(supplier).unwrap_or(&self.0.nobody)
    }

    /// Those who deliver parcels.
    pub fn parcels(&self) -> &Notify {
        &self.0.parcels
    }

    /// Those who keep screens up to date.
    pub fn screens(&self) -> &Notify {
        &self.0.screens
    }

    /// Those who tell notices.
    pub fn notices(&self) -> &Notify {
        &self.0.notices
    }
}

/// What was agreed with the buyer: never changes once the order exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    /// The product.
    pub product: ProductNo,
    /// Who sells it to us.
    pub supplier: SupplierName,
    /// The supplier's identity for it.
    pub sku: String,
    /// The supplier's identity for its category, for the live look.
    pub category_id: String,
    /// The name the buyer saw.
    pub title: String,
    /// How many pieces.
    pub quantity: u32,
    /// What a piece costs the buyer.
    pub unit_price: Money,
    /// What all pieces cost the buyer.
    pub total: Money,
    /// What a piece cost us when it was quoted.
    pub unit_cost: UnitCost,
    /// The rate it was quoted with.
    pub rate: Rate,
    /// A coupon to pass through to the supplier.
    pub coupon: Option<String>,
}

/// The message that shows an order, edited as it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// The chat it is in.
    pub chat: TelegramId,
    /// The message; `None` until one was sent.
    pub message: Option<i64>,
    /// Whether it is a picture with a caption instead of a text.
    pub picture: bool,
}

impl Screen {
    /// The word in rows.
    pub const fn word(self) -> &'static str {
        if self.picture { "picture" } else { "text" }
    }
}

/// An order as stored.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its identity.
    pub id: OrderId,
    /// The number people use.
    pub no: OrderNo,
    /// The quote it came from.
    pub quote: QuoteId,
    /// Who buys.
    pub buyer: BuyerId,
    /// What was agreed.
    pub deal: Deal,
    /// Who pays the supplier, and how.
    pub payment: Payment,
    /// Sent with every try of the purchase.
    pub key: IdempotencyKey,
    /// Where it stands.
    pub state: State,
    /// Counts its writes.
    pub version: i64,
    /// Tries in the present state.
    pub attempts: u32,
    /// The message that shows it.
    pub screen: Screen,
    /// When it was made.
    pub created_at: Moment,
    /// When it last moved.
    pub updated_at: Moment,
}

impl Order {
    /// The request to the supplier.
    pub fn placement(&self, placed_at: Moment) -> Placement {
        Placement {
            key: self.key,
            sku: self.deal.sku.clone(),
            quantity: self.deal.quantity,
            payment: self.payment,
            coupon: self.deal.coupon.clone(),
            placed_at,
        }
    }
}

/// A wish to buy, about to become an order.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The quote pressed.
    pub quote: QuoteId,
    /// Who pressed.
    pub buyer: BuyerId,
    /// What the quote promised.
    pub deal: Deal,
    /// How it is paid.
    pub payment: Payment,
    /// The message that shows it.
    pub screen: Screen,
}

/// Why an order could not be made or moved.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The machine does not allow this move.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    /// Somebody else moved it first.
    #[error("the order has moved meanwhile")]
    Moved,
    /// The books refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The codes could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes an order of a wish and sets the money aside. A quote that has an order already gives that order:
/// pressing Pay twice, or on two phones, buys once.
///
/// # Errors
/// [`LedgerError::NotCovered`] inside [`OrderError::Ledger`] if the wallet is too small; the caller drops
/// the transaction.
pub async fn place_order(tx: &mut Tx, world: &World, wish: &Wish) -> Result<(Order, bool), OrderError> {
    if let Some(order) = records::by_quote(tx, wish.quote).await? {
        return Ok((order, false));
    }
    let now = world.now();
    let state = if wish.payment.is_past_us() { State::accepted_past_us() } else { State::Reserved };
    let order = Order {
        id: OrderId::fresh(world),
        no: OrderNo::fresh(world.entropy.as_ref()),
        quote: wish.quote,
        buyer: wish.buyer,
        deal: wish.deal.clone(),
        payment: wish.payment,
        key: IdempotencyKey::fresh(world.entropy.as_ref()),
        state,
        version: 1,
        attempts: 0,
        screen: wish.screen,
        created_at: now,
        updated_at: now,
    };
    if !records::insert(tx, &order).await? {
        let order = records::by_quote(tx, wish.quote).await?.ok_or(OrderError::Moved)?;
        return Ok((order, false));
    }
    if !order.payment.is_past_us() {
        ledger::reserve(tx, world, order.buyer, order.id, order.deal.total).await?;
    }
    Ok((order, true))
}
