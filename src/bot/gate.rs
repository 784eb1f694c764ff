//! The gate every update passes: who is it, in which language are they spoken to, may they do this.
//!
//! Whether somebody is an admin is decided here and nowhere else, by their Telegram id. To everybody else an
//! admin's command is a command that does not exist.

use std::sync::Arc;

use teloxide::types::{
    CallbackQuery, CallbackQueryId, ChatMemberKind, ChatMemberUpdated, MaybeInaccessibleMessage, Message, ThreadId,
    Update, User,
};

use crate::bot::data::Data;
use crate::bot::{Clerk, Done, Trouble};
use crate::id::TelegramId;
use crate::locale::Language;
use crate::people::{Buyer, Sighting};

/// Who is here, and where.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The update's number: the key of what it causes.
    pub update: i64,
    /// Who.
    pub buyer: Buyer,
    /// Their Telegram id.
    pub person: TelegramId,
    /// The language to speak.
    pub language: Language,
    /// Whether they run the shop.
    pub admin: bool,
    /// Where.
    pub chat: TelegramId,
    /// Whether that is their private chat.
    pub private: bool,
    /// The topic, in a forum.
    pub thread: Option<ThreadId>,
    /// What they wrote.
    pub text: String,
    /// Whose message they replied to, and that message.
    pub replied_to: Option<(Option<TelegramId>, i64)>,
}

/// A press on a button.
#[derive(Debug, Clone)]
pub struct Press {
    /// Who pressed, and where.
    pub visit: Visit,
    /// To be answered.
    pub query: CallbackQueryId,
    /// What the button carries.
    pub data: Data,
    /// The message the button is under, if it can still be edited.
    pub message: Option<i64>,
    /// Whether that message is a picture.
    pub picture: bool,
}

/// A command with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The name, lower case, without the slash.
    pub name: String,
    /// What follows it.
    pub args: String,
    /// Whether it names a bot, or stands in a private chat.
    pub addressed: bool,
    /// The bot it names.
    pub bot: Option<String>,
}

/// The commands only admins have.
pub const ADMIN_COMMANDS: [&str; 12] =
    ["desk", "topup", "debit", "user", "ban", "unban", "suppliers", "sync", "margin", "rate", "stuck", "resolve"];

fn sighting(user: &User, in_private: bool) -> Sighting {
    Sighting {
        telegram_id: TelegramId(i64::try_from(user.id.0).unwrap_or(0)),
        name: user.full_name().chars().filter(|c| !c.is_control()).take(64).collect(),
        username: user.username.as_ref().map(|name| name.to_lowercase()),
        language: user.language_code.clone().unwrap_or_default().chars().take(16).collect(),
        in_private,
    }
}

impl Clerk {
    async fn meet(&self, user: &User, in_private: bool, trouble: &Trouble) -> Option<Buyer> {
        match self.people.meet(&self.shop.db, &self.world, sighting(user, in_private)).await {
            Ok(buyer) => Some(buyer),
            Err(error) => {
                tracing::error!(%error, "could not look up who is here");
                trouble.meet();
                None
            }
        }
    }

    /// Whether a command is meant for this bot and not for another one it names.
    pub async fn is_meant(&self, command: &Command) -> bool {
        let Some(named) = &command.bot else { return true };
        self.telegram.username().await.is_ok_and(|own| own.eq_ignore_ascii_case(named))
    }

    /// Whether somebody runs the shop.
    pub fn is_admin(&self, person: TelegramId) -> bool {
        self.shop.admins.contains(&person)
    }
}

/// Who wrote a message.
pub async fn visit(update: Update, message: Message, clerk: Arc<Clerk>, trouble: Trouble) -> Option<Visit> {
    let user = message.from.clone()?;
    let private = message.chat.is_private();
    let buyer = clerk.meet(&user, private, &trouble).await?;
    let person = TelegramId(i64::try_from(user.id.0).unwrap_or(0));
    let replied_to = message.reply_to_message().map(|replied| {
        let author = replied.from.as_ref().filter(|author| !author.is_bot);
        (author.map(|author| TelegramId(i64::try_from(author.id.0).unwrap_or(0))), i64::from(replied.id.0))
    });
    Some(Visit {
        update: i64::from(update.id.0),
        language: Language::of_code(buyer.language()),
        admin: clerk.is_admin(person),
        person,
        chat: TelegramId(message.chat.id.0),
        private,
        thread: message.thread_id.filter(|_| message.is_topic_message),
        text: message.text().unwrap_or_default().to_owned(),
        replied_to,
        buyer,
    })
}

/// Who pressed a button; `None` (and an answer) for buttons we did not make.
pub async fn press(update: Update, query: CallbackQuery, clerk: Arc<Clerk>, trouble: Trouble) -> Option<Press> {
    let (chat, private, message, picture, thread) = match &query.message {
        Some(MaybeInaccessibleMessage::Regular(message)) => (
            TelegramId(message.chat.id.0),
            message.chat.is_private(),
            Some(i64::from(message.id.0)),
            message.photo().is_some(),
            message.thread_id.filter(|_| message.is_topic_message),
        ),
        Some(MaybeInaccessibleMessage::Inaccessible(message)) => {
            (TelegramId(message.chat.id.0), message.chat.is_private(), None, false, None)
        }
        None => (TelegramId(i64::try_from(query.from.id.0).unwrap_or(0)), true, None, false, None),
    };
    let buyer = clerk.meet(&query.from, private, &trouble).await?;
    let person = TelegramId(i64::try_from(query.from.id.0).unwrap_or(0));
    let language = Language::of_code(buyer.language());
    let data = query.data.as_deref().and_then(Data::parse).filter(|_| !buyer.is_banned());
    let Some(data) = data else {
        let toast = clerk.text(language, "button-unknown", &[]);
        clerk.end_press(&query.id, Some(&toast), false).await;
        return None;
    };
    let visit = Visit {
        update: i64::from(update.id.0),
        language,
        admin: clerk.is_admin(person),
        person,
        chat,
        private,
        thread,
        text: String::new(),
        replied_to: None,
        buyer,
    };
    Some(Press { visit, query: query.id, data, message, picture })
}

/// Reads `/name@bot words`.
fn parse(visit: &Visit) -> Option<Command> {
    let rest = visit.text.strip_prefix('/')?;
    let (word, args) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (name, bot) = word.split_once('@').map_or((word, None), |(name, bot)| (name, Some(bot)));
    let plain = !name.is_empty() && name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| Command {
        name: name.to_ascii_lowercase(),
        args: args.trim().to_owned(),
        addressed: visit.private || bot.is_some(),
        bot: bot.map(ToOwned::to_owned),
    })
}

/// A command of the desk, if an admin wrote it.
pub fn admin_command(visit: Visit) -> Option<Command> {
    parse(&visit).filter(|command| visit.admin && ADMIN_COMMANDS.contains(&command.name.as_str()))
}

/// Any command.
pub fn command(visit: Visit) -> Option<Command> {
    parse(&visit)
}

/// Whether an admin has shut this person out.
pub fn is_banned(visit: Visit) -> bool {
    visit.buyer.is_banned() && !visit.admin
}

/// Whether this is an admin's reply to a message in their private chat: perhaps to a buyer's question.
pub fn is_answer(visit: Visit) -> bool {
    visit.admin && visit.private && visit.replied_to.is_some() && !visit.text.is_empty()
}

/// Whether this is anything said to the bot in private; what is no text is answered with the most sold.
pub fn is_question(visit: Visit) -> bool {
    visit.private
}

/// Whether a press belongs to the desk.
pub fn is_for_desk(press: Press) -> bool {
    matches!(press.data, Data::Undo(_) | Data::Desk | Data::Suppliers | Data::SyncAll)
}

/// What is said among others in a group is not for us.
pub async fn ignore() -> Done {
    Ok(())
}

/// Somebody blocked the bot, or came back.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn membership(change: ChatMemberUpdated, clerk: Arc<Clerk>, trouble: Trouble) -> Done {
    if !change.chat.is_private() {
        return Ok(());
    }
    let person = TelegramId(i64::try_from(change.from.id.0).unwrap_or(0));
    clerk.people.forget(person);
    match change.new_chat_member.kind {
        ChatMemberKind::Banned(_) | ChatMemberKind::Left => {
            let mut tx = clerk.shop.db.begin().await?;
            crate::people::set_reachable(&mut tx, person, false).await?;
            tx.commit().await?;
        }
        _ => {
            if let Some(buyer) = clerk.meet(&change.from, true, &trouble).await {
                clerk.shop.welcome_back(&buyer).await?;
            }
        }
    }
    Ok(())
}
