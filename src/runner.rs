//! The running shop: everything put together, and the one place with loops and sleeps.
//!
//! [`House::open`] builds the shop from the settings; [`House::run`] keeps it going until told to stop. Workers
//! elsewhere do one bounded batch and say when to come back; the loop here calls them, sleeps as long as
//! they say, and wakes early when their bell rings.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::bot::view::Shown;
use crate::bot::{Clerk, Front};
use crate::catalog::{Catalog, Defaults, Suppliers, refresh};
use crate::config::{Settings, SettingsError};
use crate::delivery::{self, Courier};
use crate::desk::Desk;
use crate::http::{self, Door, Webhook};
use crate::locale::{LocaleError, Locales};
use crate::order::tick::Again;
use crate::order::{self, Bells, Works};
use crate::people::People;
use crate::secret::ExposeSecret;
use crate::shop::Shop;
use crate::store::{Db, StoreError};
use crate::supplier::{self, Supplier};
use crate::telegram::inbox::{Inbox, Replicas};
use crate::telegram::outbox::Outbox;
use crate::telegram::poll::Poller;
use crate::telegram::{Telegram, TelegramError, webhook};
use crate::world::World;

/// How often a worker looks for work nobody rang for, such as another replica's.
const IDLE: Duration = Duration::from_secs(1);
/// The wait after the database failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// Purchases of one supplier are placed by so many workers side by side.
const PLACERS: usize = 2;
/// How often a catalogue is read afresh.
const REFRESH_EVERY: Duration = Duration::from_mins(10);
/// The first wait after a catalogue could not be read; doubles up to [`REFRESH_EVERY`].
const REFRESH_RETRY: Duration = Duration::from_secs(5);
/// How often replicas look whether prices or products have changed.
const RELOAD_EVERY: Duration = Duration::from_secs(2);
/// How often old rows are swept.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// How long what is under way may take to finish when the shop is told to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(9);
/// How long handlers may take of that.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

/// Why the shop could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The database does not open.
    #[error("KIOSK_DATABASE__URL: {0}")]
    Store(#[from] StoreError),
    /// The Bot API's address is none.
    #[error("KIOSK_TELEGRAM__API_URL: {0}")]
    Telegram(#[from] TelegramError),
    /// The locales do not load.
    #[error(transparent)]
    Locale(#[from] LocaleError),
    /// The address to listen on is taken or not ours.
    #[error("KIOSK_HTTP__LISTEN: cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
}

/// A shop that is put together and not running yet.
pub struct House {
    world: World,
    db: Db,
    suppliers: Suppliers,
    catalog: Catalog,
    works: Works,
    clerk: Arc<Clerk>,
    inbox: Inbox,
    telegram: Telegram,
    webhook_url: Option<String>,
    listener: TcpListener,
    metrics: PrometheusHandle,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").field("suppliers", &self.suppliers).finish_non_exhaustive()
    }
}

impl House {
    /// Puts the shop together from its settings: opens and migrates the database, connects to nothing else.
    ///
    /// # Errors
    /// [`OpenError`], which names the setting at fault.
    pub async fn open(settings: &Settings, world: World, metrics: PrometheusHandle) -> Result<Self, OpenError> {
        let token = settings.require_token()?;
        let keys = Arc::new(settings.require_keyring()?);
        let suppliers = Suppliers::new(supplier::registry(settings, &world)?);
        let db = Db::open(settings.database.url.expose()).await?;
        db.migrate().await?;
        let listen = settings.http.listen;
        let listener = TcpListener::bind(listen).await.map_err(|error| OpenError::Listen(listen, error))?;
        let telegram = Telegram::new(token.expose_secret(), &settings.telegram.api_url)?;
        let catalog = Catalog::new(defaults(settings), suppliers.clone());
        let admins = Arc::new(settings.shop.admins.clone());
        let bells = Bells::new(&suppliers);
        let shop = Shop {
            world: world.clone(),
            db: db.clone(),
            catalog: catalog.clone(),
            keys: Arc::clone(&keys),
            bells: bells.clone(),
            admins: Arc::clone(&admins),
        };
        let desk = Desk {
            world: world.clone(),
            db: db.clone(),
            catalog: catalog.clone(),
            bells: bells.clone(),
            admins: Arc::clone(&admins),
        };
        let clerk = Arc::new(Clerk {
            world: world.clone(),
            telegram: telegram.clone(),
            outbox: Outbox::new(world.clone()),
            locales: Arc::new(Locales::load()?),
            shop,
            desk,
            people: People::default(),
            shown: Shown::default(),
        });
        let replicas =
            if settings.database.url.expose().starts_with("sqlite") { Replicas::One } else { Replicas::Many };
        let front = Arc::new(Front::new(Arc::clone(&clerk)));
        let inbox = Inbox::new(world.clone(), db.clone(), front, replicas);
        let works = Works {
            world: world.clone(),
            db: db.clone(),
            catalog: catalog.clone(),
            keys,
            admins,
            looks: Arc::default(),
            bells,
        };
        let webhook_url = settings.telegram.webhook_url.clone();
        Ok(Self { world, db, suppliers, catalog, works, clerk, inbox, telegram, webhook_url, listener, metrics })
    }

    /// Where `/health` and `/metrics` answer.
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Keeps the shop going until `stop` turns true, then finishes what is under way, within ten seconds.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut loops = JoinSet::new();
        self.start_intake(&mut loops, &stop);
        self.start_orders(&mut loops, &stop);
        self.start_deliveries(&mut loops, &stop);
        self.start_upkeep(&mut loops, &stop);
        let Self { world, db, inbox, listener, metrics, webhook_url, telegram, .. } = self;
        let hook = webhook_url.as_deref().map(|url| Webhook {
            path: webhook_path(url),
            secret: telegram.webhook_secret(),
            inbox: inbox.clone(),
        });
        let door = Door { world: world.clone(), db: db.clone(), metrics, webhook: hook };
        let serving = stop.clone();
        loops.spawn(async move {
            if let Err(error) = http::serve(listener, door, serving).await {
                tracing::error!(%error, "the HTTP server stopped");
            }
        });
        wait_for(&stop).await;
        tracing::info!("stopping");
        let drained = inbox.drain(DRAIN_PATIENCE).await;
        let ended = within(&world, STOP_PATIENCE, async { while loops.join_next().await.is_some() {} }).await;
        if !(drained && ended) {
            tracing::warn!(drained, ended, "not everything under way was finished; it goes on after the next start");
        }
        loops.abort_all();
        db.close().await;
        tracing::info!("stopped");
    }

    /// Updates come in: by webhook or by long poll.
    fn start_intake(&self, loops: &mut JoinSet<()>, stop: &watch::Receiver<bool>) {
        let inbox = self.inbox.clone();
        loops.spawn(async move { inbox.run().await });
        let (telegram, world, stop) = (self.telegram.clone(), self.world.clone(), stop.clone());
        if let Some(url) = self.webhook_url.clone() {
            loops.spawn(async move { webhook::register(&telegram, &world, &url, stop).await });
        } else {
            let poller = Poller::new(telegram, self.inbox.clone(), self.db.clone(), world);
            loops.spawn(poller.run(stop));
        }
    }

    fn start_orders(&self, loops: &mut JoinSet<()>, stop: &watch::Receiver<bool>) {
        for supplier in self.suppliers.iter() {
            for _ in 0..PLACERS {
                let (works, supplier) = (self.works.clone(), Arc::clone(supplier));
                let stop = stop.clone();
                loops.spawn(async move {
                    let bell = works.bells.orders(&supplier.terms().name);
                    let tick = || order::tick::place(&works, supplier.as_ref());
                    drive(&works.world, bell, stop, tick).await;
                });
            }
            let (works, supplier, stop) = (self.works.clone(), Arc::clone(supplier), stop.clone());
            loops.spawn(async move {
                let tick = || order::tick::check(&works, supplier.as_ref());
                drive(&works.world, &Notify::new(), stop, tick).await;
            });
        }
    }

    fn start_deliveries(&self, loops: &mut JoinSet<()>, stop: &watch::Receiver<bool>) {
        let courier: Arc<dyn Courier> = self.clerk.clone();
        for _ in 0..PLACERS {
            let (works, courier, stop) = (self.works.clone(), Arc::clone(&courier), stop.clone());
            loops.spawn(async move {
                let tick = || delivery::tick::parcels(&works, &courier);
                drive(&works.world, works.bells.parcels(), stop, tick).await;
            });
        }
        // One worker for the screens: two that show the same order after a lease ran out would send its invoice twice.
        let (works, carrier, stopping) = (self.works.clone(), Arc::clone(&courier), stop.clone());
        loops.spawn(async move {
            let tick = || delivery::tick::screens(&works, &carrier);
            drive(&works.world, works.bells.screens(), stopping, tick).await;
        });
        let (works, stop) = (self.works.clone(), stop.clone());
        loops.spawn(async move {
            let tick = || delivery::tick::notices(&works, &courier);
            drive(&works.world, works.bells.notices(), stop, tick).await;
        });
    }

    fn start_upkeep(&self, loops: &mut JoinSet<()>, stop: &watch::Receiver<bool>) {
        let (catalog, db, world, stopping) = (self.catalog.clone(), self.db.clone(), self.world.clone(), stop.clone());
        loops.spawn(async move {
            let reload = || async {
                catalog.reload(&db).await?;
                catalog.write_sold(&db).await?;
                Ok(Again::At(world.now().plus(RELOAD_EVERY)))
            };
            drive(&world, &Notify::new(), stopping, reload).await;
            if let Err(error) = catalog.write_sold(&db).await {
                tracing::warn!(%error, "the last sales are not counted as popularity");
            }
        });
        for supplier in self.suppliers.iter() {
            let (supplier, catalog, db) = (Arc::clone(supplier), self.catalog.clone(), self.db.clone());
            let (world, stop) = (self.world.clone(), stop.clone());
            loops.spawn(async move { keep_fresh(&world, &db, &catalog, supplier.as_ref(), stop).await });
        }
        let (clerk, world, stopping) = (Arc::clone(&self.clerk), self.world.clone(), stop.clone());
        loops.spawn(async move {
            while sleep_unless(&world, SWEEP_EVERY, &stopping).await {
                while matches!(clerk.shop.sweep_quotes().await, Ok(swept) if swept > 0) {}
            }
        });
        let (clerk, stop) = (Arc::clone(&self.clerk), stop.clone());
        loops.spawn(async move {
            let menus = pin!(clerk.set_menus());
            let stopped = pin!(wait_for(&stop));
            select(menus, stopped).await;
        });
    }
}

/// What the settings say about prices.
pub fn defaults(settings: &Settings) -> Defaults {
    Defaults { currency: settings.shop.currency, margin: settings.shop.margin, rates: settings.shop.rates.clone() }
}

/// Reads a catalogue at start and then now and then; soon again after a failure.
async fn keep_fresh(world: &World, db: &Db, catalog: &Catalog, supplier: &dyn Supplier, stop: watch::Receiver<bool>) {
    let mut retry = REFRESH_RETRY;
    loop {
        let reading = pin!(refresh::refresh(world, db, catalog, supplier));
        let stopped = pin!(wait_for(&stop));
        let pause = match select(reading, stopped).await {
            Either::Right(_) => return,
            Either::Left((Ok(_), _)) => {
                retry = REFRESH_RETRY;
                REFRESH_EVERY
            }
            Either::Left((Err(error), _)) => {
                tracing::warn!(supplier = %supplier.terms().name, %error, "catalogue not refreshed");
                retry = retry.saturating_mul(2).min(REFRESH_EVERY);
                retry
            }
        };
        if !sleep_unless(world, pause, &stop).await {
            return;
        }
    }
}

/// Calls a worker again and again until told to stop.
async fn drive<T, F>(world: &World, bell: &Notify, stop: watch::Receiver<bool>, mut tick: T)
where
    T: FnMut() -> F,
    F: Future<Output = Result<Again, StoreError>>,
{
    while !*stop.borrow() {
        let pause = match tick().await {
            Ok(Again::Now) => {
                // Lets others run: a worker with a full queue is always ready.
                tokio::task::yield_now().await;
                continue;
            }
            Ok(Again::At(due)) => due.since(world.now()),
            Ok(Again::Idle) => IDLE,
            Err(error) => {
                tracing::error!(%error, "a worker could not reach the database");
                FAILURE_PAUSE
            }
        };
        let rung = pin!(bell.notified());
        let slept = pin!(sleep_unless(world, pause.min(IDLE_MAX), &stop));
        select(rung, slept).await;
    }
}

/// The longest a worker sleeps: another replica may die with work, and clocks may jump.
const IDLE_MAX: Duration = Duration::from_secs(5);

/// Sleeps; `false` if told to stop meanwhile.
async fn sleep_unless(world: &World, pause: Duration, stop: &watch::Receiver<bool>) -> bool {
    let slept = pin!(world.clock.sleep(pause));
    let stopped = pin!(wait_for(stop));
    matches!(select(slept, stopped).await, Either::Left(_))
}

/// Whether `work` ended within `limit`.
async fn within(world: &World, limit: Duration, work: impl Future<Output = ()>) -> bool {
    let work = pin!(work);
    matches!(select(work, world.clock.sleep(limit)).await, Either::Left(_))
}

async fn wait_for(stop: &watch::Receiver<bool>) {
    // The sender is gone: the process is ending, which is a stop as well.
    let _ = stop.clone().wait_for(|stop| *stop).await;
}

/// The path of a webhook's address, `/` if it has none.
fn webhook_path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |start| &rest[start..]);
    path.split(['?', '#']).next().unwrap_or("/").to_owned()
}
