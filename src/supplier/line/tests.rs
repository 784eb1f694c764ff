//! The line under a clock turned by hand.
#![expect(clippy::arithmetic_side_effects, reason = "a test may overflow, and then fails")]

use std::sync::Arc;

use super::super::script::{BEGIN, Script, answer, answer_with};
use super::*;
use crate::world::{Clock as _, Method};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

fn limits(requests: u32, purchases: u32) -> Limits {
    Limits {
        requests: Some(Limit { count: requests, window: MINUTE }),
        purchases: Some(Limit { count: purchases, window: 10 * SECOND }),
        per_subject: Some(Limit { count: 2, window: MINUTE }),
        purchases_are_requests: true,
        hold_default: 7 * SECOND,
    }
}

fn line(script: &Arc<Script>, limits: Limits) -> Line {
    Line::new(SupplierName::from("test"), limits, script.world())
}

fn to(path: &str) -> Request {
    let url = format!("https://up.example/api{path}");
    Request { method: Method::Get, url, headers: Vec::new(), json: None, timeout: SECOND }
}

fn wait_of<T: std::fmt::Debug>(answer: Result<T, SupplierError>) -> (Hold, Duration) {
    match answer {
        Err(SupplierError::NotSent { why, retry_in: Some(wait) }) => (why, wait),
        other => panic!("{other:?}"),
    }
}

/// Sends for ten minutes as fast as it is let, turning the clock by what it is told to wait.
async fn hammer(script: &Arc<Script>, line: &Line, path: &str, purpose: Purpose<'_>) -> usize {
    let mut sent = 0;
    for _ in 0..20_000 {
        if script.clock.now().since(BEGIN) >= 10 * MINUTE {
            return sent;
        }
        match line.send(to(path), purpose).await {
            Ok(_) => sent += 1,
            other => script.clock.turn(wait_of(other).1),
        }
    }
    panic!("let through {sent} times without the clock moving on");
}

#[tokio::test]
async fn no_window_ever_holds_more_than_allowed() {
    for latency in [0, 3, 999, 4_000] {
        let script = Script::new();
        script.always(answer(200, "{}")).takes(Duration::from_millis(latency));
        let sent = hammer(&script, &line(&script, limits(60, 5)), "/r", Purpose::Sale).await;
        assert!(script.most("/r", MINUTE) <= 60);
        assert!(latency > 999 || sent > 500, "only {sent} in ten minutes at {latency} ms");
        let script = Script::new();
        script.always(answer(200, "{}")).takes(Duration::from_millis(latency));
        hammer(&script, &line(&script, limits(60, 5)), "/p", Purpose::Purchase).await;
        assert!(script.most("/p", 10 * SECOND) <= 5);
        assert!(script.most("/p", MINUTE) <= 60);
    }
    assert_eq!(limits(60, 5).purchases.map(|limit| limit.count), Some(5));
}

#[tokio::test]
async fn requests_in_flight_keep_their_places() {
    let script = Script::new();
    let line = line(&script, limits(60, 5));
    let tickets: Vec<_> = (0..5).map(|_| line.admit(Purpose::Purchase).unwrap()).collect();
    script.clock.turn(11 * SECOND);
    assert!(line.admit(Purpose::Purchase).is_err(), "none of the five has arrived for certain");
    drop(tickets);
    script.clock.turn(10 * SECOND);
    assert!(line.admit(Purpose::Purchase).is_err(), "they may all have arrived a moment ago");
    script.clock.turn(WINDOW_MARGIN);
    assert!(line.admit(Purpose::Purchase).is_ok());
}

#[tokio::test]
async fn the_background_leaves_half_to_sales() {
    let script = Script::new();
    script.always(answer(200, "{}"));
    let line = line(&script, limits(10, 5));
    let mut sent = 0;
    while line.send(to("/r"), Purpose::Background).await.is_ok() {
        sent += 1;
    }
    assert_eq!(sent, 5);
    assert_eq!(line.capacity().purchases, 5);
    for _ in 0..5 {
        line.send(to("/p"), Purpose::Purchase).await.unwrap();
    }
    assert_eq!(line.capacity(), Capacity { purchases: 0, retry_in: MINUTE + WINDOW_MARGIN, calm: false });
    assert_eq!(wait_of(line.send(to("/r"), Purpose::Sale).await), (Hold::RateLimited, MINUTE + WINDOW_MARGIN));
}

#[tokio::test]
async fn purchases_under_an_agreement_leave_the_requests_alone() {
    let script = Script::new();
    script.always(answer(200, "{}"));
    let line = line(&script, Limits { purchases_are_requests: false, ..limits(10, 50) });
    for _ in 0..50 {
        line.send(to("/p"), Purpose::Purchase).await.unwrap();
    }
    assert!(line.send(to("/p"), Purpose::Purchase).await.is_err());
    assert!(line.send(to("/r"), Purpose::Sale).await.is_ok());
}

#[tokio::test]
async fn a_subject_has_a_limit_of_its_own() {
    let script = Script::new();
    script.always(answer(200, "{}"));
    let line = line(&script, limits(60, 5));
    for _ in 0..2 {
        line.send(to("/a"), Purpose::About("a")).await.unwrap();
    }
    assert_eq!(wait_of(line.send(to("/a"), Purpose::About("a")).await).0, Hold::RateLimited);
    line.send(to("/b"), Purpose::About("b")).await.unwrap();
    script.clock.turn(MINUTE + WINDOW_MARGIN);
    line.send(to("/a"), Purpose::About("a")).await.unwrap();
    assert_eq!(line.state().subjects.len(), 1, "what is over is forgotten");
}

#[tokio::test]
async fn a_429_holds_the_line_for_as_long_as_it_says() {
    for (header, wait_ms) in [
        (("retry-after", "12"), 12_000),
        (("retry-after", "1.5"), 1_500),
        (("retry-after", "0"), 1_000),
        (("retry-after", "999999999"), 3_600_000),
        (("retry-after", "Wed, 25 Feb 2026 12:00:30 GMT"), 30_000),
        (("retry-after", "soon"), 7_000),
        (("ratelimit-reset", "20"), 20_000),
        (("x-ratelimit-reset", "1772020840"), 40_000),
        (("x-ratelimit-reset", "1772020850000"), 50_000),
        (("server", "x"), 7_000),
    ] {
        let script = Script::new();
        script.then(answer_with(429, header, "{}")).always(answer(200, "{}"));
        let line = line(&script, limits(60, 5));
        let wait = Duration::from_millis(wait_ms);
        assert_eq!(wait_of(line.send(to("/r"), Purpose::Sale).await), (Hold::RateLimited, wait), "{header:?}");
        script.clock.turn(wait.saturating_sub(Duration::from_millis(1)));
        assert_eq!(line.capacity().purchases, 0);
        assert!(line.send(to("/p"), Purpose::Purchase).await.is_err());
        script.clock.turn(Duration::from_millis(1));
        assert!(line.send(to("/p"), Purpose::Purchase).await.is_ok());
        assert_eq!(script.sent().len(), 2);
    }
}

#[tokio::test]
async fn the_breaker_opens_looks_and_closes() {
    let script = Script::new();
    let line = line(&script, limits(1000, 5));
    for failure in [
        Err(TransportError::NotSent),
        Err(TransportError::NoAnswer),
        answer(500, "{}"),
        answer(503, "<html>"),
        answer(502, ""),
    ] {
        assert_eq!(line.breaker(), Breaker::Closed);
        script.then(failure);
        assert!(line.send(to("/r"), Purpose::Sale).await.is_err());
    }
    assert_eq!(line.breaker(), Breaker::Open);
    assert_eq!(line.capacity(), Capacity { purchases: 0, retry_in: OPEN_FIRST, calm: true });
    assert_eq!(wait_of(line.send(to("/r"), Purpose::Sale).await), (Hold::BreakerOpen, OPEN_FIRST));
    assert_eq!(script.sent().len(), 5, "nothing is sent while it is open");

    script.clock.turn(OPEN_FIRST);
    assert_eq!((line.breaker(), line.capacity().purchases), (Breaker::HalfOpen, 1));
    let look = line.admit(Purpose::Sale).unwrap();
    assert!(line.admit(Purpose::Sale).is_err(), "one looks, the others wait");
    drop(look);
    script.then(answer(500, ""));
    assert!(line.send(to("/r"), Purpose::Sale).await.is_err());
    assert_eq!(wait_of(line.send(to("/r"), Purpose::Sale).await), (Hold::BreakerOpen, OPEN_FIRST * 2));

    script.clock.turn(OPEN_FIRST * 2);
    script.then(answer(404, "{}")).always(answer(200, "{}"));
    assert!(line.send(to("/r"), Purpose::Sale).await.is_ok(), "a 404 is an answer");
    assert_eq!(line.breaker(), Breaker::Closed);
}

#[tokio::test]
async fn a_429_and_a_refusal_are_no_failures() {
    let script = Script::new();
    let line = line(&script, limits(1000, 5));
    for _ in 0..20 {
        script.then(answer_with(429, ("retry-after", "1"), "")).then(answer(403, ""));
        assert!(line.send(to("/r"), Purpose::Sale).await.is_err());
        script.clock.turn(SECOND);
        assert!(line.send(to("/r"), Purpose::Sale).await.is_ok());
    }
    assert_eq!(line.breaker(), Breaker::Closed);
}

#[tokio::test]
async fn lost_answers_are_told_from_requests_never_sent() {
    let script = Script::new();
    let line = line(&script, limits(60, 5));
    script.then(Err(TransportError::NotSent)).then(Err(TransportError::NoAnswer)).json(408, "{}").json(500, "{}");
    let unreachable = SupplierError::NotSent { why: Hold::Unreachable, retry_in: None };
    assert_eq!(line.send(to("/p"), Purpose::Purchase).await.err(), Some(unreachable));
    for _ in 0..3 {
        assert_eq!(line.send(to("/p"), Purpose::Purchase).await.err(), Some(SupplierError::NoAnswer));
    }
}

#[tokio::test]
async fn a_clock_set_back_holds_nothing_for_long() {
    let script = Script::new();
    script.always(answer(200, "{}"));
    let line = line(&script, limits(60, 1));
    line.send(to("/p"), Purpose::Purchase).await.unwrap();
    script.clock.set(BEGIN.minus(100 * MINUTE));
    assert_eq!(wait_of(line.send(to("/p"), Purpose::Purchase).await).1, 10 * SECOND + WINDOW_MARGIN);
}

#[tokio::test]
async fn patience_has_an_end() {
    let script = Script::new();
    script.always(answer_with(429, ("retry-after", "60"), ""));
    let line = line(&script, limits(60, 5));
    assert!(line.read_patiently(to("/r"), Purpose::Background).await.is_err());
    assert!(script.clock.now().since(BEGIN) <= PATIENCE);
    let debug = format!("{line:?}");
    assert!(debug.contains("test") && !debug.contains("up.example"));
}
