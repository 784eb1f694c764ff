//! The buyer's own things: greeting, wallet, language, help, terms, support, being forgotten.

use std::sync::Arc;

use crate::bot::data::Data;
use crate::bot::gate::{Press, Visit};
use crate::bot::view::{Action, Button, View};
use crate::bot::{Clerk, Done};
use crate::id::ProductNo;
use crate::ledger::{Kind, Movement};
use crate::locale::{Arg, Language};
use crate::shop::{ShopError, Wallet};

/// Whether a press belongs to the account.
pub fn is_for_account(press: Press) -> bool {
    matches!(press.data, Data::Wallet | Data::Language(_) | Data::ForgetMe)
}

/// Buttons of the account.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn press(press: Press, clerk: Arc<Clerk>) -> Done {
    let visit = &press.visit;
    match &press.data {
        Data::Wallet if !visit.private => {
            // A balance is nobody else's business.
            let toast = clerk.text(visit.language, "only-in-private", &[]);
            clerk.end_press(&press.query, Some(&toast), true).await;
            return Ok(());
        }
        Data::Wallet => {
            let view = clerk.wallet_view(visit).await?;
            clerk.show(&press, &view).await?;
        }
        Data::Language(code) => {
            let language = clerk.choose_language(visit, code).await?;
            clerk.show(&press, &View::text(clerk.html(language, "language-chosen", &[]))).await?;
        }
        Data::ForgetMe => {
            let forgotten = clerk.shop.forget(&visit.buyer).await?;
            clerk.people.forget(visit.person);
            let key = if forgotten { "forgotten" } else { "forget-orders-open" };
            clerk.show(&press, &View::text(clerk.html(visit.language, key, &[]))).await?;
        }
        _ => {}
    }
    clerk.end_press(&press.query, None, false).await;
    Ok(())
}

/// `/start [payload]`.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn start(clerk: &Clerk, visit: &Visit, payload: &str) -> Done {
    if visit.private {
        clerk.shop.welcome_back(&visit.buyer).await?;
    }
    if let Some(no) = payload.strip_prefix('p').and_then(|no| no.parse::<ProductNo>().ok()) {
        let view = clerk.card(visit.language, no, 1);
        clerk.reply(visit, &view).await?;
        return Ok(());
    }
    if payload == "orders" {
        let view = clerk.orders_view(visit, 0).await?;
        clerk.reply(visit, &view).await?;
        return Ok(());
    }
    let greeting = clerk.html(visit.language, "greeting", &[("name", visit.buyer.name.as_str().into())]);
    let shop = clerk.categories(visit.language, 0);
    clerk.reply(visit, &View { html: format!("{greeting}\n\n{}", shop.html), rows: shop.rows }).await?;
    if visit.private && visit.admin {
        clerk.set_admin_menu(visit.person).await;
    }
    Ok(())
}

/// Says that somebody is shut out.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn banned(visit: Visit, clerk: Arc<Clerk>) -> Done {
    if visit.private {
        clerk.reply(&visit, &View::text(clerk.html(visit.language, "banned", &[]))).await?;
    }
    Ok(())
}

/// `/support text`.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn support(clerk: &Clerk, visit: &Visit, text: &str) -> Done {
    let key = if text.is_empty() {
        "usage-support"
    } else {
        clerk.shop.ask_support(&visit.buyer, text, visit.update).await?;
        "support-sent"
    };
    clerk.reply(visit, &View::text(clerk.html(visit.language, key, &[]))).await?;
    Ok(())
}

/// `/forget_me`: says what it means first.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn forget_me(clerk: &Clerk, visit: &Visit) -> Done {
    let wallet = clerk.shop.wallet(visit.buyer.id).await?;
    let language = visit.language;
    if wallet.reserved.is_positive() {
        clerk.reply(visit, &View::text(clerk.html(language, "forget-orders-open", &[]))).await?;
        return Ok(());
    }
    let html = clerk.html(language, "forget-ask", &[("balance", wallet.balance.to_string().into())]);
    let view = View::text(html).row(vec![clerk.button(language, "button-forget", Data::ForgetMe)]);
    clerk.reply(visit, &view).await?;
    Ok(())
}

impl Clerk {
    /// The wallet with its last movements.
    ///
    /// # Errors
    /// [`ShopError`].
    pub async fn wallet_view(&self, visit: &Visit) -> Result<View, ShopError> {
        let language = visit.language;
        let wallet: Wallet = self.shop.wallet(visit.buyer.id).await?;
        let mut html = self.html(
            language,
            "wallet",
            &[("balance", wallet.balance.to_string().into()), ("reserved", wallet.reserved.to_string().into())],
        );
        if !wallet.movements.is_empty() {
            let lines: Vec<String> =
                wallet.movements.iter().map(|movement| self.movement(language, movement)).collect();
            let heading = self.html(language, "wallet-movements", &[]);
            html = format!("{html}\n\n{heading}\n{}", lines.join("\n"));
        }
        let how = self.html(language, "wallet-topup", &[("id", visit.person.to_string().into())]);
        Ok(View::text(format!("{html}\n\n{how}")).row(vec![
            self.button(language, "button-orders", Data::Orders(0)),
            self.button(language, "button-shop", Data::Categories(0)),
        ]))
    }

    fn movement(&self, language: Language, movement: &Movement) -> String {
        let key = match movement.kind {
            Kind::Topup => "movement-topup",
            Kind::Debit => "movement-debit",
            Kind::Reserve => "movement-reserve",
            Kind::Void => "movement-void",
            Kind::Refund => "movement-refund",
            Kind::Sale | Kind::Cost => "movement-sale",
        };
        let sign = if movement.change.is_positive() { "+" } else { "" };
        let date = time::OffsetDateTime::from_unix_timestamp(movement.at.seconds())
            .map_or_else(|_| String::new(), |at| at.date().to_string());
        let args: [(&'static str, Arg); 3] = [
            ("date", date.into()),
            ("change", format!("{sign}{}", movement.change).into()),
            ("what", self.text(language, key, &[]).into()),
        ];
        let line = self.html(language, "movement", &args);
        if movement.reason.is_empty() {
            line
        } else {
            let note: String = movement.reason.chars().take(60).collect();
            format!("{line} <i>{}</i>", crate::locale::escape(&note))
        }
    }

    /// The languages to choose from.
    pub fn languages(&self, language: Language) -> View {
        let mut view = View::text(self.html(language, "language-choose", &[]));
        for known in Language::ALL {
            view = view.row(vec![Button::press(known.name().to_owned(), Data::Language(known.code().to_owned()))]);
        }
        view.row(vec![self.button(language, "button-language-own", Data::Language(String::new()))])
    }

    async fn choose_language(&self, visit: &Visit, code: &str) -> Result<Language, ShopError> {
        let chosen = Language::ALL.into_iter().find(|known| known.code() == code);
        self.shop.set_language(visit.buyer.id, chosen.map(Language::code)).await?;
        self.people.forget(visit.person);
        Ok(chosen.unwrap_or_else(|| Language::of_code(&visit.buyer.client_language)))
    }

    /// How to use the shop.
    pub fn help(&self, language: Language) -> View {
        let search = Button { label: self.text(language, "button-search", &[]), action: Action::Search };
        View::text(self.html(language, "help", &[]))
            .row(vec![
                self.button(language, "button-shop", Data::Categories(0)),
                self.button(language, "button-wallet", Data::Wallet),
            ])
            .row(vec![self.button(language, "button-orders", Data::Orders(0)), search])
    }
}
