//! Delivery: parcels on their way to buyers, screens brought up to date, notices told.
//!
//! A parcel is sent at least once: a crash between sending and marking sends it again, to the same buyer.
//! A buyer who cannot be reached (never started the bot, or blocked it) finds the parcel waiting: it is due
//! again when they come back. What carries the messages is a [`Courier`]; this module knows no Telegram.

pub mod parcel;
pub mod tick;

use async_trait::async_trait;

use crate::id::TelegramId;
use crate::notice::News;
use crate::order::{Order, Screen};

pub use parcel::{Labels, Piece};

/// Why something did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The person cannot be reached until they come back.
    #[error("the person cannot be reached")]
    Unreachable,
    /// It can never be sent as it is; trying again does not help.
    #[error("refused for good")]
    Refused,
    /// Not now.
    #[error("not now")]
    Later,
}

/// Puts things into words and carries them to people.
#[async_trait]
pub trait Courier: Send + Sync {
    /// The words around the codes of a parcel. They hold no code.
    fn labels(&self, language: &str, order: &Order, count: u32) -> Labels;

    /// Sends the pieces of a parcel, in order, to one person's private chat.
    async fn send(&self, to: TelegramId, pieces: Vec<Piece>) -> Result<(), Undelivered>;

    /// Shows where an order stands, in its screen or a new one; gives the screen that shows it now.
    async fn show(&self, language: &str, to: TelegramId, order: &Order) -> Result<Screen, Undelivered>;

    /// Tells a piece of news; gives the message that carries it.
    async fn tell(&self, language: &str, to: TelegramId, news: &News) -> Result<i64, Undelivered>;
}
