//! The desk in chat: an admin's commands and buttons. Answers say what changed and who did it.

use std::sync::Arc;

use crate::bot::data::Data;
use crate::bot::gate::{Command, Press, Visit};
use crate::bot::orders::state_key;
use crate::bot::view::View;
use crate::bot::{Clerk, Done, courier};
use crate::desk::stuck::{Decision, Waiting};
use crate::desk::suppliers::Standing;
use crate::desk::{Adjusted, DeskError, Direction, Dossier, Refusal, Who};
use crate::id::{OrderNo, TelegramId};
use crate::locale::{Arg, Language, escape};
use crate::order::state::State;
use crate::people::Buyer;
use crate::supplier::{Breaker, Funds, Reason, SupplierError};

/// An admin's command.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn command(command: Command, visit: Visit, clerk: Arc<Clerk>) -> Done {
    if !clerk.is_meant(&command).await {
        return Ok(());
    }
    let language = visit.language;
    let args = command.args.as_str();
    let outcome = match command.name.as_str() {
        "topup" => clerk.adjust(&visit, args, Direction::Credit).await,
        "debit" => clerk.adjust(&visit, args, Direction::Debit).await,
        "user" => clerk.user(&visit, args).await,
        "ban" => clerk.ban(&visit, args, true).await,
        "unban" => clerk.ban(&visit, args, false).await,
        "suppliers" => clerk.suppliers(&visit).await,
        "sync" => return clerk.sync(&visit, args).await,
        "margin" => clerk.margin(&visit, args).await,
        "rate" => clerk.rate(&visit, args).await,
        "stuck" => clerk.stuck(&visit).await,
        "resolve" => clerk.resolve(&visit, args).await,
        _ => Ok(clerk.desk_view(language)),
    };
    let view = clerk.said(language, outcome)?;
    clerk.reply(&visit, &view).await?;
    Ok(())
}

/// An admin's buttons. To anybody else they are buttons that do not work.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn press(press: Press, clerk: Arc<Clerk>) -> Done {
    let visit = &press.visit;
    if !visit.admin {
        let toast = clerk.text(visit.language, "button-unknown", &[]);
        clerk.end_press(&press.query, Some(&toast), false).await;
        return Ok(());
    }
    clerk.end_press(&press.query, None, false).await;
    let outcome = match press.data {
        Data::Undo(update) => {
            let undone = clerk.desk.undo(visit.person, &format!("adjust:{update}")).await;
            undone.map(|undone| clerk.adjusted(visit.language, "undone", &undone))
        }
        Data::Suppliers => clerk.suppliers(visit).await,
        Data::SyncAll => return clerk.sync(visit, "").await,
        _ => Ok(clerk.desk_view(visit.language)),
    };
    let view = clerk.said(visit.language, outcome)?;
    clerk.reply(visit, &view).await?;
    Ok(())
}

/// An admin's reply to a message: the answer to a buyer's question, if the message carries one.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn answer(visit: Visit, clerk: Arc<Clerk>) -> Done {
    let Some((_, message)) = visit.replied_to else { return Ok(()) };
    if clerk.desk.answer(visit.person, message, &visit.text, visit.update).await? {
        clerk.reply(&visit, &View::text(clerk.html(visit.language, "answer-sent", &[]))).await?;
        return Ok(());
    }
    crate::bot::product::free_search(visit, clerk).await
}

type Said = Result<View, DeskError>;

impl Clerk {
    /// What the desk answered, refusals in words.
    fn said(&self, language: Language, outcome: Said) -> Result<View, DeskError> {
        match outcome {
            Err(DeskError::Refused(refusal)) => Ok(View::text(self.desk_refusal(language, &refusal))),
            other => other,
        }
    }

    fn desk_refusal(&self, language: Language, refusal: &Refusal) -> String {
        let say = |key: &'static str, args: &[(&'static str, Arg)]| self.html(language, key, args);
        match refusal {
            Refusal::NobodyThere => say("desk-nobody", &[]),
            Refusal::BadAmount(currency) => say("desk-bad-amount", &[("currency", currency.code().into())]),
            Refusal::WalletTooSmall(balance) => say("desk-wallet-small", &[("balance", balance.to_string().into())]),
            Refusal::NotUndoable => say("desk-not-undoable", &[]),
            Refusal::NoSuchSupplier(names) => say("desk-no-supplier", &[("names", names.join(", ").into())]),
            Refusal::BadPercent => say("desk-bad-percent", &[]),
            Refusal::NoSuchCategory => say("desk-no-category", &[]),
            Refusal::BadRate => say("desk-bad-rate", &[("currency", self.shop.catalog.currency().code().into())]),
            Refusal::NotStuck => say("desk-not-stuck", &[]),
            Refusal::NothingKept => say("desk-nothing-kept", &[]),
            Refusal::SupplierFailed(why) => say("desk-supplier-failed", &[("why", why.as_str().into())]),
        }
    }

    fn desk_view(&self, language: Language) -> View {
        View::text(self.html(language, "desk", &[])).row(vec![
            self.button(language, "button-suppliers", Data::Suppliers),
            self.button(language, "button-sync", Data::SyncAll),
        ])
    }

    async fn adjust(&self, visit: &Visit, args: &str, direction: Direction) -> Said {
        let key = if direction == Direction::Credit { "usage-topup" } else { "usage-debit" };
        let Some((who, amount, note)) = adjustment(visit, args) else {
            return Ok(View::text(self.html(visit.language, key, &[])));
        };
        let done = self.desk.adjust(visit.person, visit.update, direction, &who, &amount, &note).await?;
        if let Some(id) = done.buyer.telegram_id {
            self.people.forget(id);
        }
        let key = if direction == Direction::Credit { "topup-done" } else { "debit-done" };
        let undo = self.button(visit.language, "button-undo", Data::Undo(visit.update));
        Ok(self.adjusted(visit.language, key, &done).row(vec![undo]))
    }

    fn adjusted(&self, language: Language, key: &'static str, done: &Adjusted) -> View {
        View::text(self.html(
            language,
            key,
            &[
                ("who", Arg::Html(who_html(&done.buyer))),
                ("amount", done.amount.to_string().into()),
                ("balance", done.balance.to_string().into()),
            ],
        ))
    }

    async fn user(&self, visit: &Visit, args: &str) -> Said {
        let Some(who) = person(visit, args) else {
            return Ok(View::text(self.html(visit.language, "usage-user", &[])));
        };
        let dossier: Dossier = self.desk.dossier(&who).await?;
        let language = visit.language;
        let yes_no = |yes: bool| self.text(language, if yes { "yes" } else { "no" }, &[]);
        let mut html = self.html(
            language,
            "user",
            &[
                ("who", Arg::Html(who_html(&dossier.buyer))),
                ("balance", dossier.balance.to_string().into()),
                ("reserved", dossier.reserved.to_string().into()),
                ("language", dossier.buyer.language().into()),
                ("reachable", yes_no(dossier.buyer.is_reachable()).into()),
                ("banned", yes_no(dossier.buyer.is_banned()).into()),
            ],
        );
        for order in &dossier.orders {
            let state = self.text(language, state_key(&order.state), &[]);
            let line = format!("{} · {} × {} · {state}", order.no, order.deal.title, order.deal.quantity);
            html = format!("{html}\n{}", escape(&line));
        }
        Ok(View::text(html))
    }

    async fn ban(&self, visit: &Visit, args: &str, banned: bool) -> Said {
        let Some(who) = person(visit, args) else {
            return Ok(View::text(self.html(visit.language, "usage-user", &[])));
        };
        let buyer = self.desk.ban(&who, banned).await?;
        if let Some(id) = buyer.telegram_id {
            self.people.forget(id);
        }
        let key = if banned { "ban-done" } else { "unban-done" };
        Ok(View::text(self.html(visit.language, key, &[("who", Arg::Html(who_html(&buyer)))])))
    }

    async fn suppliers(&self, visit: &Visit) -> Said {
        self.typing(visit.chat, visit.thread).await;
        let standings = self.desk.suppliers().await?;
        if standings.is_empty() {
            return Ok(View::text(self.html(visit.language, "suppliers-none", &[])));
        }
        let lines: Vec<String> = standings.iter().map(|standing| self.standing(visit.language, standing)).collect();
        let sync = self.button(visit.language, "button-sync", Data::SyncAll);
        Ok(View::text(lines.join("\n\n")).row(vec![sync]))
    }

    /// One supplier as it stands, with what to do.
    fn standing(&self, language: Language, standing: &Standing) -> String {
        let reach = match standing.reach {
            Ok(()) => self.text(language, "supplier-reachable", &[]),
            Err(SupplierError::Refused(reason)) => self.text(language, reason_key(reason), &[]),
            Err(_) => self.text(language, "supplier-unreachable", &[]),
        };
        let funds = match standing.funds {
            _ if !standing.sells_from_funds => self.text(language, "funds-not-used", &[]),
            Ok(Funds::Known(funds)) => funds.to_string(),
            Ok(Funds::Frozen) => self.text(language, "funds-frozen", &[]),
            Ok(Funds::Unknown) | Err(_) => self.text(language, "funds-unknown", &[]),
        };
        let breaker = match standing.breaker {
            Breaker::Closed => "breaker-closed",
            Breaker::Open => "breaker-open",
            Breaker::HalfOpen => "breaker-half-open",
        };
        let refreshed = standing.refreshed.as_ref().filter(|refreshed| refreshed.at_ms.millis() > 0);
        let minutes = refreshed.map(|refreshed| self.world.now().since(refreshed.at_ms).as_secs() / 60);
        let refreshed_words = match minutes {
            None => self.text(language, "refreshed-never", &[]),
            Some(minutes) => {
                let minutes = i64::try_from(minutes).unwrap_or(i64::MAX);
                self.text(language, "refreshed-ago", &[("minutes", minutes.into())])
            }
        };
        let mut html = self.html(
            language,
            "supplier",
            &[
                ("name", standing.name.as_str().into()),
                ("reach", reach.into()),
                ("funds", funds.into()),
                ("products", refreshed.map_or(0, |refreshed| refreshed.offers).into()),
                ("refreshed", refreshed_words.into()),
                ("orders", standing.under_way.into()),
                ("breaker", self.text(language, breaker, &[]).into()),
            ],
        );
        if let Some(failure) = standing.refreshed.as_ref().and_then(|refreshed| refreshed.failure.as_deref()) {
            html = format!("{html}\n{}", self.html(language, "supplier-refresh-failed", &[("why", failure.into())]));
        }
        if !standing.has_rate {
            html = format!("{html}\n{}", self.html(language, "supplier-no-rate", &[]));
        }
        html
    }

    /// Refreshes catalogues, with progress in one message.
    async fn sync(&self, visit: &Visit, args: &str) -> Done {
        let language = visit.language;
        let chosen = match self.desk.chosen(args) {
            Ok(chosen) => chosen,
            Err(DeskError::Refused(refusal)) => {
                self.reply(visit, &View::text(self.desk_refusal(language, &refusal))).await?;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let mut lines = vec![self.html(language, "sync-started", &[])];
        let message = self.reply(visit, &View::text(lines.join("\n"))).await?;
        for supplier in chosen {
            let name = supplier.terms().name.to_string();
            let line = match self.desk.sync(supplier.as_ref()).await {
                Ok(changes) => {
                    let number = |count: usize| Arg::Number(i64::try_from(count).unwrap_or(i64::MAX));
                    let args: [(&'static str, Arg); 5] = [
                        ("name", name.into()),
                        ("listed", number(changes.listed)),
                        ("new", number(changes.new)),
                        ("changed", number(changes.changed)),
                        ("gone", number(changes.gone)),
                    ];
                    self.html(language, "sync-done", &args)
                }
                Err(DeskError::Refused(refusal)) => {
                    format!("<b>{}</b>: {}", escape(&name), self.desk_refusal(language, &refusal))
                }
                Err(error) => return Err(error.into()),
            };
            lines.push(line);
            self.edit(visit.chat, message, &View::text(lines.join("\n"))).await?;
        }
        lines.push(self.html(language, "sync-finished", &[]));
        Ok(self.edit(visit.chat, message, &View::text(lines.join("\n"))).await?)
    }

    /// The orders that wait for a person, each with what is known.
    async fn stuck(&self, visit: &Visit) -> Said {
        let language = visit.language;
        let waiting = self.desk.stuck().await?;
        if waiting.is_empty() {
            return Ok(View::text(self.html(language, "stuck-none", &[])));
        }
        let lines: Vec<String> = waiting.iter().map(|waiting| self.waiting(language, waiting)).collect();
        Ok(View::text(format!("{}\n\n{}", lines.join("\n\n"), self.html(language, "usage-resolve", &[]))))
    }

    fn waiting(&self, language: Language, waiting: &Waiting) -> String {
        let order = &waiting.order;
        let State::Stuck { why, reference } = &order.state else { return String::new() };
        let unknown = || self.text(language, "no", &[]);
        let name: String = order.deal.title.chars().take(40).collect();
        let title = format!("{name} × {}", order.deal.quantity);
        let args: [(&'static str, Arg); 7] = [
            ("order", order.no.to_string().into()),
            ("what", title.into()),
            ("total", order.deal.total.to_string().into()),
            ("supplier", order.deal.supplier.as_str().into()),
            ("why", self.text(language, courier::stuck_key(why.word()), &[]).into()),
            ("reference", reference.as_ref().map_or_else(unknown, |reference| reference.0.clone()).into()),
            ("kept", waiting.kept.map_or(0, i64::from).into()),
        ];
        self.html(language, "stuck", &args)
    }

    async fn resolve(&self, visit: &Visit, args: &str) -> Said {
        let mut words = args.split_whitespace();
        let no = words.next().and_then(|word| word.parse::<OrderNo>().ok());
        let (Some(no), Some(decision)) = (no, words.next().and_then(Decision::parse)) else {
            return Ok(View::text(self.html(visit.language, "usage-resolve", &[])));
        };
        let order = self.desk.resolve(visit.person, no, decision).await?;
        let state = self.text(visit.language, state_key(&order.state), &[]);
        let args: [(&'static str, Arg); 2] = [("order", order.no.to_string().into()), ("state", state.into())];
        Ok(View::text(self.html(visit.language, "resolve-done", &args)))
    }

    async fn margin(&self, visit: &Visit, args: &str) -> Said {
        let (percent, category) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
        if percent.is_empty() {
            return Ok(View::text(self.html(visit.language, "usage-margin", &[])));
        }
        let category = category.trim();
        let percent = self.desk.set_margin(visit.person, percent, category).await?;
        let args: [(&'static str, Arg); 2] = [("percent", percent.to_string().into()), ("category", category.into())];
        let key = if category.is_empty() { "margin-done" } else { "margin-category-done" };
        Ok(View::text(self.html(visit.language, key, &args)))
    }

    async fn rate(&self, visit: &Visit, args: &str) -> Said {
        let Some((currency, value)) = args.split_once(char::is_whitespace) else {
            return Ok(View::text(self.html(visit.language, "usage-rate", &[])));
        };
        let rate = self.desk.set_rate(visit.person, currency, value.trim()).await?;
        let args: [(&'static str, Arg); 3] = [
            ("from", rate.from().code().into()),
            ("value", rate.value().to_string().into()),
            ("to", rate.to().code().into()),
        ];
        Ok(View::text(self.html(visit.language, "rate-done", &args)))
    }
}

/// The locale key of why a supplier refuses.
pub const fn reason_key(reason: Reason) -> &'static str {
    match reason {
        Reason::NoFunds => "reason-no-funds",
        Reason::Frozen => "reason-frozen",
        Reason::Unauthorized => "reason-unauthorized",
        Reason::OutOfStock | Reason::UnknownProduct | Reason::Invalid | Reason::Conflict | Reason::Cancelled => {
            "reason-other"
        }
    }
}

/// A person in words an admin can act on.
fn who_html(buyer: &Buyer) -> String {
    let mut parts = Vec::new();
    if !buyer.name.is_empty() {
        parts.push(escape(&buyer.name));
    }
    if let Some(username) = &buyer.username {
        parts.push(format!("@{}", escape(username)));
    }
    if let Some(id) = buyer.telegram_id {
        parts.push(format!("<code>{id}</code>"));
    }
    parts.join(" ")
}

fn who(word: &str) -> Option<Who> {
    match word.parse::<i64>() {
        Ok(id) if id > 0 => Some(Who::Id(TelegramId(id))),
        Ok(_) => None,
        Err(_) => {
            let name = word.strip_prefix('@')?;
            (!name.is_empty()).then(|| Who::Username(name.to_owned()))
        }
    }
}

/// Whom a command is about: named, or the author of the message replied to.
fn person(visit: &Visit, args: &str) -> Option<Who> {
    match args.split_whitespace().next() {
        Some(word) => who(word),
        None => visit.replied_to.and_then(|(author, _)| author).map(Who::Id),
    }
}

/// `who amount [note]`, or `amount [note]` in reply to the person's message.
fn adjustment(visit: &Visit, args: &str) -> Option<(Who, String, String)> {
    let author = visit.replied_to.and_then(|(author, _)| author);
    let mut words = args.split_whitespace();
    let first = words.next()?;
    if let (Some(author), Ok(_)) = (author, crate::money::parse_decimal(first)) {
        // In a reply the first number is the amount, unless it can only be somebody's id.
        let names_somebody = first.len() >= 6 && first.bytes().all(|byte| byte.is_ascii_digit());
        if !names_somebody {
            return Some((Who::Id(author), first.to_owned(), words.collect::<Vec<_>>().join(" ")));
        }
    }
    let who = who(first)?;
    let amount = words.next()?.to_owned();
    Some((who, amount, words.collect::<Vec<_>>().join(" ")))
}
