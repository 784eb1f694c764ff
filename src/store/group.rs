//! Shared commits for SQLite's one writer.
//!
//! A commit at `synchronous=FULL` waits for the disk, and SQLite has one writer, so one commit per
//! sale would bound the shop by the disk's flush rate. Here a writer that finishes while others wait
//! hands them the connection with the transaction still open: each runs in a savepoint of its own, the
//! last one commits for all, and every [`Lease::commit`] returns only after that commit. Nobody is told
//! "done" before the disk has it; a group that fails to commit fails for every member.
//!
//! A member that is dropped rolls back to its savepoint and harms nobody. A member that hit anything
//! but a constraint (a full disk, a broken file) makes the whole group roll back, because SQLite may
//! have ended the transaction underneath.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};
use tokio::sync::oneshot;

use super::StoreError;

/// The most members of one group. Bounds how long the first waits for the last.
const GROUP_MAX: usize = 64;

/// The one connection that writes, and who waits for it.
#[derive(Clone)]
pub(super) struct Writer(Arc<Mutex<Line>>);

#[derive(Default)]
struct Line {
    home: Option<Seat>,
    queue: VecDeque<oneshot::Sender<Seat>>,
    closed: bool,
}

/// The connection with the group it carries.
struct Seat {
    connection: Box<SqliteConnection>,
    /// Members that are finished and wait for the group's commit. Empty: no transaction is open.
    finished: Vec<oneshot::Sender<Result<(), StoreError>>>,
    open: bool,
    broken: bool,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection) -> Self {
        let seat = Seat { connection: Box::new(connection), finished: Vec::new(), open: false, broken: false };
        Self(Arc::new(Mutex::new(Line { home: Some(seat), ..Line::default() })))
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        // The lock guards moves only; a panic cannot leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn seat(&self) -> Result<Lease, StoreError> {
        let waiting = {
            let mut line = self.line();
            if line.closed {
                return Err(closed());
            }
            if let Some(seat) = line.home.take() {
                return Ok(Lease { seat: Some(seat), writer: self.clone(), inside: false });
            }
            let (sender, receiver) = oneshot::channel();
            line.queue.push_back(sender);
            Arrival { receiver, writer: self.clone() }
        };
        waiting.seat().await
    }

    /// Starts a member of the group: the write lock is held and a savepoint is set.
    pub(super) async fn begin(&self) -> Result<Lease, StoreError> {
        let mut lease = self.seat().await?;
        let seat = lease.seat.as_mut().ok_or_else(closed)?;
        if !seat.open {
            // Before it is done: a caller that goes away meanwhile leaves a transaction to be ended.
            seat.open = true;
            if let Err(error) = seat.connection.execute("BEGIN IMMEDIATE").await {
                seat.open = false;
                return Err(error.into());
            }
        }
        seat.connection.execute("SAVEPOINT member").await?;
        lease.inside = true;
        Ok(lease)
    }

    /// The connection alone, outside any group: for migrations, which bring their own transactions.
    pub(super) async fn exclusive(&self) -> Result<Lease, StoreError> {
        let mut lease = self.seat().await?;
        let seat = lease.seat.as_mut().ok_or_else(closed)?;
        if seat.open {
            seat.settle().await;
        }
        Ok(lease)
    }

    /// Hands the seat to the next in line; commits first when nobody waits or the group is full.
    async fn pass_on(&self, mut seat: Seat) {
        if !seat.broken && seat.finished.len() < GROUP_MAX {
            match self.next(seat) {
                None => return,
                Some(back) => seat = back,
            }
        }
        if seat.open {
            seat.settle().await;
        }
        loop {
            let mut line = self.line();
            let Some(next) = line.queue.pop_front() else {
                line.home = Some(seat);
                return;
            };
            drop(line);
            match next.send(seat) {
                Ok(()) => return,
                Err(back) => seat = back,
            }
        }
    }

    /// Gives the seat to whoever waits; returns it if nobody does.
    fn next(&self, mut seat: Seat) -> Option<Seat> {
        loop {
            let Some(next) = self.line().queue.pop_front() else { return Some(seat) };
            match next.send(seat) {
                Ok(()) => return None,
                Err(back) => seat = back,
            }
        }
    }

    /// Closes the connection once the members under way are through.
    pub(super) async fn close(&self) {
        let Ok(mut lease) = self.exclusive().await else { return };
        let waiting = {
            let mut line = self.line();
            line.closed = true;
            std::mem::take(&mut line.queue)
        };
        drop(waiting);
        if let Some(seat) = lease.seat.take() {
            // Nothing is open; a failure to close leaves a log file that the next start reads.
            let _ = seat.connection.close().await;
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("closed".into())
}

impl Seat {
    /// Ends the group for all its members.
    async fn settle(&mut self) {
        let result = if self.broken {
            let _ = self.connection.execute("ROLLBACK").await;
            Err(StoreError::Unavailable("the group was rolled back".into()))
        } else {
            match self.connection.execute("COMMIT").await {
                Ok(_) => Ok(()),
                Err(error) => {
                    let _ = self.connection.execute("ROLLBACK").await;
                    Err(StoreError::from(error))
                }
            }
        };
        self.open = false;
        self.broken = false;
        for member in self.finished.drain(..) {
            // A member that no longer listens was cancelled; its work is committed all the same.
            let _ = member.send(result.clone());
        }
    }
}

/// A place in line that gives the seat back if its owner is gone when it arrives.
struct Arrival {
    receiver: oneshot::Receiver<Seat>,
    writer: Writer,
}

impl Arrival {
    async fn seat(mut self) -> Result<Lease, StoreError> {
        let seat = (&mut self.receiver).await.map_err(|_| closed())?;
        Ok(Lease { seat: Some(seat), writer: self.writer.clone(), inside: false })
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.receiver.close();
        if let Ok(seat) = self.receiver.try_recv() {
            drop(Lease { seat: Some(seat), writer: self.writer.clone(), inside: false });
        }
    }
}

/// One member's turn with the connection.
pub(super) struct Lease {
    seat: Option<Seat>,
    writer: Writer,
    inside: bool,
}

impl Lease {
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.seat.as_mut().map(|seat| seat.connection.as_mut()).ok_or_else(closed)
    }

    /// Marks the group as broken if this was more than a refused row.
    pub(super) fn note<T>(&mut self, result: &Result<T, StoreError>) {
        if let (Err(StoreError::Unavailable(_)), Some(seat)) = (result, self.seat.as_mut()) {
            seat.broken = true;
        }
    }

    /// Ends this member's part and waits until the group is on disk.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.connection()?.execute("RELEASE member").await?;
        self.inside = false;
        let mut seat = self.seat.take().ok_or_else(closed)?;
        let (sender, receiver) = oneshot::channel();
        seat.finished.push(sender);
        let writer = self.writer.clone();
        // In a task of its own: a caller that is cancelled here must not take the connection with it.
        tokio::spawn(async move { writer.pass_on(seat).await });
        receiver.await.map_err(|_| closed())?
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut seat) = self.seat.take() else { return };
        let (writer, inside) = (self.writer.clone(), self.inside);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if inside && seat.connection.execute("ROLLBACK TO member; RELEASE member").await.is_err() {
                seat.broken = true;
            }
            writer.pass_on(seat).await;
        });
    }
}
