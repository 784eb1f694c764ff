//! The rows of the inbox.
//!
//! Statements have a fixed number of places; the ones not needed are NULL and match nothing. Parking:
//! a row whose lane has an earlier row that somebody else holds is stored without an owner, so that
//! a person's updates keep their order across replicas and restarts. [`claim`] picks it up later.

use std::array;

use crate::store::{StoreError, Tx, Value, args};
use crate::world::Moment;

/// Rows written by one statement. A batch of Telegram's 100 takes thirteen.
const CHUNK: usize = 8;
/// Rows named by one statement.
const MARKS: usize = 32;
/// The owner of a row nobody works on.
pub(super) const NOBODY: &str = "";

/// An update to store.
#[derive(Debug, Clone)]
pub(super) struct NewRow {
    pub update_id: i64,
    pub lane: i64,
    pub payload: String,
}

/// Who works on what, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease<'a> {
    pub owner: &'a str,
    pub now: Moment,
    pub until: Moment,
}

/// A row to work on.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Row {
    pub update_id: i64,
    pub lane: i64,
    pub payload: String,
    pub received_at_ms: Moment,
    pub attempts: i64,
}

/// A row's number and its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Place {
    pub update_id: i64,
    pub lane: i64,
}

const INSERT: &str = "
    WITH fresh (update_id, lane, payload) AS (VALUES
        ($4, $5, $6), ($7, $8, $9), ($10, $11, $12), ($13, $14, $15),
        ($16, $17, $18), ($19, $20, $21), ($22, $23, $24), ($25, $26, $27))
    INSERT INTO updates (update_id, lane, payload, received_at_ms, lease_owner, lease_until_ms)
    SELECT fresh.update_id, fresh.lane, fresh.payload, $1,
        CASE WHEN EXISTS (SELECT 1 FROM updates held WHERE held.lane = fresh.lane AND held.done = 0
            AND held.lease_owner <> $2) THEN '' ELSE $2 END,
        $3
    FROM fresh WHERE fresh.update_id IS NOT NULL
    ON CONFLICT (update_id) DO NOTHING
    RETURNING update_id, lease_owner";

/// Stores what is not stored yet; says which rows are new, and whether each is the owner's.
pub(super) async fn insert(tx: &mut Tx, rows: &[NewRow], lease: Lease<'_>) -> Result<Vec<(i64, bool)>, StoreError> {
    let mut stored = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(CHUNK) {
        let mut cells = chunk
            .iter()
            .flat_map(|row| [Value::from(row.update_id), Value::from(row.lane), Value::from(&row.payload)])
            .chain([Value::Int(None), Value::Int(None), Value::Text(None)].into_iter().cycle());
        let [now, owner, until] = args![lease.now, lease.owner, lease.until];
        let mut head = [now, owner, until].into_iter();
        let values: [Value; 3 + 3 * CHUNK] =
            array::from_fn(|_| head.next().or_else(|| cells.next()).unwrap_or(Value::Int(None)));
        let new: Vec<(i64, String)> = tx.fetch_all(INSERT, values).await?;
        stored.extend(new.into_iter().map(|(id, owner)| (id, owner != NOBODY)));
    }
    Ok(stored)
}

/// `ids` in the places of one statement after another, behind its other values.
fn places<const HEAD: usize, const ALL: usize>(head: &[Value; HEAD], ids: &[i64]) -> [Value; ALL] {
    array::from_fn(|at| match at.checked_sub(HEAD) {
        None => head[at].clone(),
        Some(place) => Value::Int(ids.get(place).copied()),
    })
}

/// Marks updates as done and forgets what they said.
pub(super) async fn mark_done(tx: &mut Tx, ids: &[i64]) -> Result<(), StoreError> {
    for chunk in ids.chunks(MARKS) {
        let values: [Value; MARKS] = places(&[], chunk);
        tx.execute(
            "UPDATE updates SET done = 1, payload = '' WHERE update_id IN (
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)",
            values,
        )
        .await?;
    }
    Ok(())
}

/// Gives rows of `owner` up, so that anybody may claim them.
pub(super) async fn give_up(tx: &mut Tx, owner: &str, ids: &[i64]) -> Result<(), StoreError> {
    for chunk in ids.chunks(MARKS) {
        let values: [Value; 1 + MARKS] = places(&args![owner], chunk);
        tx.execute(
            "UPDATE updates SET lease_owner = '', lease_until_ms = 0
             WHERE done = 0 AND lease_owner = $1 AND update_id IN (
                $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)",
            values,
        )
        .await?;
    }
    Ok(())
}

/// Gives every row of `owner` up.
pub(super) async fn give_up_all(tx: &mut Tx, owner: &str) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE updates SET lease_owner = '', lease_until_ms = 0 WHERE done = 0 AND lease_owner = $1",
        args![owner],
    )
    .await
}

/// Takes rows from every owner but `owner`, however long their leases run: for the only replica.
pub(super) async fn take_all(tx: &mut Tx, owner: &str) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE updates SET lease_owner = '', lease_until_ms = 0 WHERE done = 0 AND lease_owner <> $1",
        args![owner],
    )
    .await
}

/// Takes up to `limit` rows nobody holds, oldest first, and never one whose lane has an earlier row
/// that somebody else still holds. The guard stands outside as well, because PostgreSQL hands the
/// same rows to two claims otherwise. The order is that of a sum, because SQLite would rather walk the
/// primary key, and with it every row that is done, than sort the few that are not.
pub(super) async fn claim(tx: &mut Tx, lease: Lease<'_>, limit: i64) -> Result<Vec<Row>, StoreError> {
    let mut rows: Vec<Row> = tx
        .fetch_all(
            "UPDATE updates SET lease_owner = $1, lease_until_ms = $2
             WHERE done = 0 AND (lease_owner = '' OR lease_until_ms <= $3) AND update_id IN (
                SELECT open.update_id FROM updates open
                WHERE open.done = 0 AND (open.lease_owner = '' OR open.lease_until_ms <= $3) AND NOT EXISTS (
                    SELECT 1 FROM updates held WHERE held.lane = open.lane AND held.done = 0
                    AND held.update_id < open.update_id AND held.lease_owner NOT IN ($1, '')
                    AND held.lease_until_ms > $3)
                ORDER BY open.update_id + 0 LIMIT $4)
             RETURNING update_id, lane, payload, received_at_ms, attempts",
            args![lease.owner, lease.until, lease.now, limit],
        )
        .await?;
    rows.sort_unstable_by_key(|row| row.update_id);
    Ok(rows)
}

/// Everything undone that `owner` holds.
pub(super) async fn held(tx: &mut Tx, owner: &str) -> Result<Vec<Place>, StoreError> {
    tx.fetch_all("SELECT update_id, lane FROM updates WHERE done = 0 AND lease_owner = $1", args![owner]).await
}

/// Whether any row has no owner.
pub(super) async fn any_parked(tx: &mut Tx) -> Result<bool, StoreError> {
    let found: Option<(i64,)> =
        tx.fetch_optional("SELECT update_id FROM updates WHERE done = 0 AND lease_owner = '' LIMIT 1", args![]).await?;
    Ok(found.is_some())
}

/// The next undone rows of a lane that `owner` holds.
pub(super) async fn of_lane(tx: &mut Tx, owner: &str, lane: i64, limit: i64) -> Result<Vec<Row>, StoreError> {
    tx.fetch_all(
        "SELECT update_id, lane, payload, received_at_ms, attempts FROM updates
         WHERE done = 0 AND lane = $2 AND lease_owner = $1 ORDER BY update_id LIMIT $3",
        args![owner, lane, limit],
    )
    .await
}

/// Holds on to everything `owner` has.
pub(super) async fn renew(tx: &mut Tx, lease: Lease<'_>) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE updates SET lease_until_ms = $2 WHERE done = 0 AND lease_owner = $1",
        args![lease.owner, lease.until],
    )
    .await
}

/// Remembers that a handler panicked.
pub(super) async fn count_panic(tx: &mut Tx, update_id: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE updates SET attempts = attempts + 1 WHERE update_id = $1", args![update_id]).await.map(drop)
}

/// Deletes up to `limit` rows that are done and were received before `before`.
pub(super) async fn purge(tx: &mut Tx, before: Moment, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM updates WHERE done = 1 AND update_id IN (
            SELECT update_id FROM updates WHERE received_at_ms < $1 AND done = 1 LIMIT $2)",
        args![before, limit],
    )
    .await
}
