//! The buyer's commands, and the command menus Telegram shows.

use std::sync::Arc;

use teloxide::payloads::SetMyCommandsSetters;
use teloxide::requests::Requester;
use teloxide::types::{BotCommand, BotCommandScope, ChatId, Recipient};

use crate::bot::data::Data;
use crate::bot::gate::{ADMIN_COMMANDS, Command, Visit};
use crate::bot::view::View;
use crate::bot::{Clerk, Done, account, orders, purchase};
use crate::id::TelegramId;
use crate::locale::Language;

/// The buyer's commands in the menu, each with its locale key.
const MENU: [(&str, &str); 8] = [
    ("shop", "menu-shop"),
    ("search", "menu-search"),
    ("wallet", "menu-wallet"),
    ("orders", "menu-orders"),
    ("buy", "menu-buy"),
    ("language", "menu-language"),
    ("support", "menu-support"),
    ("help", "menu-help"),
];

/// A buyer's command; anything else is unknown, also an admin's command to somebody who is none.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn command(command: Command, visit: Visit, clerk: Arc<Clerk>) -> Done {
    if !clerk.is_meant(&command).await {
        return Ok(());
    }
    let language = visit.language;
    let args = command.args.as_str();
    let say = |key: &'static str| View::text(clerk.html(language, key, &[]));
    let view = match command.name.as_str() {
        "start" => return account::start(&clerk, &visit, args).await,
        "buy" => return purchase::buy(&clerk, &visit, args).await,
        "order" => return orders::command(&clerk, &visit, args).await,
        "support" => return account::support(&clerk, &visit, args).await,
        "wallet" | "orders" | "forget_me" if !visit.private => {
            let open = clerk.deep_link("start").await;
            private_only(&clerk, language, open)
        }
        "forget_me" => return account::forget_me(&clerk, &visit).await,
        "wallet" => clerk.wallet_view(&visit).await?,
        "orders" => {
            // Whoever asks for their orders is here to get their codes: what waited for them is due.
            clerk.shop.welcome_back(&visit.buyer).await?;
            clerk.orders_view(&visit, 0).await?
        }
        "shop" => clerk.categories(language, 0),
        "search" => clerk.found(language, args),
        "language" => clerk.languages(language),
        "help" => clerk.help(language),
        "paysupport" => say("paysupport"),
        "terms" => say("terms"),
        "privacy" => say("privacy"),
        "cancel" => say("cancelled"),
        // In a group the command may be meant for another bot.
        _ if !command.addressed => return Ok(()),
        _ => {
            let help = clerk.button(language, "button-shop", Data::Categories(0));
            say("unknown-command").row(vec![help])
        }
    };
    clerk.reply(&visit, &view).await?;
    Ok(())
}

fn private_only(clerk: &Clerk, language: Language, link: Option<String>) -> View {
    let open = link.map(|url| crate::bot::view::Button {
        label: clerk.text(language, "button-open-private", &[]),
        action: crate::bot::view::Action::Open(url),
    });
    View::text(clerk.html(language, "only-in-private", &[])).row(open.into_iter().collect())
}

impl Clerk {
    /// Sets the command menus: for everybody in each language, and for each admin in their own chat. Nothing
    /// depends on it, so a failure is logged and left.
    pub async fn set_menus(&self) {
        let bot = self.telegram.bot();
        for language in Language::ALL {
            let request = bot.set_my_commands(self.menu(language)).language_code(language.code());
            self.set_menu(request).await;
        }
        self.set_menu(bot.set_my_commands(self.menu(Language::English))).await;
        for admin in self.shop.admins.iter() {
            self.set_admin_menu(*admin).await;
        }
    }

    /// Sets the menu in one admin's own chat. Telegram refuses it until they have started the bot, so it is set
    /// again when they do.
    pub async fn set_admin_menu(&self, admin: TelegramId) {
        let mut commands = self.menu(Language::English);
        let words = self.text(Language::English, "menu-admin", &[]);
        commands.extend(ADMIN_COMMANDS.iter().map(|name| BotCommand::new(*name, words.as_str())));
        let scope = BotCommandScope::Chat { chat_id: Recipient::Id(ChatId(admin.0)) };
        self.set_menu(self.telegram.bot().set_my_commands(commands).scope(scope)).await;
    }

    fn menu(&self, language: Language) -> Vec<BotCommand> {
        MENU.iter().map(|(name, key)| BotCommand::new(*name, self.text(language, key, &[]))).collect()
    }

    async fn set_menu(&self, request: teloxide::requests::JsonRequest<teloxide::payloads::SetMyCommands>) {
        let call = || self.telegram.send_as::<bool, _>(&request);
        if let Err(failure) = self.outbox.answer(std::time::Duration::from_secs(10), call).await {
            tracing::debug!(%failure, "a command menu was not set");
        }
    }
}
