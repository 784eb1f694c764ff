//! Orders as their buyer sees them: the list, one order, its screen as it goes on, its codes.

use std::sync::Arc;

use crate::bot::data::Data;
use crate::bot::gate::{Press, Visit};
use crate::bot::view::{Action, Button, View};
use crate::bot::{Clerk, Done};
use crate::delivery::{Courier, Undelivered, parcel};
use crate::id::OrderNo;
use crate::locale::{Arg, Language};
use crate::order::Order;
use crate::order::state::{Asked, Cause, State};
use crate::shop::{Refusal, ShopError};
use crate::supplier::{Invoice, Payment, PaymentProgress, Reason};
use crate::telegram::failure::SendFailure;

/// Orders on one page.
const PAGE: u32 = 8;

/// Whether a press belongs to the orders.
pub fn is_for_orders(press: Press) -> bool {
    matches!(press.data, Data::Orders(_) | Data::Order(_) | Data::Codes(_))
}

/// Buttons of orders.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn press(press: Press, clerk: Arc<Clerk>) -> Done {
    let visit = &press.visit;
    let mut toast = None;
    match press.data {
        Data::Orders(_) if !visit.private => toast = Some(clerk.text(visit.language, "only-in-private", &[])),
        Data::Orders(page) => {
            clerk.shop.welcome_back(&visit.buyer).await?;
            let view = clerk.orders_view(visit, page).await?;
            clerk.show(&press, &view).await?;
        }
        Data::Order(no) => match clerk.shop.order(visit.buyer.id, no).await {
            Ok(order) => clerk.show(&press, &clerk.order_view(visit.language, &order, visit.private, None)).await?,
            Err(ShopError::Refused(_)) => toast = Some(clerk.text(visit.language, "button-not-yours", &[])),
            Err(error) => return Err(error.into()),
        },
        Data::Codes(no) => toast = clerk.show_codes(visit, no).await?,
        _ => {}
    }
    let alert = toast.is_some();
    clerk.end_press(&press.query, toast.as_deref(), alert).await;
    Ok(())
}

/// `/order no`.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn command(clerk: &Clerk, visit: &Visit, args: &str) -> Done {
    let found = match args.parse::<OrderNo>() {
        Ok(no) => clerk.shop.order(visit.buyer.id, no).await,
        Err(_) => Err(Refusal::NotYours.into()),
    };
    let view = match found {
        Ok(order) => clerk.order_view(visit.language, &order, visit.private, None),
        Err(ShopError::Refused(_)) => {
            let orders = clerk.button(visit.language, "button-orders", Data::Orders(0));
            View::text(clerk.html(visit.language, "order-unknown", &[])).row(vec![orders])
        }
        Err(error) => return Err(error.into()),
    };
    clerk.reply(visit, &view).await?;
    Ok(())
}

impl Clerk {
    /// A page of a buyer's orders.
    ///
    /// # Errors
    /// [`ShopError`].
    pub async fn orders_view(&self, visit: &Visit, page: u32) -> Result<View, ShopError> {
        let language = visit.language;
        let page = page.min(100_000);
        let orders = self.shop.orders(visit.buyer.id, PAGE + 1, page * PAGE).await?;
        let shop = self.button(language, "button-shop", Data::Categories(0));
        if orders.is_empty() {
            return Ok(View::text(self.html(language, "orders-none", &[])).row(vec![shop]));
        }
        let mut view = View::text(self.html(language, "orders-heading", &[]));
        let more = orders.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
        for order in orders.iter().take(usize::try_from(PAGE).unwrap_or(0)) {
            let title: String = order.deal.title.chars().take(30).collect();
            let state = self.text(language, state_key(&order.state), &[]);
            let label = format!("{} · {title} × {} · {state}", order.no, order.deal.quantity);
            view = view.row(vec![Button::press(label, Data::Order(order.no))]);
        }
        let mut pager = Vec::new();
        if page > 0 {
            pager.push(Button::press("‹".into(), Data::Orders(page - 1)));
        }
        if more {
            pager.push(Button::press("›".into(), Data::Orders(page + 1)));
        }
        Ok(view.row(pager))
    }

    /// Sends the codes of an order to its buyer's private chat; gives what to say about it.
    ///
    /// # Errors
    /// [`crate::bot::BotError`].
    async fn show_codes(&self, visit: &Visit, no: OrderNo) -> Result<Option<String>, crate::bot::BotError> {
        let (order, codes) = match self.shop.codes(visit.buyer.id, no).await {
            Ok(found) => found,
            Err(ShopError::Refused(refusal)) => {
                let key = match *refusal {
                    Refusal::NothingToShow(_) => "codes-none",
                    _ => "button-not-yours",
                };
                return Ok(Some(self.text(visit.language, key, &[])));
            }
            Err(error) => return Err(error.into()),
        };
        let count = u32::try_from(codes.len()).unwrap_or(u32::MAX);
        let pieces = parcel::lay_out(&codes, &self.labels(visit.language.code(), &order, count));
        match self.send(visit.person, pieces).await {
            Ok(()) if visit.private => Ok(None),
            Ok(()) => Ok(Some(self.text(visit.language, "codes-sent-privately", &[]))),
            Err(Undelivered::Unreachable) => Ok(Some(self.text(visit.language, "codes-start-first", &[]))),
            Err(Undelivered::Later | Undelivered::Refused) => Err(SendFailure::Unreachable.into()),
        }
    }

    /// Where an order stands, in words with the next step. `bot_link` opens the private chat from a group.
    pub fn order_view(&self, language: Language, order: &Order, private: bool, bot_link: Option<String>) -> View {
        let mut lines = vec![self.order_heading(language, order), self.state_words(language, order)];
        let mut view = View::default();
        match &order.state {
            State::Delivered { .. } | State::Fulfilled { .. } => {
                if !private {
                    lines.push(self.html(language, "order-private", &[]));
                    let open = bot_link.map(|url| Button {
                        label: self.text(language, "button-open-private", &[]),
                        action: Action::Open(url),
                    });
                    view = view.row(open.into_iter().collect());
                }
                view = view.row(vec![self.button(language, "button-codes", Data::Codes(order.no))]);
            }
            // Once the money is seen, nothing may ask the buyer to send it again.
            State::AwaitingPayment { invoice, progress, .. } if wants_money(*progress) => {
                lines.push(self.invoice_words(language, order));
                view.rows.extend(self.invoice_buttons(language, invoice));
            }
            State::Returned(cause) => view = view.row(self.next_step(language, order, *cause)),
            State::Expired { .. } => {
                let again = Data::Card(order.deal.product, order.deal.quantity);
                view = view.row(vec![self.button(language, "button-try-again", again)]);
            }
            State::AwaitingPayment { .. } | State::Stuck { .. } | State::Reserved | State::Submitted(_) => {}
        }
        View { html: lines.join("\n\n"), rows: view.rows }
    }

    fn order_heading(&self, language: Language, order: &Order) -> String {
        let deal = &order.deal;
        let item = self.shop.catalog.item(deal.product);
        let title = item.as_ref().map_or(deal.title.as_str(), |item| item.name_in(language.code()));
        let args: [(&'static str, Arg); 3] =
            [("no", order.no.to_string().into()), ("product", title.into()), ("quantity", deal.quantity.into())];
        let heading = self.html(language, "order-heading", &args);
        if order.payment.is_past_us() {
            return heading;
        }
        let total = self.html(language, "order-total", &[("total", deal.total.to_string().into())]);
        format!("{heading}\n{total}")
    }

    fn state_words(&self, language: Language, order: &Order) -> String {
        let total = order.deal.total;
        let say = |key: &'static str| self.html(language, key, &[]);
        match &order.state {
            State::Reserved => self.html(language, "progress-reserving", &[("total", total.to_string().into())]),
            State::Submitted(Asked::Known { .. }) if order.payment.is_past_us() => say("progress-paid"),
            State::Submitted(_) => say("progress-ordering"),
            State::AwaitingPayment { progress, .. } => say(progress_key(*progress)),
            State::Fulfilled { .. } => say("progress-delivering"),
            State::Delivered { count } => self.delivered_words(language, order, *count),
            State::Returned(cause) => self.returned_words(language, order, *cause),
            State::Expired { .. } => say("order-expired"),
            State::Stuck { .. } if order.payment.is_past_us() => say("order-stuck-paid"),
            State::Stuck { .. } => self.html(language, "order-stuck", &[("total", total.to_string().into())]),
        }
    }

    fn delivered_words(&self, language: Language, order: &Order, count: u32) -> String {
        let deal = &order.deal;
        if count >= deal.quantity {
            return self.html(language, "order-delivered", &[("count", count.into())]);
        }
        let back = deal.unit_price.times(count).and_then(|paid| deal.total.minus(paid));
        let args: [(&'static str, Arg); 3] = [
            ("count", count.into()),
            ("quantity", deal.quantity.into()),
            ("back", back.map_or_else(|_| String::new(), |back| back.to_string()).into()),
        ];
        let key = if order.payment.is_past_us() { "order-part-paid" } else { "order-part" };
        self.html(language, key, &args)
    }

    fn returned_words(&self, language: Language, order: &Order, cause: Cause) -> String {
        let why = self.html(language, cause_key(cause), &[]);
        let money = if order.payment.is_past_us() {
            self.html(language, "money-not-taken", &[])
        } else {
            self.html(language, "money-back", &[("total", order.deal.total.to_string().into())])
        };
        format!("{why} {money}")
    }

    fn next_step(&self, language: Language, order: &Order, cause: Cause) -> Vec<Button> {
        let card = |key: &'static str| self.button(language, key, Data::Card(order.deal.product, order.deal.quantity));
        match cause {
            Cause::Dearer => {
                vec![self.button(language, "button-new-quote", Data::Buy(order.deal.product, order.deal.quantity))]
            }
            Cause::SoldOut | Cause::Refused(Reason::OutOfStock | Reason::Conflict) => {
                vec![card("button-see-product"), self.button(language, "button-watch", Data::Watch(order.deal.product))]
            }
            Cause::Gone | Cause::Refused(Reason::UnknownProduct) => {
                vec![self.button(language, "button-shop", Data::Categories(0))]
            }
            Cause::Unfunded | Cause::Unreachable | Cause::Refused(_) | Cause::ByAdmin => {
                vec![card("button-try-again"), self.button(language, "button-shop", Data::Categories(0))]
            }
        }
    }

    fn invoice_words(&self, language: Language, order: &Order) -> String {
        let State::AwaitingPayment { invoice, deadline, .. } = &order.state else { return String::new() };
        let until = until(deadline.seconds());
        let (Some(address), Some(amount)) = (&invoice.address, &invoice.amount) else {
            return self.html(language, "invoice-checkout", &[("until", until.into())]);
        };
        let (ticker, network) = match order.payment {
            Payment::Crypto(coin) => (coin.ticker(), coin.network()),
            _ => ("", ""),
        };
        let args: [(&'static str, Arg); 5] = [
            ("amount", amount.as_str().into()),
            ("ticker", ticker.into()),
            ("network", network.into()),
            ("address", address.as_str().into()),
            ("until", until.into()),
        ];
        self.html(language, "invoice", &args)
    }

    fn invoice_buttons(&self, language: Language, invoice: &Invoice) -> Vec<Vec<Button>> {
        let copy = |key: &'static str, text: &Option<String>| {
            let text = text.clone().filter(|text| (1..=256).contains(&text.chars().count()))?;
            Some(Button { label: self.text(language, key, &[]), action: Action::Copy(text) })
        };
        let copies: Vec<Button> =
            [copy("button-copy-address", &invoice.address), copy("button-copy-amount", &invoice.amount)]
                .into_iter()
                .flatten()
                .collect();
        let open = invoice
            .url
            .clone()
            .filter(|url| url.starts_with("https://"))
            .map(|url| Button { label: self.text(language, "button-open-checkout", &[]), action: Action::Open(url) });
        [copies, open.into_iter().collect()].into_iter().filter(|row| !row.is_empty()).collect()
    }
}

/// A moment as people read it, in UTC.
fn until(seconds: i64) -> String {
    time::OffsetDateTime::from_unix_timestamp(seconds)
        .map_or_else(|_| String::new(), |at| format!("{:02}:{:02} UTC", at.hour(), at.minute()))
}

/// Whether the buyer still has to send something.
const fn wants_money(progress: PaymentProgress) -> bool {
    matches!(progress, PaymentProgress::Waiting | PaymentProgress::Underpaid)
}

const fn progress_key(progress: PaymentProgress) -> &'static str {
    match progress {
        PaymentProgress::Waiting => "payment-waiting",
        PaymentProgress::Confirming => "payment-confirming",
        PaymentProgress::Underpaid => "payment-underpaid",
        PaymentProgress::Overpaid => "payment-overpaid",
        PaymentProgress::Paid => "payment-paid",
    }
}

/// The state in two or three words, for lists.
pub const fn state_key(state: &State) -> &'static str {
    match state {
        State::Reserved => "state-reserved",
        State::Submitted(_) => "state-submitted",
        State::AwaitingPayment { .. } => "state-awaiting-payment",
        State::Fulfilled { .. } => "state-fulfilled",
        State::Delivered { .. } => "state-delivered",
        State::Returned(_) => "state-returned",
        State::Expired { .. } => "state-expired",
        State::Stuck { .. } => "state-stuck",
    }
}

const fn cause_key(cause: Cause) -> &'static str {
    match cause {
        Cause::SoldOut | Cause::Refused(Reason::OutOfStock | Reason::Conflict) => "returned-sold-out",
        Cause::Dearer => "returned-dearer",
        Cause::Gone | Cause::Refused(Reason::UnknownProduct) => "returned-gone",
        Cause::Unreachable => "returned-unreachable",
        Cause::Unfunded
        | Cause::Refused(
            Reason::NoFunds | Reason::Frozen | Reason::Unauthorized | Reason::Invalid | Reason::Cancelled,
        ) => "returned-unavailable",
        Cause::ByAdmin => "returned-by-admin",
    }
}
