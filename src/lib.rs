//! Kiosk: a Telegram storefront for digital goods.
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "demo"))]
pub mod demo;
pub mod id;
pub mod money;
pub mod secret;
pub mod store;
pub mod supplier;
pub mod world;
