//! Kiosk: a Telegram storefront for digital goods.
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
