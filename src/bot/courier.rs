//! The clerk as courier: parcels, screens and news in words, carried by Telegram.

use async_trait::async_trait;
use teloxide::payloads::SendMessageSetters;
use teloxide::requests::Requester;
use teloxide::types::{ChatId, ParseMode};

use crate::bot::data::Data;
use crate::bot::view::{Button, View};
use crate::bot::{Clerk, picture};
use crate::delivery::{Courier, Labels, Piece, Undelivered};
use crate::id::{ProductNo, TelegramId};
use crate::locale::{Arg, Language};
use crate::notice::News;
use crate::order::state::State;
use crate::order::{Order, Screen};
use crate::telegram::Sent;
use crate::telegram::failure::SendFailure;
use crate::telegram::outbox::Priority;
use crate::world::Upload;

impl From<SendFailure> for Undelivered {
    fn from(failure: SendFailure) -> Self {
        match failure {
            SendFailure::Blocked | SendFailure::ChatGone => Self::Unreachable,
            SendFailure::TooManyRequests(_)
            | SendFailure::Unreachable
            | SendFailure::Unauthorized
            | SendFailure::OtherPoller
            | SendFailure::WebhookActive => Self::Later,
            _ => Self::Refused,
        }
    }
}

#[async_trait]
impl Courier for Clerk {
    fn labels(&self, language: &str, order: &Order, count: u32) -> Labels {
        let language = Language::of_code(language);
        let item = self.shop.catalog.item(order.deal.product);
        let title = item.as_ref().map_or(order.deal.title.as_str(), |item| item.name_in(language.code()));
        let args: [(&'static str, Arg); 3] =
            [("no", order.no.to_string().into()), ("product", title.into()), ("count", count.into())];
        Labels {
            heading: self.html(language, "parcel-heading", &args),
            serial: self.html(language, "parcel-serial", &[]),
            see_file: self.html(language, "parcel-see-file", &[]),
            also_file: self.html(language, "parcel-also-file", &[]),
            file_name: format!("{}.txt", order.no),
        }
    }

    async fn send(&self, to: TelegramId, pieces: Vec<Piece>) -> Result<(), Undelivered> {
        for piece in pieces {
            match piece {
                Piece::Html(html) => {
                    let request = self
                        .telegram
                        .bot()
                        .send_message(ChatId(to.0), html)
                        .parse_mode(ParseMode::Html)
                        .protect_content(true);
                    let sent: Result<Sent, SendFailure> =
                        self.outbox.send(Priority::Reply, to.0, || self.telegram.send_as(&request)).await;
                    arrived(sent.map(|_| ()))?;
                }
                Piece::File { name, content } => {
                    let upload = || Upload {
                        fields: vec![("chat_id", to.to_string()), ("protect_content", "true".to_owned())],
                        field: "document",
                        name: name.clone(),
                        content: content.clone(),
                    };
                    let call = || self.telegram.upload("sendDocument", upload());
                    let sent: Result<Sent, SendFailure> = self.outbox.send(Priority::Reply, to.0, call).await;
                    arrived(sent.map(|_| ()))?;
                }
            }
        }
        Ok(())
    }

    async fn show(&self, language: &str, to: TelegramId, order: &Order) -> Result<Screen, Undelivered> {
        let language = Language::of_code(language);
        let private = order.screen.chat == to;
        if let State::AwaitingPayment { invoice, .. } = &order.state
            && (!order.screen.picture || !private)
        {
            let png = picture::payment_text(order.payment, invoice).and_then(|text| picture::qr_png(&text));
            // A web checkout has nothing to draw: in private the screen itself carries its link.
            if png.is_some() || !private {
                return self.show_invoice(language, to, order, png).await;
            }
        }
        let link = if private { None } else { self.deep_link("orders").await };
        let view = self.order_view(language, order, private, link);
        if order.screen.message.is_none() {
            let chat = order.screen.chat;
            let message = self.post(Priority::Edit, chat, None, &view).await?;
            return Ok(Screen { chat, message: Some(message), picture: false });
        }
        let shown = self.edit_screen(order.screen, order.version, &view).await;
        match shown {
            Ok(()) => Ok(order.screen),
            // The buyer deleted the screen: what comes next is shown in a new one.
            Err(SendFailure::MessageGone) => {
                let message = self.post(Priority::Edit, to, None, &view).await?;
                Ok(Screen { chat: to, message: Some(message), picture: false })
            }
            Err(failure) => Err(failure.into()),
        }
    }

    async fn tell(&self, language: &str, to: TelegramId, news: &News) -> Result<i64, Undelivered> {
        let view = self.news_view(Language::of_code(language), news);
        Ok(self.post(Priority::Notice, to, None, &view).await?)
    }
}

/// An answer that cannot be read was an acceptance: sending again would only do it twice.
fn arrived(sent: Result<(), SendFailure>) -> Result<(), Undelivered> {
    match sent {
        Ok(()) | Err(SendFailure::Unreadable) => Ok(()),
        Err(failure) => Err(failure.into()),
    }
}

impl Clerk {
    /// Shows an invoice as a picture with a caption, in the buyer's private chat; from then on that message is
    /// the order's screen.
    async fn show_invoice(
        &self,
        language: Language,
        to: TelegramId,
        order: &Order,
        png: Option<Vec<u8>>,
    ) -> Result<Screen, Undelivered> {
        let view = self.order_view(language, order, true, None);
        let screen = if let Some(png) = png {
            let keyboard = serde_json::to_string(&view.keyboard()).unwrap_or_default();
            let upload = || Upload {
                fields: vec![
                    ("chat_id", to.to_string()),
                    ("caption", view.html.clone()),
                    ("parse_mode", "HTML".to_owned()),
                    ("reply_markup", keyboard.clone()),
                ],
                field: "photo",
                name: "pay.png".to_owned(),
                content: png.clone(),
            };
            let call = || self.telegram.upload("sendPhoto", upload());
            let sent: Sent = self.outbox.send(Priority::Reply, to.0, call).await?;
            Screen { chat: to, message: Some(i64::from(sent.message_id)), picture: true }
        } else {
            let message = self.post(Priority::Reply, to, None, &view).await?;
            Screen { chat: to, message: Some(message), picture: false }
        };
        if !order.screen.picture {
            let key = if order.screen.chat == to { "invoice-below" } else { "invoice-private" };
            let note = View::text(self.html(language, key, &[("no", order.no.to_string().into())]));
            // The invoice is what matters; a note that cannot be shown is no reason to send it again.
            let _ = self.edit_screen(order.screen, order.version, &note).await;
        }
        Ok(screen)
    }

    /// A piece of news in words.
    pub fn news_view(&self, language: Language, news: &News) -> View {
        let say = |key: &'static str, args: &[(&'static str, Arg)]| View::text(self.html(language, key, args));
        match news {
            News::OrderStuck { order, supplier, why } => say(
                "news-stuck",
                &[
                    ("order", order.as_str().into()),
                    ("supplier", supplier.as_str().into()),
                    ("why", self.text(language, stuck_key(why), &[]).into()),
                ],
            ),
            News::SupplierRefused { supplier, reason } => {
                let why = self.text(language, super::admin::reason_key(*reason), &[]);
                say("news-supplier-refused", &[("supplier", supplier.as_str().into()), ("why", why.into())])
            }
            News::SoldAtLoss { order, charged, paid } => say(
                "news-loss",
                &[
                    ("order", order.as_str().into()),
                    ("charged", charged.as_str().into()),
                    ("paid", paid.as_str().into()),
                ],
            ),
            News::OddPayment { order, what } => {
                let key = match what.as_str() {
                    "underpaid" => "news-underpaid",
                    "overpaid" => "news-overpaid",
                    _ => "news-late",
                };
                say(key, &[("order", order.as_str().into())])
            }
            News::BackInStock { product, name } => {
                let see =
                    Button::press(self.text(language, "button-see-product", &[]), Data::Card(ProductNo(*product), 1));
                say("news-back", &[("name", name.as_str().into())]).row(vec![see])
            }
            News::WalletCredited { amount, balance, note } => {
                self.adjusted_news(language, "news-credited", amount, balance, note)
            }
            News::WalletDebited { amount, balance, note } => {
                self.adjusted_news(language, "news-debited", amount, balance, note)
            }
            News::Question { name, telegram_id, text, .. } => say(
                "news-question",
                &[
                    ("name", name.as_str().into()),
                    ("id", telegram_id.to_string().into()),
                    ("text", text.as_str().into()),
                ],
            ),
            News::Answer { text } => say("news-answer", &[("text", text.as_str().into())]),
        }
    }

    fn adjusted_news(&self, language: Language, key: &'static str, amount: &str, balance: &str, note: &str) -> View {
        let mut html = self.html(language, key, &[("amount", amount.into()), ("balance", balance.into())]);
        if !note.is_empty() {
            html = format!("{html}\n<i>{}</i>", crate::locale::escape(note));
        }
        View::text(html).row(vec![self.button(language, "button-wallet", Data::Wallet)])
    }
}

/// The locale key of why an order waits for a person.
pub(super) fn stuck_key(why: &str) -> &'static str {
    match why {
        "no-answer" => "stuck-no-answer",
        "garbled" => "stuck-garbled",
        "not-found" => "stuck-not-found",
        "ambiguous" => "stuck-ambiguous",
        "miscounted" => "stuck-miscounted",
        "paid-late" => "stuck-paid-late",
        _ => "stuck-paid-and-cancelled",
    }
}
