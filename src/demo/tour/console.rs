//! `kiosk demo --stay`: lines from the terminal act for the people of the tour.

use std::io::BufRead as _;

use anyhow::{Context as _, Result};
use futures::future::{Either, select};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc;

use super::tell::Teller;
use super::{BO, MEI};
use crate::demo::account_shop::Paid;
use crate::demo::stage::{ADMIN, Scenery};

/// What can be typed.
pub(super) const HELP: &str = "   Type a line to act for somebody, for example\n   \
     ada: /desk           bo: /shop            bo: [Buy]            mei: @gmail\n   \
     pay                  confirm              (the newest crypto invoice, on its chain)";

/// Lines that may wait to be acted on.
const LINES_MAX: usize = 16;
/// How long an answer to an inline query may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells what happens and does what is typed, for as long as it is polled.
pub(super) async fn stay(teller: &mut Teller, scenery: &Scenery) {
    let mut lines = typed();
    loop {
        let line = {
            let going = pin!(teller.go_on());
            let line = pin!(lines.recv());
            match select(line, going).await {
                Either::Left((line, _)) => line,
                Either::Right(_) => return,
            }
        };
        match line {
            Some(line) if line.trim().is_empty() => {}
            Some(line) => {
                if let Err(error) = act(teller, scenery, line.trim()).await {
                    teller.note(&format!("{error:#}"));
                }
            }
            // Nothing can be typed any more, as when a script started the tour.
            None => teller.go_on().await,
        }
    }
}

/// The lines typed. A thread of its own reads them, because a runtime would wait for it at the end.
fn typed() -> mpsc::Receiver<String> {
    let (send, lines) = mpsc::channel(LINES_MAX);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

async fn act(teller: &mut Teller, scenery: &Scenery, line: &str) -> Result<()> {
    let Scenery { telegram, account_shop, .. } = scenery;
    if line == "pay" || line == "confirm" {
        let order = account_shop.orders().pop().context("nobody has an invoice")?.order_no;
        let done = if line == "pay" { account_shop.pay(&order, Paid::Exact) } else { account_shop.confirm(&order) };
        teller.note(&format!("{order}: {}", if done { "done" } else { "not in a state for that" }));
        return Ok(());
    }
    let (who, what) = line.split_once(':').context(HELP)?;
    let (who, what) = (who.trim(), what.trim());
    let who = match who.to_lowercase().as_str() {
        "ada" => ADMIN,
        "bo" => BO,
        "mei" => MEI,
        _ => who.parse().ok().context(HELP)?,
    };
    if let Some(words) = what.strip_prefix('@') {
        let answer = telegram.inline(who, words, PATIENCE).await.context("no answer")?;
        teller.offered(who, &answer);
    } else if let Some(label) = what.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        telegram.press_newest(who, who, label)?;
    } else {
        telegram.say(who, who, what);
    }
    Ok(())
}
