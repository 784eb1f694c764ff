//! Telling Telegram where to bring updates.
//!
//! Every replica does it at start; they all say the same, so it does not matter who is last.

use std::time::Duration;

use tokio::sync::watch;

use super::{SendFailure, Telegram};
use crate::world::World;

/// The wait after the first failure; doubled after each.
const BACKOFF_MIN: Duration = Duration::from_millis(500);
/// The longest wait between two tries.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// Sets the webhook, trying until Telegram takes it or `stop` turns true.
pub async fn register(telegram: &Telegram, world: &World, url: &str, mut stop: watch::Receiver<bool>) {
    let mut wait = BACKOFF_MIN;
    loop {
        let mut pause = world.entropy.jittered(wait);
        match telegram.set_webhook(url).await {
            Ok(()) => {
                tracing::info!("webhook set");
                return;
            }
            Err(failure) => {
                tracing::error!(failure = failure.word(), "Telegram does not take the webhook");
                if let SendFailure::TooManyRequests(asked) = failure {
                    pause = asked;
                }
            }
        }
        tokio::select! {
            () = world.clock.sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        wait = wait.saturating_mul(2).min(BACKOFF_MAX);
    }
}
