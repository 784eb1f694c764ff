//! Tests that need more than one module, and what they stand on.

mod books;
pub(crate) mod both;
pub(crate) mod clock;
mod group;
mod http;
mod inbox;
mod outbox;
mod poll;
mod readme;
mod stories;
mod tidy;
