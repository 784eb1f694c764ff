//! What a buyer may do. Every request gives a reply or a [`Refusal`], in types; the bot finds the words.
//!
//! Nothing here talks to Telegram or a supplier's order endpoint: a purchase commits an order with its money
//! reserved and returns, and the order worker takes it from there. Whoever asks for an order, a quote or a
//! code is checked to own it, every time; a stranger gets the same answer as for something that does not exist.

pub mod account;
pub mod quote;

use std::sync::Arc;

use crate::catalog::{Catalog, Item};
use crate::id::{BuyerId, OrderNo, ProductNo, TelegramId};
use crate::ledger::{self, LedgerError, Movement};
use crate::money::Money;
use crate::order::state::State;
use crate::order::{self, Bells, Order, OrderError, Screen, Wish};
use crate::secret::{Codes, KeyRing, SealError};
use crate::store::{Db, StoreError, args};
use crate::supplier::{Payment, SupplierError};
use crate::world::World;

pub use quote::Quote;

/// The counter buyers stand at.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Time, randomness, network.
    pub world: World,
    /// The database.
    pub db: Db,
    /// Products, prices and suppliers.
    pub catalog: Catalog,
    /// Opens sealed codes for their owner.
    pub keys: Arc<KeyRing>,
    /// Wakes the workers.
    pub bells: Bells,
    /// Who runs the shop.
    pub admins: Arc<Vec<TelegramId>>,
}

/// A no that the buyer is told in words. Nothing was taken when one is given.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// There is no such product, or no longer.
    UnknownProduct,
    /// The product has no price just now.
    NotForSale,
    /// Too few are left; so many are.
    SoldOut {
        /// How many are left.
        left: u32,
    },
    /// The quantity is not a number between the limits.
    Quantity {
        /// The fewest.
        min: u32,
        /// The most.
        max: u32,
    },
    /// The quote is over; this is a new one, at today's price.
    QuoteExpired(Box<Quote>),
    /// The price, stock or product of a quote that is over no longer allows a new one.
    QuoteGone,
    /// Not this buyer's, or not there.
    NotYours,
    /// The wallet does not cover it.
    WalletTooSmall {
        /// What is in it.
        balance: Money,
        /// What is asked for.
        total: Money,
    },
    /// The product cannot be paid this way.
    NoSuchPayment,
    /// The buyer has as many unpaid invoices as one may have.
    InvoicesOpen,
    /// The order has no codes to show (yet).
    NothingToShow(Box<Order>),
    /// The supplier cannot be asked just now.
    Unavailable,
}

/// Why a request got neither a reply nor a refusal: for the log.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// The buyer is told no.
    #[error("refused")]
    Refused(Box<Refusal>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The books failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An order could not be made.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// Codes could not be opened.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<Refusal> for ShopError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

/// A wallet as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// What can be spent.
    pub balance: Money,
    /// What is set aside for orders under way.
    pub reserved: Money,
    /// The last movements, newest first.
    pub movements: Vec<Movement>,
}

impl Shop {
    /// How many unpaid invoices one buyer may have: each is a real order at the supplier that somebody polls.
    const INVOICES_MAX: i64 = 10;
    /// How many movements `/wallet` shows.
    const MOVEMENTS: u32 = 10;

    /// A product on the shelf.
    ///
    /// # Errors
    /// [`Refusal::UnknownProduct`].
    pub fn product(&self, no: ProductNo) -> Result<Item, ShopError> {
        self.catalog.item(no).ok_or_else(|| Refusal::UnknownProduct.into())
    }

    /// The wallet of a buyer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn wallet(&self, buyer: BuyerId) -> Result<Wallet, ShopError> {
        let currency = self.catalog.currency();
        let mut tx = self.db.read().await?;
        let balance = ledger::balance(&mut tx, buyer, currency).await?;
        let reserved = account::reserved(&mut tx, buyer, currency).await?;
        let movements = ledger::movements(&mut tx, buyer, currency, Self::MOVEMENTS).await?;
        Ok(Wallet { balance, reserved, movements })
    }

    /// What a buyer can spend.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn balance(&self, buyer: BuyerId) -> Result<Money, ShopError> {
        let mut tx = self.db.read().await?;
        Ok(ledger::balance(&mut tx, buyer, self.catalog.currency()).await?)
    }

    /// The ways the product of a quote can be paid past the wallet, now.
    ///
    /// # Errors
    /// [`Refusal::NoSuchPayment`] if there are none, [`Refusal::Unavailable`] if the supplier does not answer.
    pub async fn payments(&self, quote: &Quote) -> Result<Vec<Payment>, ShopError> {
        let supplier = self.catalog.suppliers().get(&quote.deal.supplier);
        let supplier = supplier.filter(|supplier| supplier.terms().invoices).ok_or(Refusal::NoSuchPayment)?;
        match supplier.payments().await {
            Ok(payments) if payments.is_empty() => Err(Refusal::NoSuchPayment.into()),
            Ok(payments) => Ok(payments),
            Err(error @ (SupplierError::Refused(_) | SupplierError::Garbled(_))) => {
                tracing::warn!(supplier = %quote.deal.supplier, %error, "ways of paying not readable");
                Err(Refusal::NoSuchPayment.into())
            }
            Err(_) => Err(Refusal::Unavailable.into()),
        }
    }

    /// Makes the order of a quote: once, however often it is pressed.
    ///
    /// # Errors
    /// The refusals of [`Quote`] lookups, [`Refusal::UnknownProduct`] if it is gone, [`Refusal::NoSuchPayment`] and
    /// [`Refusal::WalletTooSmall`].
    pub async fn pay(&self, quote: &Quote, payment: Payment, screen: Screen) -> Result<Order, ShopError> {
        let mut tx = self.db.begin().await?;
        if let Some(order) = order::records::by_quote(&mut tx, quote.id).await? {
            return Ok(order);
        }
        if quote.is_over(self.world.now()) {
            drop(tx);
            return Err(self.renewed(quote).await);
        }
        let ways = self.product(quote.deal.product)?.ways;
        let offered = if payment.is_past_us() { ways.crypto } else { ways.wallet };
        if !offered {
            return Err(Refusal::NoSuchPayment.into());
        }
        if payment.is_past_us() && account::open_invoices(&mut tx, quote.buyer).await? >= Self::INVOICES_MAX {
            return Err(Refusal::InvoicesOpen.into());
        }
        let wish = Wish { quote: quote.id, buyer: quote.buyer, deal: quote.deal.clone(), payment, screen };
        match order::place_order(&mut tx, &self.world, &wish).await {
            Ok((order, _)) => {
                tx.commit().await?;
                self.bells.orders(&order.deal.supplier).notify_one();
                Ok(order)
            }
            Err(OrderError::Ledger(LedgerError::NotCovered)) => {
                drop(tx);
                let balance = self.balance(quote.buyer).await?;
                Err(Refusal::WalletTooSmall { balance, total: quote.deal.total }.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The refusal for a quote that is over: a new one where there can be one.
    async fn renewed(&self, quote: &Quote) -> ShopError {
        let deal = &quote.deal;
        match self.quote(quote.buyer, deal.product, deal.quantity, deal.coupon.clone()).await {
            Ok(fresh) => Refusal::QuoteExpired(Box::new(fresh)).into(),
            Err(ShopError::Refused(_)) => Refusal::QuoteGone.into(),
            Err(error) => error,
        }
    }

    /// A buyer's order by its number.
    ///
    /// # Errors
    /// [`Refusal::NotYours`] also if there is none.
    pub async fn order(&self, buyer: BuyerId, no: OrderNo) -> Result<Order, ShopError> {
        let mut tx = self.db.read().await?;
        let order = order::records::by_no(&mut tx, no).await?;
        order.filter(|order| order.buyer == buyer).ok_or_else(|| Refusal::NotYours.into())
    }

    /// A page of a buyer's orders, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn orders(&self, buyer: BuyerId, limit: u32, offset: u32) -> Result<Vec<Order>, ShopError> {
        let mut tx = self.db.read().await?;
        Ok(order::records::of_buyer(&mut tx, buyer, limit, offset).await?)
    }

    /// The codes of a buyer's order, opened for its owner.
    ///
    /// # Errors
    /// [`Refusal::NotYours`], [`Refusal::NothingToShow`].
    pub async fn codes(&self, buyer: BuyerId, no: OrderNo) -> Result<(Order, Codes), ShopError> {
        let order = self.order(buyer, no).await?;
        if !matches!(order.state, State::Fulfilled { .. } | State::Delivered { .. }) {
            return Err(Refusal::NothingToShow(Box::new(order)).into());
        }
        let mut tx = self.db.read().await?;
        let parcel = crate::delivery::parcel::of_order(&mut tx, order.id).await?;
        drop(tx);
        let Some(parcel) = parcel else { return Err(Refusal::NothingToShow(Box::new(order)).into()) };
        let codes = parcel.open(&self.keys)?;
        Ok((order, codes))
    }

    /// Puts a buyer on the list of those who hear when a product is back.
    ///
    /// # Errors
    /// [`Refusal::UnknownProduct`].
    pub async fn watch(&self, buyer: BuyerId, no: ProductNo) -> Result<Item, ShopError> {
        let item = self.product(no)?;
        let mut tx = self.db.begin().await?;
        tx.execute(
            "INSERT INTO watches (buyer_id, product_no) VALUES ($1, $2) ON CONFLICT (buyer_id, product_no) DO NOTHING",
            args![buyer, no],
        )
        .await?;
        tx.commit().await?;
        Ok(item)
    }
}
