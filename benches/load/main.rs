//! A load run: the real binary, as a process of its own, against the stand-ins in this one, over HTTP on the
//! loopback interface, with a database file at `synchronous=FULL`. The suppliers' limits are lifted on both sides.
//!
//! ```text
//! cargo bench --bench load                                  everything but the million
//! cargo bench --bench load -- sales stop                    some parts
//! cargo bench --bench load -- past --past-orders 1000000    sales with so many orders in the database
//! ```
//!
//! Buyers, stand-ins and shop share the processors, so the figures are what is left for the shop, not what it
//! could do alone. Percentiles are exact, from all measurements sorted.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a benchmark measures by the machine's clock, prints, and has no one to hand an error to"
)]

mod child;
mod crowd;
mod parts;
mod past;

use std::time::Duration;

/// What is measured when nothing is named.
const PARTS: [&str; 6] = ["start", "memory", "updates", "inline", "sales", "burst"];

/// One line of the table.
pub struct Line {
    what: String,
    target: &'static str,
    measured: String,
}

impl Line {
    /// A figure with the figure it should reach.
    pub fn new(what: impl Into<String>, target: &'static str, measured: impl Into<String>) -> Self {
        let line = Self { what: what.into(), target, measured: measured.into() };
        line.print();
        line
    }

    fn print(&self) {
        println!("{:<58} {:<12} {}", self.what, self.target, self.measured);
    }
}

/// The value below which `per_mille` of a thousand lie.
pub fn percentile(times: &mut [Duration], per_mille: usize) -> Duration {
    times.sort_unstable();
    let place = times.len().saturating_mul(per_mille).div_ceil(1000).max(1) - 1;
    times.get(place).copied().unwrap_or_default()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let past = words.iter().position(|word| word == "--past-orders").and_then(|at| words.get(at + 1));
    let past = past.map_or(1_000_000, |count| count.parse::<i64>().expect("a number of past orders"));
    let named: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| word.starts_with(|c: char| c.is_alphabetic())).collect();
    let chosen = if named.is_empty() { PARTS.to_vec() } else { named };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut lines = Vec::new();
    for part in chosen {
        lines.extend(runtime.block_on(async {
            match part {
                "start" => parts::start().await,
                "memory" => parts::memory().await,
                "updates" => parts::updates().await,
                "inline" => parts::inline().await,
                "sales" => parts::sales().await,
                "burst" => parts::burst().await,
                "past" => parts::sales_with_a_past(past).await,
                other => {
                    println!("there is no part {other:?}; there are {PARTS:?} and \"past\"");
                    Vec::new()
                }
            }
        }));
    }
    println!("\n{:<58} {:<12} measured", "what", "target");
    lines.iter().for_each(Line::print);
}
