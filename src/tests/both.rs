//! One test, two databases.
//!
//! `on_both! { async fn name(db: Db) { … } … }` makes `sqlite::name` and `postgres::name`, each with a
//! fresh, migrated database. Once per module. SQLite is a real file, so that locking is real.
//! PostgreSQL is the server at `KIOSK_TEST_POSTGRES_URL`, where every test gets a copy of a template
//! that is migrated once; without it these tests are skipped, unless `CI` is `true`, where they fail.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::sync::OnceCell;

use crate::store::Db;
use crate::world::{Entropy, SystemEntropy};

macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident: $ty:ident) $body:block)+) => {
        $($(#[$meta])* async fn $name($db: $ty) $body)+

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::tests::both::on_sqlite(super::$name).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::tests::both::on_postgres(super::$name).await;
            })+
        }
    };
}
pub(crate) use on_both;

/// The template's name, once it is made.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
/// The lock that test processes take turns with when they make and copy databases.
const TEMPLATE_LOCK: i64 = 0x006b_696f_736b;
/// The lock of whoever makes the template.
const MAKER_LOCK: i64 = 0x006b_696f_736c;

/// A fresh database, and where it is, for tests that open it once more.
pub(crate) struct Fresh {
    pub(crate) db: Db,
    pub(crate) url: String,
}

impl From<Fresh> for Db {
    fn from(fresh: Fresh) -> Self {
        fresh.db
    }
}

/// Runs `test` on a SQLite file that is gone afterwards.
pub(crate) async fn on_sqlite<T: From<Fresh>, F: Future<Output = ()>>(test: impl FnOnce(T) -> F) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("kiosk.db").display());
    let db = Db::open(&url).await.unwrap();
    db.migrate().await.unwrap();
    test(Fresh { db: db.clone(), url }.into()).await;
    db.close().await;
}

/// Runs `test` on a PostgreSQL database that is gone afterwards, also if the test fails.
pub(crate) async fn on_postgres<T: From<Fresh>, F: Future<Output = ()>>(test: impl FnOnce(T) -> F) {
    let Some(server) = setting("KIOSK_TEST_POSTGRES_URL") else {
        assert_ne!(setting("CI").as_deref(), Some("true"), "KIOSK_TEST_POSTGRES_URL is not set");
        println!("skipped: KIOSK_TEST_POSTGRES_URL is not set");
        return;
    };
    let template = TEMPLATE.get_or_init(|| make_template(&server)).await;
    let name = format!("kiosk_test_{}", SystemEntropy.uuid_v4().simple());
    admin(&server, &[format!("CREATE DATABASE {name} TEMPLATE {template}")]).await;
    let url = beside(&server, &name);
    let db = Db::open(&url).await.unwrap();
    let result = AssertUnwindSafe(test(Fresh { db: db.clone(), url }.into())).catch_unwind().await;
    db.close().await;
    admin(&server, &[format!("DROP DATABASE {name} WITH (FORCE)")]).await;
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where their server is")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The server's address with another database.
fn beside(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').unwrap_or((server, ""));
    let (scheme, rest) = address.split_once("://").unwrap();
    let host = rest.split('/').next().unwrap();
    format!("{scheme}://{host}/{name}?{query}")
}

async fn connect(server: &str) -> PgConnection {
    let options: PgConnectOptions = server.parse().unwrap();
    options.disable_statement_logging().connect().await.unwrap()
}

/// Statements that cannot run in a transaction, which is all the store offers. One at a time among all
/// test processes, because PostgreSQL copies a template only while nobody else does.
async fn admin(server: &str, statements: &[String]) {
    let mut connection = connect(server).await;
    locked(&mut connection, statements).await;
    connection.close().await.unwrap();
}

async fn locked(connection: &mut PgConnection, statements: &[String]) {
    sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut *connection).await.unwrap();
    for statement in statements {
        connection.execute(AssertSqlSafe(statement.clone())).await.unwrap();
    }
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(TEMPLATE_LOCK).execute(&mut *connection).await.unwrap();
}

/// Makes the template unless the same migrations made it before.
async fn make_template(server: &str) -> String {
    let name = format!("kiosk_template_{}", Db::schema_print());
    let mut connection = connect(server).await;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(MAKER_LOCK).execute(&mut connection).await.unwrap();
    let found: Option<(i32,)> = sqlx::query_as("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(&name)
        .fetch_optional(&mut connection)
        .await
        .unwrap();
    if found.is_none() {
        let draft = format!("{name}_draft");
        admin(server, &[format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)"), format!("CREATE DATABASE {draft}")])
            .await;
        let db = Db::open(&beside(server, &draft)).await.unwrap();
        db.migrate().await.unwrap();
        db.close().await;
        // Renamed only when whole, so that a test run that was killed leaves no half a template.
        admin(server, &[format!("ALTER DATABASE {draft} RENAME TO {name}")]).await;
    }
    connection.close().await.unwrap();
    name
}
