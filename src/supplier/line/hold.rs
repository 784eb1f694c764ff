//! How long a `429` asks us to wait.

use std::time::Duration;

use rust_decimal::Decimal;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::money::parse_decimal;
use crate::world::{Moment, Response};

/// The shortest wait after a `429`, also if it says zero.
pub const HOLD_MIN: Duration = Duration::from_secs(1);
/// The longest wait after a `429`; beyond that the upstream, or its clock, is taken to be wrong.
pub const HOLD_MAX: Duration = Duration::from_hours(1);

/// Header names other than `Retry-After` seen for the end of a limit's window. Nobody documents which
/// one our upstreams use, so both are read and neither is needed.
const RESETS: [&str; 2] = ["ratelimit-reset", "x-ratelimit-reset"];
/// A reset beyond so many seconds is not a wait but a Unix time.
const UNIX_FROM: i64 = 1_000_000_000;
/// A Unix time beyond so many is in milliseconds.
const UNIX_MILLIS_FROM: i64 = 1_000_000_000_000;

/// The wait a response asks for, if it can be read: `Retry-After` as seconds or as an HTTP date
/// (RFC 9110, section 10.2.3), otherwise a reset as seconds or as Unix time.
pub(super) fn retry_after(response: &Response, now: Moment) -> Option<Duration> {
    let wanted = response.header("retry-after").and_then(|text| seconds(text).or_else(|| until_date(text, now)));
    wanted.or_else(|| RESETS.iter().find_map(|name| until_reset(response.header(name)?, now)))
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds = parse_decimal(text).ok().filter(|seconds| !seconds.is_sign_negative())?;
    let millis = seconds.checked_mul(Decimal::from(1000))?.ceil();
    Some(Duration::from_millis(u64::try_from(millis).ok()?))
}

fn until_date(text: &str, now: Moment) -> Option<Duration> {
    let date = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?;
    Some(Moment::from_millis(date.unix_timestamp().checked_mul(1000)?).since(now))
}

fn until_reset(text: &str, now: Moment) -> Option<Duration> {
    let number = parse_decimal(text).ok()?.trunc();
    let number = i64::try_from(number).ok()?;
    if number < UNIX_FROM {
        return seconds(text);
    }
    let millis = if number < UNIX_MILLIS_FROM { number.checked_mul(1000)? } else { number };
    Some(Moment::from_millis(millis).since(now))
}
