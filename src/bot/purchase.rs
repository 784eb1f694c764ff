//! Buying: the quote, paying from the wallet, choosing a coin.

use std::sync::Arc;

use crate::bot::data::Data;
use crate::bot::gate::{Press, Visit};
use crate::bot::view::{Button, View};
use crate::bot::{Clerk, Done};
use crate::id::{ProductNo, QuoteId};
use crate::locale::{Arg, Language};
use crate::order::{Order, Screen};
use crate::shop::{Quote, Refusal, ShopError};
use crate::supplier::Payment;
use crate::telegram::failure::SendFailure;

/// Whether a press belongs to a purchase.
pub fn is_for_purchase(press: Press) -> bool {
    matches!(press.data, Data::Pay(_) | Data::Ways(_) | Data::PayWith(..) | Data::Quote(_) | Data::Cancel(_))
}

/// `/buy no [quantity] [coupon]`.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn buy(clerk: &Clerk, visit: &Visit, args: &str) -> Done {
    let mut words = args.split_whitespace();
    let no = words.next().and_then(|word| word.parse::<ProductNo>().ok());
    let Some(no) = no else {
        let key = if args.is_empty() { "usage-buy" } else { "product-unknown" };
        clerk.reply(visit, &View::text(clerk.html(visit.language, key, &[]))).await?;
        return Ok(());
    };
    let item = clerk.shop.catalog.item(no);
    let quantity = match words.next() {
        None => item.as_ref().map_or(1, |item| item.quantity_min),
        // Anything that is no such number is told the limits, like a number outside them.
        Some(word) => word.parse::<u32>().unwrap_or(0),
    };
    offer(clerk, visit, no, quantity, words.next().map(ToOwned::to_owned)).await
}

/// Shows a quote as a new message, or says why there is none.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn offer(clerk: &Clerk, visit: &Visit, no: ProductNo, quantity: u32, coupon: Option<String>) -> Done {
    let view = match clerk.shop.quote(visit.buyer.id, no, quantity, coupon).await {
        Ok(quote) => clerk.quote_view(visit, &quote).await?,
        Err(ShopError::Refused(refusal)) => clerk.refusal_about(visit.language, &refusal, Some(no)),
        Err(error) => return Err(error.into()),
    };
    clerk.reply(visit, &view).await?;
    Ok(())
}

/// Buttons of a purchase.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn press(press: Press, clerk: Arc<Clerk>) -> Done {
    let outcome = match press.data {
        Data::Pay(quote) => clerk.pay(&press, quote, Payment::Wallet).await,
        Data::PayWith(quote, payment) if payment.is_past_us() => clerk.pay(&press, quote, payment).await,
        Data::Ways(quote) => clerk.ways(&press, quote).await,
        Data::Quote(quote) => clerk.quote_again(&press, quote).await,
        Data::Cancel(quote) => clerk.cancel_quote(&press, quote).await,
        _ => Ok(None),
    };
    match outcome {
        Ok(toast) => {
            clerk.end_press(&press.query, toast.as_deref(), false).await;
            Ok(())
        }
        Err(PressError::Refused(refusal)) => clerk.refuse_press(&press, &refusal).await,
        Err(PressError::Bot(error)) => {
            clerk.end_press(&press.query, None, false).await;
            Err(error)
        }
    }
}

/// A press ends in a refusal or an error.
enum PressError {
    Refused(Box<Refusal>),
    Bot(crate::bot::BotError),
}

impl From<ShopError> for PressError {
    fn from(error: ShopError) -> Self {
        match error {
            ShopError::Refused(refusal) => Self::Refused(refusal),
            error => Self::Bot(error.into()),
        }
    }
}

impl From<SendFailure> for PressError {
    fn from(failure: SendFailure) -> Self {
        Self::Bot(failure.into())
    }
}

type Toast = Result<Option<String>, PressError>;

impl Clerk {
    /// A quote with its buttons.
    ///
    /// # Errors
    /// [`ShopError`].
    pub async fn quote_view(&self, visit: &Visit, quote: &Quote) -> Result<View, ShopError> {
        let language = visit.language;
        let deal = &quote.deal;
        let balance = self.shop.balance(quote.buyer).await?;
        let after = balance.minus(deal.total).ok().filter(|after| after.minor() >= 0);
        let item = self.shop.catalog.item(deal.product);
        let title = item.as_ref().map_or(deal.title.as_str(), |item| item.name_in(language.code())).to_owned();
        let wallet = match after {
            // A balance is nobody else's business.
            _ if !visit.private => String::new(),
            Some(after) => self.html(
                language,
                "quote-wallet",
                &[("balance", balance.to_string().into()), ("after", after.to_string().into())],
            ),
            None => self.html(language, "quote-wallet-short", &[("balance", balance.to_string().into())]),
        };
        let args: [(&'static str, Arg); 5] = [
            ("product", title.into()),
            ("quantity", deal.quantity.into()),
            ("unit", deal.unit_price.to_string().into()),
            ("total", deal.total.to_string().into()),
            ("wallet", Arg::Html(wallet)),
        ];
        let ways = item.map(|item| item.ways);
        let mut view = View::text(self.html(language, "quote", &args));
        if ways.is_some_and(|ways| ways.wallet) {
            view = view.row(vec![self.button(language, "button-pay-wallet", Data::Pay(quote.id))]);
        }
        if ways.is_some_and(|ways| ways.crypto) {
            view = view.row(vec![self.button(language, "button-pay-crypto", Data::Ways(quote.id))]);
        }
        Ok(view.row(vec![self.button(language, "button-cancel", Data::Cancel(quote.id))]))
    }

    async fn pay(&self, press: &Press, id: QuoteId, payment: Payment) -> Toast {
        let visit = &press.visit;
        let quote = self.shop.find_quote(visit.buyer.id, id).await?;
        let screen = Screen { chat: visit.chat, message: press.message, picture: press.picture };
        let order = self.shop.pay(&quote, payment, screen).await?;
        // The press is answered and the screen changes while the order worker is on its way.
        self.end_press(&press.query, None, false).await;
        if order.version == 1 {
            let view = self.order_view(visit.language, &order, visit.private, None);
            self.edit_screen(screen, order.version, &view).await?;
        }
        Ok(None)
    }

    async fn ways(&self, press: &Press, id: QuoteId) -> Toast {
        let visit = &press.visit;
        let quote = self.shop.find_quote(visit.buyer.id, id).await?;
        self.open_quote(visit, &quote).await?;
        self.typing(visit.chat, visit.thread).await;
        let payments = self.shop.payments(&quote).await?;
        let buttons: Vec<Button> = payments
            .iter()
            .map(|payment| Button::press(self.way(visit.language, *payment), Data::PayWith(id, *payment)))
            .collect();
        let mut view = View::text(self.html(visit.language, "choose-coin", &[]));
        for row in buttons.chunks(2) {
            view = view.row(row.to_vec());
        }
        let back = self.button(visit.language, "button-back", Data::Quote(id));
        self.show(press, &view.row(vec![back])).await?;
        Ok(None)
    }

    /// A way of paying in words.
    pub fn way(&self, language: Language, payment: Payment) -> String {
        match payment {
            Payment::Wallet => self.text(language, "way-wallet", &[]),
            Payment::Crypto(coin) => format!("{} · {}", coin.ticker(), coin.network()),
            Payment::Alipay => "Alipay".to_owned(),
            Payment::Wechat => "WeChat Pay".to_owned(),
        }
    }

    async fn quote_again(&self, press: &Press, id: QuoteId) -> Toast {
        let quote = self.shop.find_quote(press.visit.buyer.id, id).await?;
        self.open_quote(&press.visit, &quote).await?;
        let view = self.quote_view(&press.visit, &quote).await?;
        self.show(press, &view).await?;
        Ok(None)
    }

    async fn cancel_quote(&self, press: &Press, id: QuoteId) -> Toast {
        let quote = self.shop.find_quote(press.visit.buyer.id, id).await?;
        if self.order_of(&quote).await?.is_some() {
            return Ok(Some(self.text(press.visit.language, "cancel-too-late", &[])));
        }
        self.shop.cancel(&quote).await?;
        let view = View::text(self.html(press.visit.language, "quote-cancelled", &[]));
        let back = self.button(press.visit.language, "button-shop", Data::Categories(0));
        self.show(press, &view.row(vec![back])).await?;
        Ok(None)
    }

    /// A quote that is over, or was paid, is not shown as if it could be paid.
    async fn open_quote(&self, visit: &Visit, quote: &Quote) -> Result<(), PressError> {
        if self.order_of(quote).await?.is_some() {
            return Err(PressError::Refused(Box::new(Refusal::NotYours)));
        }
        if !quote.is_over(self.world.now()) {
            return Ok(());
        }
        let deal = &quote.deal;
        let fresh = self.shop.quote(visit.buyer.id, deal.product, deal.quantity, deal.coupon.clone()).await?;
        Err(PressError::Refused(Box::new(Refusal::QuoteExpired(Box::new(fresh)))))
    }

    async fn order_of(&self, quote: &Quote) -> Result<Option<Order>, ShopError> {
        let mut tx = self.shop.db.read().await?;
        Ok(crate::order::records::by_quote(&mut tx, quote.id).await?)
    }

    /// Says no to a press. Somebody else's button gives a toast only; the rest changes the screen.
    async fn refuse_press(&self, press: &Press, refusal: &Refusal) -> Done {
        let visit = &press.visit;
        if matches!(refusal, Refusal::NotYours) {
            let toast = self.text(visit.language, "button-not-yours", &[]);
            self.end_press(&press.query, Some(&toast), true).await;
            return Ok(());
        }
        if let Refusal::WalletTooSmall { balance, total } = refusal
            && !visit.private
        {
            // Among others only the one who pressed sees what is in their wallet.
            let missing = total.minus(*balance).map_or_else(|_| String::new(), |missing| missing.to_string());
            let args: [(&'static str, Arg); 3] = [
                ("balance", balance.to_string().into()),
                ("total", total.to_string().into()),
                ("missing", missing.into()),
            ];
            let toast = self.text(visit.language, "refused-wallet", &args);
            self.end_press(&press.query, Some(&toast), true).await;
            return Ok(());
        }
        let view = match refusal {
            Refusal::QuoteExpired(fresh) => {
                let said = self.html(visit.language, "quote-expired", &[]);
                let quote = self.quote_view(visit, fresh).await?;
                View { html: format!("{said}\n\n{}", quote.html), rows: quote.rows }
            }
            refusal => self.refusal(visit.language, refusal),
        };
        let shown = self.show(press, &view).await;
        self.end_press(&press.query, None, false).await;
        Ok(shown?)
    }
}
