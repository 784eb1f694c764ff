//! Strict stand-ins for Telegram and the suppliers, behind the feature `demo`.
//!
//! They are real HTTP servers on the loopback interface, so the tour, the stories in the tests and a
//! load run exercise the very client code that runs in production. Each is written from its
//! upstream's contract, not from what the shop happens to send: a missing field, a key used twice
//! for two things, a text too long or a call too soon is answered as the contract says, never let
//! through. Where a contract is silent, the module says which answer was chosen.
//!
//! * [`telegram`]: the Bot API, and a handle to act and read as people do.
//! * [`one4all`]: the code marketplace with its wallet and idempotency keys.
//! * [`account_shop`]: the account shop with its crypto orders and its sparing lookup.
//!
//! All three share one way to be broken on purpose, [`Fault`], and one way to count what was asked.
//!
//! They bind loopback addresses, keep everything in memory, and do not survive their process.

pub mod account_shop;
mod faults;
pub mod one4all;
pub mod stage;
pub mod telegram;
pub mod tour;
mod wire;

pub use faults::{Canned, Fault, Gate};
