//! The door to SQLite and PostgreSQL: the only file that knows there are two databases.
//!
//! Every statement is written once, with `$1` placeholders and values of two kinds ([`Value`]).
//! [`Db::begin`] is the only way to write and [`Db::read`] the only way to read; both give a [`Tx`].
//! On SQLite a write takes the write lock at once, so that what it reads can be trusted by what it
//! writes; on PostgreSQL statements run at READ COMMITTED and every decision is a guarded write.
//!
//! Writers of SQLite share their commits: see [`group`]. Errors keep their kind and SQLSTATE only,
//! because a driver's message may print the row.

mod group;

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, FromRow, Postgres, Sqlite, Transaction};

/// Everything a statement may carry. Two kinds, so that both databases store the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A `BIGINT`.
    Int(Option<i64>),
    /// A `TEXT`.
    Text(Option<String>),
}

macro_rules! value_from {
    ($($source:ty => |$it:ident| $into:expr),+ $(,)?) => {
        $(impl From<$source> for Value {
            fn from($it: $source) -> Self {
                $into
            }
        })+
    };
}

value_from! {
    i64 => |it| Self::Int(Some(it)),
    Option<i64> => |it| Self::Int(it),
    u32 => |it| Self::Int(Some(i64::from(it))),
    bool => |it| Self::Int(Some(i64::from(it))),
    &str => |it| Self::Text(Some(it.to_owned())),
    String => |it| Self::Text(Some(it)),
    &String => |it| Self::Text(Some(it.clone())),
    Option<String> => |it| Self::Text(it),
    Option<&str> => |it| Self::Text(it.map(ToOwned::to_owned)),
}

/// The values of a statement, in the order of its placeholders.
macro_rules! args {
    ($($value:expr),* $(,)?) => { [$($crate::store::Value::from($value)),*] };
}
pub(crate) use args;

/// Why the database did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A unique key exists already.
    #[error("duplicate key")]
    Duplicate,
    /// A check, foreign key or trigger refused the row.
    #[error("constraint violated")]
    Constraint,
    /// The database cannot be reached, is busy beyond patience, or the disk failed.
    #[error("database unavailable ({0})")]
    Unavailable(String),
    /// A row does not have the shape the program expects.
    #[error("unexpected row: {0}")]
    Row(String),
    /// The schema could not be brought up to date.
    #[error("migration failed: {0}")]
    Migration(String),
    /// The address of the database is no such address.
    #[error("not a database address: use sqlite://path or postgres://user@host/name")]
    Address,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(inner) => {
                let code = inner.code().unwrap_or_default().into_owned();
                if inner.is_unique_violation() {
                    Self::Duplicate
                } else if inner.is_check_violation() || inner.is_foreign_key_violation() || is_trigger(&code) {
                    Self::Constraint
                } else {
                    Self::Unavailable(format!("code {code}"))
                }
            }
            // A decode error names the column and the type, never the value it could not read.
            sqlx::Error::ColumnDecode { index, .. } => Self::Row(format!("column {index}")),
            sqlx::Error::ColumnNotFound(name) => Self::Row(format!("column {name} is missing")),
            sqlx::Error::RowNotFound => Self::Row("no row".into()),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no free connection".into()),
            sqlx::Error::Io(inner) => Self::Unavailable(inner.kind().to_string()),
            _ => Self::Unavailable("driver error".into()),
        }
    }
}

/// `RAISE(ABORT)` in SQLite, `RAISE EXCEPTION` and integrity errors in PostgreSQL.
fn is_trigger(code: &str) -> bool {
    matches!(code, "1811" | "P0001" | "23001" | "23502")
}

/// A row both drivers can read: `#[derive(sqlx::FromRow)]` is enough.
pub trait Record: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// The database.
#[derive(Clone)]
pub struct Db(Backend);

#[derive(Clone)]
enum Backend {
    Sqlite { writer: group::Writer, readers: SqlitePool },
    Postgres(PgPool),
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Backend::Sqlite { .. } => "Db(SQLite)",
            Backend::Postgres(_) => "Db(PostgreSQL)",
        })
    }
}

impl Db {
    /// How long a writer waits for another process's lock on a SQLite file.
    const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
    /// Readers beside the one writer of SQLite.
    const SQLITE_READERS: u32 = 4;
    /// Connections to PostgreSQL from one replica.
    const POSTGRES_CONNECTIONS: u32 = 16;

    /// Opens the database at `sqlite://path` or `postgres://…`. Does not migrate.
    ///
    /// # Errors
    /// [`StoreError::Address`] for another kind of address, [`StoreError::Unavailable`] if it does not open.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)
                .map_err(|_| StoreError::Address)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // A sale that was confirmed must survive a power cut.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Self::BUSY_TIMEOUT)
                .disable_statement_logging();
            let writer: SqliteConnection = options.connect().await?;
            let readers = SqlitePoolOptions::new()
                .max_connections(Self::SQLITE_READERS)
                .connect_with(options.clone().read_only(true).create_if_missing(false))
                .await?;
            return Ok(Self(Backend::Sqlite { writer: group::Writer::new(writer), readers }));
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Address)?.disable_statement_logging();
            let pool = PgPoolOptions::new().max_connections(Self::POSTGRES_CONNECTIONS).connect_with(options).await?;
            return Ok(Self(Backend::Postgres(pool)));
        }
        Err(StoreError::Address)
    }

    /// Brings the schema up to date: the shared migrations and the dialect's own, by version.
    ///
    /// # Errors
    /// [`StoreError::Migration`] with the migration's own message.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let failed = |error: sqlx::migrate::MigrateError| StoreError::Migration(error.to_string());
        match &self.0 {
            Backend::Sqlite { writer, .. } => {
                let mut seat = writer.exclusive().await?;
                merged(&sqlx::migrate!("./migrations/sqlite"))
                    .run_direct(None, seat.connection()?, false)
                    .await
                    .map_err(failed)
            }
            Backend::Postgres(pool) => merged(&sqlx::migrate!("./migrations/postgres")).run(pool).await.map_err(failed),
        }
    }

    /// A short name of the PostgreSQL schema that [`Db::migrate`] makes, for tests that share it.
    #[cfg(test)]
    pub(crate) fn schema_print() -> String {
        let all = merged(&sqlx::migrate!("./migrations/postgres"));
        let print = all
            .iter()
            .flat_map(|migration| migration.checksum.iter())
            .fold(0_u64, |print, byte| print.rotate_left(5).wrapping_mul(0x0000_0100_0000_01b3) ^ u64::from(*byte));
        format!("{print:016x}")
    }

    /// Starts a write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(Tx(match &self.0 {
            Backend::Sqlite { writer, .. } => Inner::Writer(writer.begin().await?),
            Backend::Postgres(pool) => Inner::Postgres(pool.begin().await?),
        }))
    }

    /// Starts a read: one consistent view on SQLite, statement by statement on PostgreSQL.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(Tx(match &self.0 {
            Backend::Sqlite { readers, .. } => Inner::Reader(readers.begin().await?),
            Backend::Postgres(pool) => Inner::Postgres(pool.begin().await?),
        }))
    }

    /// Closes every connection; on SQLite this also empties the write-ahead log.
    pub async fn close(&self) {
        match &self.0 {
            Backend::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Backend::Postgres(pool) => pool.close().await,
        }
    }
}

fn merged(dialect: &Migrator) -> Migrator {
    let shared = sqlx::migrate!("./migrations");
    let mut all: Vec<_> = shared.iter().chain(dialect.iter()).cloned().collect();
    all.sort_by_key(|migration| migration.version);
    Migrator::with_migrations(all)
}

/// A transaction. Dropped without [`Tx::commit`], it leaves nothing behind.
pub struct Tx(Inner);

enum Inner {
    Writer(group::Lease),
    Reader(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}

macro_rules! bound {
    ($record:expr, $args:expr) => {{
        let mut query = $record;
        for value in $args {
            query = match value {
                Value::Int(it) => query.bind(it),
                Value::Text(it) => query.bind(it),
            };
        }
        query
    }};
}

macro_rules! run {
    ($tx:expr, $query:expr, $verb:ident) => {
        match &mut $tx.0 {
            Inner::Writer(lease) => {
                let result = $query.$verb(lease.connection()?).await.map_err(StoreError::from);
                lease.note(&result);
                result
            }
            Inner::Reader(inner) => $query.$verb(&mut **inner).await.map_err(StoreError::from),
            Inner::Postgres(inner) => $query.$verb(&mut **inner).await.map_err(StoreError::from),
        }
    };
}

impl Tx {
    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// Any [`StoreError`]; on PostgreSQL the transaction is then over, so callers return.
    pub async fn execute<const N: usize>(&mut self, sql: &'static str, args: [Value; N]) -> Result<u64, StoreError> {
        match &mut self.0 {
            Inner::Writer(lease) => {
                let done = bound!(sqlx::query::<Sqlite>(sql), args).execute(lease.connection()?).await;
                let result = done.map(|done| done.rows_affected()).map_err(StoreError::from);
                lease.note(&result);
                result
            }
            Inner::Reader(inner) => {
                Ok(bound!(sqlx::query::<Sqlite>(sql), args).execute(&mut **inner).await?.rows_affected())
            }
            Inner::Postgres(inner) => {
                Ok(bound!(sqlx::query::<Postgres>(sql), args).execute(&mut **inner).await?.rows_affected())
            }
        }
    }

    /// Reads at most one row.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn fetch_optional<T: Record, const N: usize>(
        &mut self,
        sql: &'static str,
        args: [Value; N],
    ) -> Result<Option<T>, StoreError> {
        run!(self, bound!(sqlx::query_as(sql), args), fetch_optional)
    }

    /// Reads exactly one row.
    ///
    /// # Errors
    /// [`StoreError::Row`] if there is none.
    pub async fn fetch_one<T: Record, const N: usize>(
        &mut self,
        sql: &'static str,
        args: [Value; N],
    ) -> Result<T, StoreError> {
        run!(self, bound!(sqlx::query_as(sql), args), fetch_one)
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn fetch_all<T: Record, const N: usize>(
        &mut self,
        sql: &'static str,
        args: [Value; N],
    ) -> Result<Vec<T>, StoreError> {
        run!(self, bound!(sqlx::query_as(sql), args), fetch_all)
    }

    /// Makes it so. When this returns, it survives a power cut.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; it is then unknown whether it happened, so the caller reads again.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.0 {
            Inner::Writer(lease) => lease.commit().await,
            Inner::Reader(inner) => Ok(inner.rollback().await?),
            Inner::Postgres(inner) => Ok(inner.commit().await?),
        }
    }
}
