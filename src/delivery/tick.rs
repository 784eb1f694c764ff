//! The delivery worker: one bounded batch of parcels, screens or notices at a time.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use crate::delivery::{Courier, Undelivered, parcel};
use crate::id::{BuyerId, NoticeId, TelegramId};
use crate::notice::News;
use crate::order::records::{LEASE, Next};
use crate::order::state::State;
use crate::order::tick::Again;
use crate::order::{Order, OrderError, Works, records};
use crate::people;
use crate::store::{StoreError, args};
use crate::world::Moment;

/// The most parcels, screens or notices in one batch.
const BATCH: u32 = 64;
/// A parcel that cannot be sent is tried again after this, doubling up to [`RETRY_MAX`].
const RETRY: Duration = Duration::from_secs(2);
/// The longest wait between two tries.
const RETRY_MAX: Duration = Duration::from_mins(10);
/// A notice that cannot be told is given up after so many tries.
const NOTICE_ATTEMPTS_MAX: i64 = 20;
/// A notice for somebody who cannot be reached waits for them after so many tries.
const UNREACHABLE_ATTEMPTS_MAX: i64 = 2;

/// Sends due parcels to their buyers.
///
/// # Errors
/// [`StoreError`] from claiming.
pub async fn parcels(works: &Works, courier: &Arc<dyn Courier>) -> Result<Again, StoreError> {
    let mut tx = works.db.read().await?;
    let due = parcel::next_due(&mut tx).await?;
    drop(tx);
    let now = works.world.now();
    match due {
        None => return Ok(Again::Idle),
        Some(due) if due > now => return Ok(Again::At(due)),
        Some(_) => {}
    }
    let mut tx = works.db.begin().await?;
    let claimed = parcel::claim(&mut tx, BATCH, now, now.plus(LEASE)).await?;
    tx.commit().await?;
    join_all(claimed.into_iter().map(|parcel| async move {
        let order = parcel.order_id;
        if let Err(error) = deliver(works, courier, parcel, now).await {
            tracing::error!(id = %order, %error, "a parcel could not be delivered; its lease brings it back");
        }
    }))
    .await;
    Ok(Again::Now)
}

async fn deliver(
    works: &Works,
    courier: &Arc<dyn Courier>,
    parcel: parcel::Parcel,
    claimed_at: Moment,
) -> Result<(), OrderError> {
    let mut tx = works.db.read().await?;
    let order = records::by_id(&mut tx, parcel.order_id).await?.ok_or(OrderError::Moved)?;
    let buyer = people::by_id(&mut tx, order.buyer).await?;
    drop(tx);
    let Some((buyer, to)) = buyer.and_then(|buyer| Some((buyer.telegram_id?, buyer))).map(|(to, buyer)| (buyer, to))
    else {
        return keep(works, &order, claimed_at, None).await;
    };
    let codes = parcel.open(&works.keys)?;
    let count = u32::try_from(parcel.count).unwrap_or(0);
    let pieces = parcel::lay_out(&codes, &courier.labels(buyer.language(), &order, count));
    match courier.send(to, pieces).await {
        Ok(()) => arrived(works, courier, order, &buyer, to).await,
        Err(Undelivered::Unreachable) => keep(works, &order, claimed_at, Some(to)).await,
        Err(Undelivered::Later | Undelivered::Refused) => {
            let tries = u32::try_from(parcel.attempts).unwrap_or(0).min(10);
            let pause = RETRY.saturating_mul(1 << tries).min(RETRY_MAX);
            let due = works.world.now().plus(works.world.entropy.jittered(pause));
            wait(works, &order, due).await
        }
    }
}

/// The buyer has the codes: says so in the rows and on the screen.
async fn arrived(
    works: &Works,
    courier: &Arc<dyn Courier>,
    mut order: Order,
    buyer: &people::Buyer,
    to: TelegramId,
) -> Result<(), OrderError> {
    let before = order.clone();
    // Sent again by *resend*, an order that was delivered before stays delivered.
    if !matches!(order.state, State::Delivered { .. }) {
        order.state = order.state.deliver()?;
    }
    // What the screen shows is the version about to be written.
    order.version = order.version.saturating_add(1);
    let now = works.world.now();
    let mut tx = works.db.begin().await?;
    parcel::sent(&mut tx, order.id, now).await?;
    // The screen is due by itself in a moment, in case it cannot be shown right away.
    let next = Next {
        state: order.state.clone(),
        work: None,
        tell_at: Some(now.plus(RETRY)),
        attempts: 0,
        key: order.key,
        reference: None,
    };
    records::advance(&mut tx, &before, &next, now).await?;
    tx.commit().await?;
    tracing::info!(order = %order.no, "parcel delivered");
    // Only now the screen: an edit that Telegram keeps waiting must not bring the parcel a second time.
    let Ok(screen) = courier.show(buyer.language(), to, &order).await else { return Ok(()) };
    let mut tx = works.db.begin().await?;
    if screen != order.screen {
        records::set_screen(&mut tx, order.id, screen).await?;
    }
    records::told(&mut tx, order.id, order.version).await?;
    Ok(tx.commit().await?)
}

async fn wait(works: &Works, order: &Order, due: Moment) -> Result<(), OrderError> {
    let mut tx = works.db.begin().await?;
    parcel::put_off(&mut tx, order.id, due, works.world.now()).await?;
    tx.commit().await?;
    tracing::info!(order = %order.no, "parcel put off");
    Ok(())
}

/// Keeps a parcel until its buyer comes back, unless they came back while it was being sent.
async fn keep(works: &Works, order: &Order, claimed_at: Moment, to: Option<TelegramId>) -> Result<(), OrderError> {
    let now = works.world.now();
    let mut tx = works.db.begin().await?;
    let kept = parcel::keep(&mut tx, order.id, claimed_at, now).await?;
    if !kept {
        parcel::put_off(&mut tx, order.id, now, now).await?;
    } else if let Some(to) = to {
        people::set_reachable(&mut tx, to, false).await?;
    }
    tx.commit().await?;
    tracing::info!(order = %order.no, kept, "parcel not delivered: its buyer cannot be reached");
    Ok(())
}

/// Brings the screens of orders that moved up to date.
///
/// # Errors
/// [`StoreError`] from claiming.
pub async fn screens(works: &Works, courier: &Arc<dyn Courier>) -> Result<Again, StoreError> {
    let now = works.world.now();
    let mut tx = works.db.read().await?;
    let due = records::next_screen(&mut tx).await?;
    drop(tx);
    match due {
        None => return Ok(Again::Idle),
        Some(due) if due > now => return Ok(Again::At(due)),
        Some(_) => {}
    }
    let mut tx = works.db.begin().await?;
    let orders = records::claim_screens(&mut tx, BATCH, now).await?;
    tx.commit().await?;
    let shown = join_all(orders.iter().map(|order| show(works, courier, order))).await;
    for result in shown {
        result?;
    }
    Ok(Again::Now)
}

async fn show(works: &Works, courier: &Arc<dyn Courier>, order: &Order) -> Result<(), StoreError> {
    let mut tx = works.db.read().await?;
    let buyer = people::by_id(&mut tx, order.buyer).await?;
    drop(tx);
    let shown = match buyer.as_ref().and_then(|buyer| Some((buyer, buyer.telegram_id?))) {
        Some((buyer, to)) => courier.show(buyer.language(), to, order).await,
        None => Err(Undelivered::Unreachable),
    };
    let mut tx = works.db.begin().await?;
    match shown {
        Ok(screen) => {
            if screen != order.screen {
                records::set_screen(&mut tx, order.id, screen).await?;
            }
            // The order moved meanwhile, and its newer screen may have been shown before this one.
            if !records::told(&mut tx, order.id, order.version).await? {
                records::tell_now(&mut tx, order.id, works.world.now()).await?;
            }
        }
        Err(Undelivered::Later) => {
            records::tell_later(&mut tx, order.id, order.version, works.world.now().plus(RETRY)).await?;
        }
        Err(Undelivered::Unreachable | Undelivered::Refused) => {
            records::told(&mut tx, order.id, order.version).await?;
        }
    }
    tx.commit().await
}

#[derive(sqlx::FromRow)]
struct NoticeRow {
    id: NoticeId,
    telegram_id: TelegramId,
    body: String,
    attempts: i64,
}

#[derive(sqlx::FromRow)]
struct Due {
    due_at_ms: Option<i64>,
}

/// Tells due notices.
///
/// # Errors
/// [`StoreError`] from claiming.
pub async fn notices(works: &Works, courier: &Arc<dyn Courier>) -> Result<Again, StoreError> {
    let now = works.world.now();
    let mut tx = works.db.read().await?;
    let due: Due =
        tx.fetch_one("SELECT MIN(due_at_ms) AS due_at_ms FROM notices WHERE due_at_ms IS NOT NULL", args![]).await?;
    drop(tx);
    match due.due_at_ms.map(Moment::from_millis) {
        None => return Ok(Again::Idle),
        Some(due) if due > now => return Ok(Again::At(due)),
        Some(_) => {}
    }
    let mut tx = works.db.begin().await?;
    let rows: Vec<NoticeRow> = tx
        .fetch_all(
            "UPDATE notices SET due_at_ms = $1, attempts = attempts + 1 WHERE id IN (SELECT id FROM notices \
             WHERE due_at_ms <= $2 ORDER BY due_at_ms LIMIT $3) AND due_at_ms <= $2 \
             RETURNING id, telegram_id, body, attempts",
            args![now.plus(LEASE), now, BATCH],
        )
        .await?;
    tx.commit().await?;
    for row in rows {
        tell(works, courier, row).await?;
    }
    Ok(Again::Now)
}

async fn tell(works: &Works, courier: &Arc<dyn Courier>, row: NoticeRow) -> Result<(), StoreError> {
    let mut tx = works.db.read().await?;
    let reader = people::by_telegram(&mut tx, row.telegram_id).await?;
    drop(tx);
    let language = reader.as_ref().map_or("en", |reader| reader.language());
    let news: Option<News> = serde_json::from_str(&row.body).ok();
    let told = match &news {
        Some(news) => courier.tell(language, row.telegram_id, news).await,
        None => Err(Undelivered::Refused),
    };
    // Somebody who cannot be reached is tried once more, because they may come back in this very moment.
    let tries = match told {
        Err(Undelivered::Later) => NOTICE_ATTEMPTS_MAX,
        Err(Undelivered::Unreachable) => UNREACHABLE_ATTEMPTS_MAX,
        Ok(_) | Err(Undelivered::Refused) => 0,
    };
    let again = row.attempts < tries;
    let due = again.then(|| works.world.now().plus(RETRY_MAX.min(RETRY.saturating_mul(1 << row.attempts.clamp(0, 8)))));
    let waits = !again && told == Err(Undelivered::Unreachable);
    let mut tx = works.db.begin().await?;
    tx.execute("UPDATE notices SET due_at_ms = $1, waits = $2 WHERE id = $3", args![due, i64::from(waits), row.id])
        .await?;
    if let (Ok(message), Some(News::Question { buyer, .. })) = (told, &news)
        && let Ok(buyer) = buyer.parse::<BuyerId>()
    {
        tx.execute(
            "INSERT INTO support_messages (chat_id, message_id, buyer_id) VALUES ($1, $2, $3) \
             ON CONFLICT (chat_id, message_id) DO NOTHING",
            args![row.telegram_id, message, buyer],
        )
        .await?;
    }
    tx.commit().await
}
