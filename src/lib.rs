//! Kiosk: a Telegram storefront for digital goods.
#![forbid(unsafe_code)]

pub mod catalog;
pub mod config;
pub mod id;
pub mod locale;
pub mod money;
pub mod secret;
pub mod store;
pub mod supplier;
pub mod world;

#[cfg(test)]
mod tests;
