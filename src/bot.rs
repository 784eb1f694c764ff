//! The bot: the tree of handlers, and the words for what the counter and the desk answer.
//!
//! [`schema`] is the whole tree as a value. An update passes the [`gate`] first, which finds out who it is and in
//! which language they are spoken to; then one branch for each kind of update, with one file per screen.
//! Handlers run inside the sender's lane: what a person did first is answered first. Every effect a handler has
//! is keyed by its update, its quote or its order, so an update handled twice has the effect of once.

pub mod account;
pub mod admin;
pub mod commands;
pub mod courier;
pub mod data;
pub mod gate;
pub mod inline;
pub mod orders;
pub mod picture;
pub mod product;
pub mod purchase;
pub mod refusal;
pub mod view;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use teloxide::dispatching::UpdateFilterExt;
use teloxide::dptree::{self, Handler as Tree};
use teloxide::types::Update;

use crate::desk::{Desk, DeskError};
use crate::id::TelegramId;
use crate::ledger::LedgerError;
use crate::locale::{Arg, Language, Locales};
use crate::order::OrderError;
use crate::people::People;
use crate::shop::{Shop, ShopError};
use crate::store::StoreError;
use crate::telegram::Telegram;
use crate::telegram::failure::SendFailure;
use crate::telegram::inbox::{Handled, Handler};
use crate::telegram::outbox::{Outbox, Priority};
use crate::world::{Moment, World};

use gate::Visit;
use view::{Button, View};

/// Everything a handler needs.
pub struct Clerk {
    /// Time, randomness, network.
    pub world: World,
    /// The way to Telegram.
    pub telegram: Telegram,
    /// Sends politely.
    pub outbox: Outbox,
    /// The words.
    pub locales: Arc<Locales>,
    /// What buyers may do.
    pub shop: Shop,
    /// What admins may do.
    pub desk: Desk,
    /// Who has been here.
    pub people: People,
    /// What the screens show.
    pub shown: view::Shown,
}

impl std::fmt::Debug for Clerk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clerk")
    }
}

/// Why an update could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// Telegram did not take the answer.
    #[error(transparent)]
    Send(#[from] SendFailure),
    /// The counter failed.
    #[error(transparent)]
    Shop(#[from] ShopError),
    /// The desk failed.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a handler gives back.
pub type Done = Result<(), BotError>;

/// The tree of handlers.
pub fn schema() -> Tree<'static, Done, teloxide::dispatching::DpHandlerDescription> {
    dptree::entry()
        .branch(Update::filter_inline_query().endpoint(inline::answer))
        .branch(Update::filter_my_chat_member().endpoint(gate::membership))
        .branch(
            Update::filter_callback_query()
                .filter_map_async(gate::press)
                .branch(dptree::filter(gate::is_for_desk).endpoint(admin::press))
                .branch(dptree::filter(purchase::is_for_purchase).endpoint(purchase::press))
                .branch(dptree::filter(orders::is_for_orders).endpoint(orders::press))
                .branch(dptree::filter(account::is_for_account).endpoint(account::press))
                .endpoint(product::press),
        )
        .branch(
            Update::filter_message()
                .filter_map_async(gate::visit)
                .branch(dptree::filter(gate::is_banned).endpoint(account::banned))
                .branch(dptree::filter_map(gate::admin_command).endpoint(admin::command))
                .branch(dptree::filter_map(gate::command).endpoint(commands::command))
                .branch(dptree::filter(gate::is_answer).endpoint(admin::answer))
                .branch(dptree::filter(gate::is_question).endpoint(product::free_search))
                .endpoint(gate::ignore),
        )
}

impl Clerk {
    /// A message in a language, as HTML with its arguments escaped.
    pub fn html(&self, language: Language, key: &'static str, args: &[(&'static str, Arg)]) -> String {
        self.locales.html(language, key, args)
    }

    /// A message in a language, as plain text.
    pub fn text(&self, language: Language, key: &'static str, args: &[(&'static str, Arg)]) -> String {
        self.locales.text(language, key, args)
    }

    /// A button with a label from the locale.
    pub fn button(&self, language: Language, key: &'static str, data: data::Data) -> Button {
        Button::press(self.text(language, key, &[]), data)
    }

    /// Answers a visit with a new message.
    ///
    /// # Errors
    /// [`SendFailure`].
    pub async fn reply(&self, visit: &Visit, view: &View) -> Result<i64, SendFailure> {
        self.post(Priority::Reply, visit.chat, visit.thread, view).await
    }

    /// The link that opens the bot in private, with a payload; `None` while Telegram has not told its name.
    pub async fn deep_link(&self, payload: &str) -> Option<String> {
        let username = self.telegram.username().await.ok()?;
        Some(format!("https://t.me/{username}?start={payload}"))
    }
}

/// Set by the gate when the database could not say who is here: the update is not lost, it waits.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Arc<std::sync::atomic::AtomicBool>);

impl Trouble {
    /// The database failed.
    pub fn meet(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    fn met(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// The clerk as the inbox knows it.
#[derive(Clone)]
pub struct Front {
    clerk: Arc<Clerk>,
    tree: Tree<'static, Done, teloxide::dispatching::DpHandlerDescription>,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Front")
    }
}

impl Front {
    /// How long an update waits when Telegram or the database cannot be reached.
    const AGAIN: Duration = Duration::from_secs(3);

    /// The tree with its clerk.
    pub fn new(clerk: Arc<Clerk>) -> Self {
        Self { clerk, tree: schema() }
    }
}

#[async_trait]
impl Handler for Front {
    async fn handle(&self, update: Update, received_at: Moment) -> Handled {
        self.clerk.shop.catalog.loaded().await;
        let started = self.clerk.world.now();
        // Only a private chat that is closed to us means that the person is.
        let private = update.chat().is_some_and(teloxide::types::Chat::is_private);
        let sender = update.from().map(|user| TelegramId(i64::try_from(user.id.0).unwrap_or(0))).filter(|_| private);
        let trouble = Trouble::default();
        let dependencies = dptree::deps![update.clone(), Arc::clone(&self.clerk), received_at, trouble.clone()];
        let outcome = self.tree.dispatch(dependencies).await;
        if trouble.met() {
            return Handled::Later(Self::AGAIN);
        }
        metrics::histogram!("kiosk_update_seconds").record(self.clerk.world.now().since(started).as_secs_f64());
        let ControlFlow::Break(Err(error)) = outcome else { return Handled::Done };
        match error {
            BotError::Send(SendFailure::Blocked | SendFailure::ChatGone) => {
                if let Some(sender) = sender {
                    self.clerk.lost(sender).await;
                }
                Handled::Done
            }
            BotError::Send(failure) if failure.is_passing() => Handled::Later(Self::AGAIN),
            BotError::Send(failure) => {
                tracing::warn!(%failure, "an answer was declined");
                Handled::Done
            }
            error if error.is_passing() => {
                tracing::warn!(%error, "an update waits for the database");
                Handled::Later(Self::AGAIN)
            }
            error => {
                tracing::error!(%error, "an update could not be handled");
                self.clerk.apologise(&update).await;
                Handled::Done
            }
        }
    }

    async fn failed(&self, update: Update, _received_at: Moment) {
        tracing::error!("an update was given up after its handler panicked");
        self.clerk.apologise(&update).await;
    }
}

impl BotError {
    /// Whether the database may be back in a moment.
    const fn is_passing(&self) -> bool {
        let (Self::Store(store)
        | Self::Shop(
            ShopError::Store(store)
            | ShopError::Ledger(LedgerError::Store(store))
            | ShopError::Order(OrderError::Store(store) | OrderError::Ledger(LedgerError::Store(store))),
        )
        | Self::Desk(DeskError::Store(store) | DeskError::Ledger(LedgerError::Store(store)))) = self
        else {
            return false;
        };
        matches!(store, StoreError::Unavailable(_))
    }
}

impl Clerk {
    /// Notes that somebody cannot be reached any more.
    async fn lost(&self, who: TelegramId) {
        self.people.forget(who);
        let noted: Result<(), StoreError> = async {
            let mut tx = self.shop.db.begin().await?;
            crate::people::set_reachable(&mut tx, who, false).await?;
            tx.commit().await
        }
        .await;
        if let Err(error) = noted {
            tracing::warn!(%error, "could not note that somebody cannot be reached");
        }
    }

    /// Says that something went wrong, so that nothing a person does gets no answer.
    async fn apologise(&self, update: &Update) {
        let Some(chat) = update.chat().map(|chat| TelegramId(chat.id.0)) else { return };
        let language = Language::of_code(update.from().and_then(|user| user.language_code.as_deref()).unwrap_or(""));
        let view = View::text(self.html(language, "went-wrong", &[]));
        if let Err(failure) = self.post(Priority::Reply, chat, None, &view).await {
            tracing::warn!(%failure, "could not apologise");
        }
    }
}
