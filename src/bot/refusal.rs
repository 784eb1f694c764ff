//! Refusals in words: what happened, that no money was taken, and the next step with a button for it.

use crate::bot::Clerk;
use crate::bot::data::Data;
use crate::bot::view::View;
use crate::id::ProductNo;
use crate::locale::Language;
use crate::shop::Refusal;

impl Clerk {
    /// A refusal in words.
    pub fn refusal(&self, language: Language, refusal: &Refusal) -> View {
        self.refusal_about(language, refusal, None)
    }

    /// A refusal in words, about a product.
    pub fn refusal_about(&self, language: Language, refusal: &Refusal, product: Option<ProductNo>) -> View {
        let shop = self.button(language, "button-shop", Data::Categories(0));
        let card = product.map(|no| self.button(language, "button-see-product", Data::Card(no, 1)));
        let say = |key: &'static str| View::text(self.html(language, key, &[]));
        match refusal {
            Refusal::UnknownProduct => say("product-unknown").row(vec![shop]),
            Refusal::NotForSale => say("refused-not-for-sale").row(vec![shop]),
            Refusal::SoldOut { left: 0 } => {
                let watch = product.map(|no| self.button(language, "button-watch", Data::Watch(no)));
                say("refused-sold-out").row(watch.into_iter().collect()).row(vec![shop])
            }
            Refusal::SoldOut { left } => {
                let html = self.html(language, "refused-too-few", &[("left", (*left).into())]);
                View::text(html).row(card.into_iter().collect()).row(vec![shop])
            }
            Refusal::Quantity { min, max } => {
                let html = self.html(language, "refused-quantity", &[("min", (*min).into()), ("max", (*max).into())]);
                View::text(html).row(card.into_iter().collect()).row(vec![shop])
            }
            Refusal::QuoteExpired(_) | Refusal::QuoteGone => say("quote-gone").row(vec![shop]),
            Refusal::NotYours => say("order-unknown").row(vec![shop]),
            Refusal::WalletTooSmall { balance, total } => {
                let missing = total.minus(*balance).map_or_else(|_| String::new(), |missing| missing.to_string());
                let html = self.html(
                    language,
                    "refused-wallet",
                    &[
                        ("balance", balance.to_string().into()),
                        ("total", total.to_string().into()),
                        ("missing", missing.into()),
                    ],
                );
                View::text(html).row(vec![self.button(language, "button-wallet", Data::Wallet)]).row(vec![shop])
            }
            Refusal::InvoicesOpen => {
                let orders = self.button(language, "button-orders", Data::Orders(0));
                say("refused-invoices-open").row(vec![orders]).row(vec![shop])
            }
            Refusal::NoSuchPayment => say("refused-payment").row(vec![shop]),
            Refusal::NothingToShow(_) => say("codes-none-yet").row(vec![shop]),
            Refusal::Unavailable => say("refused-unavailable").row(vec![shop]),
        }
    }
}
