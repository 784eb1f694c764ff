//! Kiosk: a Telegram storefront for digital goods.
//!
//! Buyers find a product by chat command or inline search, pay from a wallet or with crypto, and get their
//! codes privately. Admins run the shop from the same chat app.
//!
//! # The way through the house
//!
//! ```text
//! Telegram ─▶ telegram::inbox ─▶ bot ─▶ shop ─▶ ledger · order · catalog ─▶ supplier ─▶ delivery ─▶ telegram::outbox ─▶ Telegram
//!             stored first       words   rules    rows                       HTTP         parcels     polite sending
//! ```
//!
//! Stages meet in the database, not in call stacks. [`shop::Shop::pay`] commits an order with its money reserved
//! and returns; [`order::tick::place`] picks it up and calls the supplier; [`delivery::tick::parcels`] picks up what
//! that left and sends it. A crash between stages loses nothing: the next stage reads the row again. No transaction
//! is open during an HTTP call.
//!
//! # What always holds
//!
//! 1. Every posting sums to zero, and postings are append-only ([`ledger`]).
//! 2. No wallet and no reservation is ever negative.
//! 3. The money of an order is not yet taken, reserved, spent or returned; a partial fill splits it, and the
//!    parts add up.
//! 4. A code belongs to one order, and an order has at most one set of codes.
//! 5. A supplier is asked to sell for an order at most once, unless it honours idempotency keys or has said
//!    definitely that nothing was sold ([`order::state`]).
//! 6. Only a definite refusal returns money. What cannot be read or was not answered is asked about.
//! 7. A code leaves the program only towards its buyer's private chat, and is in no log ([`secret`]).
//! 8. What comes twice has the effect of once: an update by its number, a press by its quote, a posting by its key.
//! 9. When faults stop, every order ends, or waits as `stuck` with an admin told about it.
//!
//! # The map
//!
//! | module | holds |
//! |---|---|
//! | [`money`], [`id`], [`secret`], [`world`], [`store`], [`locale`], [`config`] | the base: amounts, identities, codes and sealing, what a test replaces, the door to both databases, words, settings |
//! | [`ledger`], [`catalog`], [`supplier`], [`people`], [`notice`] | rows and upstreams: the books, what is for sale, who sells it to us, who buys it, what is owed in words |
//! | [`order`] | the order machine, its rows and its worker |
//! | [`delivery`] | parcels, screens and notices on their way |
//! | [`shop`], [`desk`] | what a buyer may do, what an admin may do |
//! | [`telegram`] | updates in, requests out |
//! | [`bot`], [`http`] | the tree of handlers and its screens; health, metrics and the webhook |
//! | [`runner`], [`check`] | the running shop, and looking whether it could run |
//! | `demo` | strict stand-ins for Telegram and the suppliers, and the guided tour |
//!
//! Imports go one way, from the last row to the first; a test reads the `use` lines.
//!
//! # Three walkthroughs
//!
//! **A purchase that is answered at once** (One4All). The buyer writes `/buy 12`: [`bot::purchase`] asks
//! [`shop::Shop::quote`] for a price, which is written down for ten minutes. *Pay from wallet* carries the quote's id;
//! [`shop::Shop::pay`] makes the order and moves its price from `wallet:<buyer>` to `held:<order>` in one
//! transaction; a second press finds the order there. [`order::tick::place`] claims it, looks at live stock, cost and
//! our funds, commits that a request may now be out, and sends it under the order's idempotency key. The codes come
//! back, are sealed into a parcel, `held` becomes `sales`, and the order is fulfilled, all in one transaction.
//! [`delivery::tick::parcels`] opens the parcel and sends it; the screen says *delivered*.
//!
//! **A purchase that is paid on a crypto invoice and polled** (the account shop). The press carries the coin. Nothing is
//! reserved: the buyer pays the supplier. [`order::tick::place`] gets an address and an amount; the order awaits its
//! payment and its screen becomes a picture with a caption. [`order::tick::check`] asks how far it is, the same
//! message is edited, and when the supplier says it is complete one of the few allowed lookups fetches the
//! credentials. From there it is a parcel like any other.
//!
//! **A top-up**. An admin writes `/topup @bo 10`. The gate knows the admin by id; [`desk::Desk::adjust`] posts
//! `topups ─▶ wallet:<buyer>` under the update's number, owes the buyer the news, and commits. The same update seen
//! again finds the posting and says the same again. *Undo* posts the reverse, once, if the wallet still covers it.
#![forbid(unsafe_code)]

pub mod bot;
pub mod catalog;
pub mod check;
pub mod config;
pub mod delivery;
#[cfg(any(test, feature = "demo"))]
pub mod demo;
pub mod desk;
pub mod http;
pub mod id;
pub mod ledger;
pub mod locale;
pub mod money;
pub mod notice;
pub mod order;
pub mod people;
pub mod runner;
pub mod secret;
pub mod shop;
pub mod store;
pub mod supplier;
pub mod telegram;
pub mod world;

#[cfg(test)]
mod tests;
