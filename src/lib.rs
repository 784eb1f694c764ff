//! Kiosk: a Telegram storefront for digital goods.
#![forbid(unsafe_code)]

pub mod id;
pub mod money;
pub mod secret;
pub mod store;
pub mod supplier;
pub mod world;
pub mod shop;
pub mod delivery;
pub mod catalog;
pub mod ledger;
pub mod notice;
pub mod order;
pub mod people;
