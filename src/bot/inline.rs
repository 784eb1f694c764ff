//! Inline search: `@bot words` in any chat. Choosing a result posts a card with a link into the shop.

use std::sync::Arc;
use std::time::Duration;

use teloxide::payloads::AnswerInlineQuerySetters;
use teloxide::requests::Requester;
use teloxide::types::{
    InlineQuery, InlineQueryResult, InlineQueryResultArticle, InputMessageContent, InputMessageContentText, ParseMode,
};

use crate::bot::view::{Action, Button, View};
use crate::bot::{Clerk, Done};
use crate::catalog::Item;
use crate::locale::Language;

/// Results in one answer.
const RESULTS: usize = 20;
/// How long Telegram may repeat an answer: prices and stock move.
const CACHE_SECS: u32 = 5;
/// How long a query waits for its answer.
const LIFE: Duration = Duration::from_secs(10);

/// Answers a query with products, price and stock; an empty one with the most sold.
///
/// # Errors
/// [`crate::bot::BotError`], but for a query that is too old: nobody waits for it any more.
pub async fn answer(query: InlineQuery, clerk: Arc<Clerk>) -> Done {
    let language = Language::of_code(query.from.language_code.as_deref().unwrap_or(""));
    let offset = query.offset.parse::<usize>().unwrap_or(0).min(10_000);
    let words: String = query.query.chars().take(256).collect();
    let items: Vec<Item> = clerk.shop.catalog.shelf().search(&words, RESULTS, offset).into_iter().cloned().collect();
    let mut results = Vec::with_capacity(items.len());
    for item in &items {
        let link = clerk.deep_link(&format!("p{}", item.no)).await;
        results.push(article(&clerk, language, item, link));
    }
    let next = if items.len() == RESULTS { (offset + RESULTS).to_string() } else { String::new() };
    let request = clerk
        .telegram
        .bot()
        .answer_inline_query(query.id.clone(), results)
        .cache_time(CACHE_SECS)
        // Names are in the reader's language.
        .is_personal(true)
        .next_offset(next);
    if let Err(failure) = clerk.outbox.answer(LIFE, || clerk.telegram.send_as::<bool, _>(&request)).await {
        tracing::debug!(%failure, "an inline query went unanswered");
    }
    Ok(())
}

fn article(clerk: &Clerk, language: Language, item: &Item, link: Option<String>) -> InlineQueryResult {
    let price = item.price.map_or_else(|| clerk.text(language, "not-for-sale", &[]), |price| price.unit.to_string());
    let description = format!("{price} · {}", clerk.stock(language, item.stock, item.quantity_min));
    let content = InputMessageContentText::new(clerk.card_text(language, item)).parse_mode(ParseMode::Html);
    let open = link.map(|url| Button { label: clerk.text(language, "button-open", &[]), action: Action::Open(url) });
    let keyboard = View::default().row(open.into_iter().collect()).keyboard();
    let article = InlineQueryResultArticle::new(
        format!("p{}", item.no),
        item.name_in(language.code()),
        InputMessageContent::Text(content),
    )
    .description(description);
    InlineQueryResult::Article(if keyboard.inline_keyboard.is_empty() {
        article
    } else {
        article.reply_markup(keyboard)
    })
}
