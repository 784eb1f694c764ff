//! Polite sending, told by the order in which requests go.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::{Semaphore, oneshot};

use crate::telegram::SendFailure;
use crate::telegram::outbox::{Outbox, Priority};
use crate::tests::clock::{TestClock, world};

type Order = Arc<Mutex<Vec<&'static str>>>;

/// A request that notes its name and succeeds.
fn noted(
    order: &Order,
    name: &'static str,
) -> impl Fn() -> futures::future::Ready<Result<(), SendFailure>> + Send + use<> {
    let order = Arc::clone(order);
    move || {
        order.lock().unwrap().push(name);
        futures::future::ready(Ok(()))
    }
}

/// Requests that are refused with `failures` first, and then succeed.
fn refused(failures: &[SendFailure]) -> impl Fn() -> futures::future::Ready<Result<(), SendFailure>> + Send + use<> {
    let left = Mutex::new(failures.iter().rev().copied().collect::<Vec<_>>());
    move || futures::future::ready(left.lock().unwrap().pop().map_or(Ok(()), Err))
}

fn slow_down(seconds: u64) -> SendFailure {
    SendFailure::TooManyRequests(Duration::from_secs(seconds))
}

#[tokio::test]
async fn the_urgent_go_first() {
    let outbox = Outbox::new(world(&TestClock::new()));
    let gate = Arc::new(Semaphore::new(0));
    // As many requests as may be under way; they hold their places until the gate opens.
    let holders: Vec<_> = (0..64)
        .map(|chat| {
            let (outbox, gate) = (outbox.clone(), Arc::clone(&gate));
            tokio::spawn(async move {
                let held = || async { gate.acquire().await.map(|_| ()).map_err(|_| SendFailure::Unreachable) };
                outbox.send(Priority::Broadcast, 1000 + chat, held).await
            })
        })
        .collect();
    // More than the pace of broadcasts lets through at once never get a place.
    let order = Order::default();
    let fillers: Vec<_> = (0..64)
        .map(|chat| {
            let (outbox, gate) = (outbox.clone(), Arc::clone(&gate));
            tokio::spawn(async move {
                let held = || async { gate.acquire().await.map(|_| ()).map_err(|_| SendFailure::Unreachable) };
                outbox.send(Priority::Reply, 2000 + chat, held).await
            })
        })
        .collect();
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    let mut waiting = Vec::new();
    for (priority, name) in [(Priority::Edit, "edit"), (Priority::Reply, "reply"), (Priority::Checkout, "checkout")] {
        let (outbox, order) = (outbox.clone(), Arc::clone(&order));
        waiting.push(tokio::spawn(async move { outbox.send(priority, 5, noted(&order, name)).await }));
        tokio::task::yield_now().await;
    }
    assert!(order.lock().unwrap().is_empty());
    gate.add_permits(1);
    for sent in waiting {
        sent.await.unwrap().unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["checkout", "reply", "edit"]);
    for task in holders.into_iter().chain(fillers) {
        task.abort();
    }
}

#[tokio::test]
async fn one_chat_told_to_wait_waits_alone() {
    let clock = TestClock::new();
    let outbox = Outbox::new(world(&clock));
    let order = Order::default();
    let slow = {
        let outbox = outbox.clone();
        tokio::spawn(async move { outbox.send(Priority::Reply, 1, refused(&[slow_down(4)])).await })
    };
    clock.sleeping(1).await;
    outbox.send(Priority::Reply, 2, noted(&order, "other")).await.unwrap();
    outbox.answer(Duration::from_secs(10), noted(&order, "query")).await.unwrap();
    assert_eq!(*order.lock().unwrap(), ["other", "query"]);
    assert!(!slow.is_finished());
    assert_eq!(outbox.chats(), 1);
    clock.advance(Duration::from_secs(4));
    slow.await.unwrap().unwrap();
    clock.advance(Duration::from_mins(1));
    assert_eq!(outbox.chats(), 0);
}

#[tokio::test]
async fn several_chats_told_to_wait_make_all_wait() {
    let clock = TestClock::new();
    let outbox = Outbox::new(world(&clock));
    let slow: Vec<_> = (1..=3)
        .map(|chat| {
            let outbox = outbox.clone();
            tokio::spawn(async move { outbox.send(Priority::Reply, chat, refused(&[slow_down(4)])).await })
        })
        .collect();
    clock.sleeping(3).await;
    let order = Order::default();
    let other = {
        let (outbox, order) = (outbox.clone(), Arc::clone(&order));
        tokio::spawn(async move { outbox.send(Priority::Reply, 9, noted(&order, "other")).await })
    };
    clock.sleeping(4).await;
    // A query is nobody's chat.
    outbox.answer(Duration::from_secs(10), noted(&order, "query")).await.unwrap();
    assert_eq!(*order.lock().unwrap(), ["query"]);
    clock.advance(Duration::from_secs(4));
    // Released one after another, not all in one moment.
    while !other.is_finished() || slow.iter().any(|sending| !sending.is_finished()) {
        clock.advance(Duration::from_millis(20));
        tokio::task::yield_now().await;
    }
    other.await.unwrap().unwrap();
    for sent in slow {
        sent.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn patience_ends() {
    let clock = TestClock::new();
    let outbox = Outbox::new(world(&clock));
    let long = slow_down(3600);
    assert_eq!(outbox.send(Priority::Reply, 1, refused(&[long])).await, Err(long));
    assert_eq!(outbox.send(Priority::Reply, 1, refused(&[])).await, Err(long));
    let late = outbox.answer(Duration::from_secs(10), refused(&[slow_down(11)])).await;
    assert_eq!(late, Err(slow_down(11)));
    let no = SendFailure::Blocked;
    assert_eq!(outbox.send(Priority::Reply, 2, refused(&[no])).await, Err(no));
}

#[tokio::test]
async fn an_unanswered_request_is_sent_again() {
    let clock = TestClock::new();
    let outbox = Outbox::new(world(&clock));
    let sending = {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            outbox.send(Priority::Reply, 1, refused(&[SendFailure::Unreachable, SendFailure::Unreachable])).await
        })
    };
    for _ in 0..2 {
        clock.sleeping(1).await;
        clock.advance(Duration::from_secs(1));
    }
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_group_gets_twenty_a_minute() {
    let clock = TestClock::new();
    let outbox = Outbox::new(world(&clock));
    let order = Order::default();
    for _ in 0..20 {
        outbox.send(Priority::Reply, -7, noted(&order, "group")).await.unwrap();
    }
    let next = {
        let (outbox, order) = (outbox.clone(), Arc::clone(&order));
        tokio::spawn(async move { outbox.send(Priority::Reply, -7, noted(&order, "group")).await })
    };
    clock.sleeping(1).await;
    assert_eq!(order.lock().unwrap().len(), 20);
    join_all((0..40).map(|_| outbox.send(Priority::Reply, 7, noted(&order, "private")))).await;
    assert_eq!(order.lock().unwrap().len(), 60);
    clock.advance(Duration::from_secs(3));
    next.await.unwrap().unwrap();
    clock.advance(Duration::from_secs(61));
    assert_eq!(outbox.chats(), 0);
}

#[tokio::test]
async fn an_old_edit_gives_way() {
    let outbox = Outbox::new(world(&TestClock::new()));
    let order = Order::default();
    let (go, held) = oneshot::channel::<()>();
    let held = Arc::new(tokio::sync::Mutex::new(Some(held)));
    let (started, has_started) = oneshot::channel();
    let started = Mutex::new(Some(started));
    let first = {
        let (outbox, order) = (outbox.clone(), Arc::clone(&order));
        tokio::spawn(async move {
            let make = || {
                order.lock().unwrap().push("first");
                let (held, started) = (Arc::clone(&held), started.lock().unwrap().take());
                async move {
                    started.unwrap().send(()).unwrap();
                    held.lock().await.take().unwrap().await.map_err(|_| SendFailure::Unreachable)
                }
            };
            outbox.edit(1, 10, make).await
        })
    };
    has_started.await.unwrap();
    let edit = |name| {
        let (outbox, order) = (outbox.clone(), Arc::clone(&order));
        tokio::spawn(async move { outbox.edit(1, 10, noted(&order, name)).await })
    };
    let second = edit("second");
    tokio::task::yield_now().await;
    let third = edit("third");
    assert_eq!(second.await.unwrap(), Err(SendFailure::Superseded));
    outbox.edit(1, 11, noted(&order, "another message")).await.unwrap();
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    third.await.unwrap().unwrap();
    assert_eq!(*order.lock().unwrap(), ["first", "another message", "third"]);
}

#[tokio::test]
async fn an_edit_that_waits_for_its_chat_gives_way_too() {
    let clock = TestClock::new();
    let outbox = Outbox::new(world(&clock));
    let order = Order::default();
    let old = {
        let outbox = outbox.clone();
        tokio::spawn(async move { outbox.edit(1, 10, refused(&[slow_down(4)])).await })
    };
    clock.sleeping(1).await;
    let new = {
        let (outbox, order) = (outbox.clone(), Arc::clone(&order));
        tokio::spawn(async move { outbox.edit(1, 10, noted(&order, "new")).await })
    };
    assert_eq!(old.await.unwrap(), Err(SendFailure::Superseded));
    clock.sleeping(1).await;
    clock.advance(Duration::from_secs(5));
    new.await.unwrap().unwrap();
}
