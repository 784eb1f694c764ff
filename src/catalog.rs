//! What the shop sells.

pub mod search;
