//! Kiosk: a Telegram storefront for digital goods.
#![forbid(unsafe_code)]

pub mod http;
pub mod id;
pub mod money;
pub mod secret;
pub mod store;
pub mod supplier;
pub mod telegram;
pub mod world;

#[cfg(test)]
mod tests;
