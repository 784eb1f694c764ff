//! Browsing: categories, products, the product card, search.

use std::sync::Arc;

use crate::bot::data::{Data, category_hash};
use crate::bot::gate::{Press, Visit};
use crate::bot::view::{Action, Button, View};
use crate::bot::{Clerk, Done, purchase};
use crate::catalog::Item;
use crate::id::ProductNo;
use crate::locale::{Arg, Language};
use crate::shop::{Refusal, ShopError};
use crate::supplier::{Pace, Stock};

/// Lines on one page.
const PAGE: usize = 8;
/// Results of one search by command or free text.
const RESULTS: usize = 10;
/// Above so many, stock is "plenty".
const PLENTY: u32 = 100;
/// Quantities offered beside − and +.
const PRESETS: [u32; 5] = [1, 5, 10, 50, 100];
/// The longest label on a button, in characters.
const LABEL_MAX: usize = 60;

/// Buttons of the shelf.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn press(press: Press, clerk: Arc<Clerk>) -> Done {
    let visit = &press.visit;
    let mut toast = None;
    match &press.data {
        Data::Categories(page) => clerk.show(&press, &clerk.categories(visit.language, *page)).await?,
        Data::Category(hash, page) => clerk.show(&press, &clerk.category(visit.language, *hash, *page)).await?,
        Data::Card(no, quantity) => {
            let view = clerk.card(visit.language, *no, *quantity);
            clerk.show(&press, &view).await?;
        }
        Data::Buy(no, quantity) => {
            clerk.end_press(&press.query, None, false).await;
            return purchase::offer(&clerk, visit, *no, *quantity, None).await;
        }
        Data::Watch(no) => {
            toast = Some(match clerk.shop.watch(visit.buyer.id, *no).await {
                Ok(_) => clerk.text(visit.language, "watch-noted", &[]),
                Err(ShopError::Refused(_)) => clerk.text(visit.language, "product-unknown-toast", &[]),
                Err(error) => return Err(error.into()),
            });
        }
        _ => {}
    }
    clerk.end_press(&press.query, toast.as_deref(), false).await;
    Ok(())
}

/// Free text in private: a search.
///
/// # Errors
/// [`crate::bot::BotError`].
pub async fn free_search(visit: Visit, clerk: Arc<Clerk>) -> Done {
    let view = clerk.found(visit.language, &visit.text);
    clerk.reply(&visit, &view).await?;
    Ok(())
}

impl Clerk {
    /// Shows a view where a button was pressed: in place if that can be, as a new message otherwise.
    ///
    /// # Errors
    /// [`crate::telegram::failure::SendFailure`].
    pub async fn show(&self, press: &Press, view: &View) -> Result<(), crate::telegram::failure::SendFailure> {
        use crate::telegram::failure::SendFailure;
        match press.message.filter(|_| !press.picture) {
            Some(message) => match self.edit(press.visit.chat, message, view).await {
                Err(SendFailure::MessageGone | SendFailure::Rejected(_)) => {
                    self.reply(&press.visit, view).await.map(|_| ())
                }
                other => other,
            },
            None => self.reply(&press.visit, view).await.map(|_| ()),
        }
    }

    /// The categories, a page of them.
    pub fn categories(&self, language: Language, page: u32) -> View {
        let shelf = self.shop.catalog.shelf();
        let all: Vec<(String, usize)> = shelf.categories().map(|(name, count)| (name.to_owned(), count)).collect();
        drop(shelf);
        if all.is_empty() {
            return View::text(self.html(language, "shop-empty", &[]));
        }
        let (shown, pager) = paged(&all, page, Data::Categories);
        let mut view = View::text(self.html(language, "shop-heading", &[]));
        for (name, count) in shown {
            let name_shown = if name.is_empty() { self.text(language, "category-other", &[]) } else { name.clone() };
            let label = format!("{} ({count})", cut(&name_shown));
            view = view.row(vec![Button::press(label, Data::Category(category_hash(name), 0))]);
        }
        let search = Button { label: self.text(language, "button-search", &[]), action: Action::Search };
        view.row(pager).row(vec![search])
    }

    /// The products of a category, a page of them. Sold out is shown as such, not hidden.
    pub fn category(&self, language: Language, hash: u64, page: u32) -> View {
        let (name, items) = {
            let shelf = self.shop.catalog.shelf();
            let place = shelf.categories().position(|(name, _)| category_hash(name) == hash);
            match place.and_then(|place| shelf.category(place)) {
                Some((name, items)) => (name.to_owned(), items.into_iter().cloned().collect::<Vec<Item>>()),
                None => (String::new(), Vec::new()),
            }
        };
        if items.is_empty() {
            return self.categories(language, 0);
        }
        let (shown, pager) = paged(&items, page, |page| Data::Category(hash, page));
        let name = if name.is_empty() { self.text(language, "category-other", &[]) } else { name };
        let mut view = View::text(self.html(language, "category-heading", &[("category", name.into())]));
        for item in shown {
            view = view.row(vec![Button::press(self.line(language, item), Data::Card(item.no, item.quantity_min))]);
        }
        let back = self.button(language, "button-back", Data::Categories(0));
        view.row(pager).row(vec![back])
    }

    /// What fits some words best.
    pub fn found(&self, language: Language, words: &str) -> View {
        let items: Vec<Item> = self.shop.catalog.shelf().search(words, RESULTS, 0).into_iter().cloned().collect();
        let shop = self.button(language, "button-shop", Data::Categories(0));
        if items.is_empty() {
            let words: String = words.chars().take(100).collect();
            return View::text(self.html(language, "search-nothing", &[("words", words.into())])).row(vec![shop]);
        }
        let heading = if words.trim().is_empty() { "search-popular" } else { "search-heading" };
        let mut view = View::text(self.html(language, heading, &[]));
        for item in &items {
            view = view.row(vec![Button::press(self.line(language, item), Data::Card(item.no, item.quantity_min))]);
        }
        view.row(vec![shop])
    }

    /// One product on one line: name, price, stock if it is short.
    fn line(&self, language: Language, item: &Item) -> String {
        let name = cut(item.name_in(language.code()));
        let state = match item.price {
            Some(price) if item.is_available() => price.unit.to_string(),
            Some(_) => self.text(language, "stock-out", &[]),
            None => self.text(language, "not-for-sale-short", &[]),
        };
        format!("{name} · {state}")
    }

    /// Stock in words.
    pub fn stock(&self, language: Language, stock: Stock, quantity_min: u32) -> String {
        match stock {
            Stock::Count(count) if count < quantity_min => self.text(language, "stock-out", &[]),
            Stock::Count(count) if count > PLENTY => self.text(language, "stock-plenty", &[]),
            Stock::Count(count) => self.text(language, "stock-left", &[("count", count.into())]),
            Stock::Some => self.text(language, "stock-plenty", &[]),
            Stock::Out => self.text(language, "stock-out", &[]),
        }
    }

    /// The card of a product, with a quantity on it.
    pub fn card(&self, language: Language, no: ProductNo, quantity: u32) -> View {
        let Some(item) = self.shop.catalog.item(no) else {
            return self.refusal(language, &Refusal::UnknownProduct);
        };
        let view = View::text(self.card_text(language, &item));
        let back = self.button(language, "button-back", Data::Category(category_hash(&item.category), 0));
        let Some(price) = item.price else { return view.row(vec![back]) };
        let limit = item.quantity_limit();
        if limit < item.quantity_min {
            let watch = self.button(language, "button-watch", Data::Watch(no));
            return view.row(vec![watch]).row(vec![back]);
        }
        let quantity = quantity.clamp(item.quantity_min, limit);
        let total = price.unit.times(quantity).map_or_else(|_| String::new(), |total| total.to_string());
        let fewer = quantity.saturating_sub(1).max(item.quantity_min);
        let more = quantity.saturating_add(1).min(limit);
        let step = |label: &str, to: u32| {
            Button::press(label.to_owned(), if to == quantity { Data::Label } else { Data::Card(no, to) })
        };
        let presets = PRESETS
            .into_iter()
            .filter(|preset| *preset != quantity && *preset >= item.quantity_min && *preset <= limit && *preset > 1)
            .map(|preset| Button::press(format!("×{preset}"), Data::Card(no, preset)))
            .collect();
        let total = self.html(language, "card-total", &[("quantity", quantity.into()), ("total", total.into())]);
        View { html: format!("{}\n\n{total}", view.html), rows: view.rows }
            .row(vec![step("−", fewer), Button::press(quantity.to_string(), Data::Label), step("+", more)])
            .row(presets)
            .row(vec![self.button(language, "button-buy", Data::Buy(no, quantity))])
            .row(vec![back])
    }

    /// The text of a product's card.
    pub fn card_text(&self, language: Language, item: &Item) -> String {
        let pace = match item.pace {
            Pace::AtOnce => "delivery-at-once",
            Pace::WithinMinutes if item.ways.wallet => "delivery-minutes",
            Pace::WithinMinutes => "delivery-confirmed",
        };
        let price = match item.price {
            Some(price) => price.unit.to_string(),
            None => self.text(language, "not-for-sale", &[]),
        };
        let limits =
            self.text(language, "card-limits", &[("min", item.quantity_min.into()), ("max", item.quantity_max.into())]);
        let category =
            if item.category.is_empty() { self.text(language, "category-other", &[]) } else { item.category.clone() };
        let args: [(&'static str, Arg); 7] = [
            ("name", item.name_in(language.code()).into()),
            ("no", item.no.0.into()),
            ("category", category.into()),
            ("price", price.into()),
            ("stock", self.stock(language, item.stock, item.quantity_min).into()),
            ("limits", limits.into()),
            ("delivery", self.text(language, pace, &[]).into()),
        ];
        self.html(language, "card", &args)
    }
}

/// A label of bounded length.
fn cut(name: &str) -> String {
    if name.chars().count() <= LABEL_MAX {
        return name.to_owned();
    }
    name.chars().take(LABEL_MAX - 1).chain(['…']).collect()
}

/// One page of a list, and the buttons to the others.
fn paged<T>(all: &[T], page: u32, data: impl Fn(u32) -> Data) -> (&[T], Vec<Button>) {
    let pages = all.len().div_ceil(PAGE).max(1);
    let page = usize::try_from(page).unwrap_or(0).min(pages - 1);
    let shown = all.get(page * PAGE..all.len().min((page + 1) * PAGE)).unwrap_or_default();
    if pages == 1 {
        return (shown, Vec::new());
    }
    let to = |page: usize| data(u32::try_from(page).unwrap_or(0));
    let mut pager = Vec::new();
    if page > 0 {
        pager.push(Button::press("‹".into(), to(page - 1)));
    }
    pager.push(Button::press(format!("{} / {pages}", page + 1), Data::Label));
    if page + 1 < pages {
        pager.push(Button::press("›".into(), to(page + 1)));
    }
    (shown, pager)
}
