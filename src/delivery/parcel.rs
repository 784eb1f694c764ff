//! Parcels: sealed codes in their rows, and how opened codes are laid out in messages and files.
//!
//! What a buyer gets must be exact. A code goes into a message only if Telegram shows it unchanged there:
//! printable, on one line, without blanks at its ends, not too long. Anything else comes in a text file,
//! and a single code in a file is the file, byte for byte.

use crate::id::{BuyerId, OrderId};
use crate::secret::{Code, Codes, KeyRing, Place, SealError};
use crate::store::{StoreError, Tx, args};
use crate::world::Moment;

/// The longest message, in UTF-16 units after entity parsing, with room for what Telegram adds.
const MESSAGE_UNITS_MAX: usize = 4000;
/// The longest code shown in a message, in UTF-16 units.
const CODE_UNITS_MAX: usize = 1000;
/// Beyond so many codes a file comes along, because copying them one by one is no pleasure.
const MESSAGE_CODES_MAX: usize = 20;

/// The words around the codes. All are HTML, escaped already, but the file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// What it is and how many.
    pub heading: String,
    /// Stands before a serial number.
    pub serial: String,
    /// Says that the codes are in the file that follows.
    pub see_file: String,
    /// Says that the codes are in the file that follows as well.
    pub also_file: String,
    /// The file's name.
    pub file_name: String,
}

/// One message of a parcel. Never printed: it carries codes.
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// A message.
    Html(String),
    /// A text file.
    File {
        /// Its name.
        name: String,
        /// Its content.
        content: Vec<u8>,
    },
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Html(_) => "Html([REDACTED])",
            Self::File { .. } => "File([REDACTED])",
        })
    }
}

/// Lays codes out for a private chat.
pub fn lay_out(codes: &Codes, labels: &Labels) -> Vec<Piece> {
    let shown: Vec<String> = codes.iter().map(|code| shown(code, labels)).collect();
    let units = units(&labels.heading) + units(&labels.also_file) + shown.iter().map(|line| units(line)).sum::<usize>();
    let in_message = codes.iter().all(is_plain) && units <= MESSAGE_UNITS_MAX;
    if !in_message {
        return vec![Piece::Html(format!("{}\n\n{}", labels.heading, labels.see_file)), file(codes, labels)];
    }
    let list = shown.join("\n");
    if codes.len() > MESSAGE_CODES_MAX {
        return vec![Piece::Html(format!("{}\n\n{list}\n\n{}", labels.heading, labels.also_file)), file(codes, labels)];
    }
    vec![Piece::Html(format!("{}\n\n{list}", labels.heading))]
}

/// Length in UTF-16 units; counts markup too, so it never says too little.
fn units(text: &str) -> usize {
    text.encode_utf16().count().saturating_add(1)
}

/// Whether Telegram shows a code unchanged inside a message.
fn is_plain(code: &Code) -> bool {
    let (value, serial) = code.reveal();
    [Some(value), serial].into_iter().flatten().all(|text| {
        let printable = |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        !text.is_empty() && text.trim() == text && text.chars().all(printable) && units(text) <= CODE_UNITS_MAX
    })
}

fn shown(code: &Code, labels: &Labels) -> String {
    let (value, serial) = code.reveal();
    let hidden = |text: &str| format!("<tg-spoiler><code>{}</code></tg-spoiler>", escape(text));
    match serial {
        None => hidden(value),
        Some(serial) => format!("{}\n{} {}", hidden(value), labels.serial, hidden(serial)),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn file(codes: &Codes, labels: &Labels) -> Piece {
    let lines: Vec<String> = codes
        .iter()
        .map(|code| match code.reveal() {
            (value, None) => value.to_owned(),
            (value, Some(serial)) => format!("{value}\t{serial}"),
        })
        .collect();
    let numbered = lines.len() > 1 && lines.iter().any(|line| line.contains(['\n', '\r']));
    let content = if numbered {
        let blocks: Vec<String> = lines.iter().zip(1..).map(|(line, index)| format!("[{index}]\n{line}\n")).collect();
        blocks.join("\n")
    } else {
        lines.join("\n")
    };
    Piece::File { name: labels.file_name.clone(), content: content.into_bytes() }
}

/// A parcel as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Parcel {
    /// Whose it is.
    pub order_id: OrderId,
    /// The codes, sealed.
    pub sealed: String,
    /// How many.
    pub count: i64,
    /// Tries so far.
    pub attempts: i64,
}

impl Parcel {
    /// Opens the codes.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, keys: &KeyRing) -> Result<Codes, SealError> {
        let row = self.order_id.to_string();
        keys.open_codes(Place { table: "parcels", row: &row, column: "sealed" }, &self.sealed)
    }
}

/// The parcel of an order that may be shown to its buyer: on its way or sent, not one kept for a person.
///
/// # Errors
/// [`StoreError`].
pub async fn of_order(tx: &mut Tx, order: OrderId) -> Result<Option<Parcel>, StoreError> {
    tx.fetch_optional(
        "SELECT order_id, sealed, count, attempts FROM parcels WHERE order_id = $1 AND state <> 'kept'",
        args![order],
    )
    .await
}

/// Takes due parcels for one worker.
///
/// # Errors
/// [`StoreError`].
pub async fn claim(tx: &mut Tx, limit: u32, now: Moment, until: Moment) -> Result<Vec<Parcel>, StoreError> {
    tx.fetch_all(
        "UPDATE parcels SET due_at_ms = $1, attempts = attempts + 1 WHERE order_id IN (SELECT order_id FROM parcels \
         WHERE due_at_ms <= $2 ORDER BY due_at_ms LIMIT $3) AND due_at_ms <= $2 \
         RETURNING order_id, sealed, count, attempts",
        args![until, now, limit],
    )
    .await
}

#[derive(sqlx::FromRow)]
struct Kept {
    count: i64,
}

/// How many codes are kept for a person to decide about; `None`: no parcel is kept.
///
/// # Errors
/// [`StoreError`].
pub async fn kept(tx: &mut Tx, order: OrderId) -> Result<Option<u32>, StoreError> {
    let row: Option<Kept> =
        tx.fetch_optional("SELECT count FROM parcels WHERE order_id = $1 AND state = 'kept'", args![order]).await?;
    Ok(row.map(|row| u32::try_from(row.count).unwrap_or(0)))
}

/// Sends a kept parcel on its way.
///
/// # Errors
/// [`StoreError`].
pub async fn release(tx: &mut Tx, order: OrderId, now: Moment) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE parcels SET state = 'waiting', due_at_ms = $1, updated_at_ms = $1 WHERE order_id = $2 AND state = 'kept'",
        args![now, order],
    )
    .await
    .map(|_| ())
}

#[derive(sqlx::FromRow)]
struct Due {
    due_at_ms: Option<i64>,
}

/// When the next parcel is due.
///
/// # Errors
/// [`StoreError`].
pub async fn next_due(tx: &mut Tx) -> Result<Option<Moment>, StoreError> {
    let row: Due =
        tx.fetch_one("SELECT MIN(due_at_ms) AS due_at_ms FROM parcels WHERE due_at_ms IS NOT NULL", args![]).await?;
    Ok(row.due_at_ms.map(Moment::from_millis))
}

/// Marks a parcel as sent.
///
/// # Errors
/// [`StoreError`].
pub async fn sent(tx: &mut Tx, order: OrderId, now: Moment) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE parcels SET state = 'sent', due_at_ms = NULL, updated_at_ms = $1 WHERE order_id = $2",
        args![now, order],
    )
    .await
    .map(|_| ())
}

/// Puts a parcel off until a moment.
///
/// # Errors
/// [`StoreError`].
pub async fn put_off(tx: &mut Tx, order: OrderId, due: Moment, now: Moment) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE parcels SET due_at_ms = $1, updated_at_ms = $2 WHERE order_id = $3 AND state = 'waiting'",
        args![due, now, order],
    )
    .await
    .map(|_| ())
}

/// Keeps a parcel claimed at a moment until its buyer comes back; `false` if they have come back since then.
///
/// # Errors
/// [`StoreError`].
pub async fn keep(tx: &mut Tx, order: OrderId, claimed_at: Moment, now: Moment) -> Result<bool, StoreError> {
    let rows = tx
        .execute(
            "UPDATE parcels SET due_at_ms = NULL, updated_at_ms = $1 WHERE order_id = $2 AND state = 'waiting' \
             AND updated_at_ms <= $3",
            args![now, order, claimed_at],
        )
        .await?;
    Ok(rows == 1)
}

/// A buyer came back: their waiting parcels are due. Those being sent just now stay with their worker, marked so
/// that it does not [`keep`] them. Says how many are due.
///
/// # Errors
/// [`StoreError`].
pub async fn wake(tx: &mut Tx, buyer: BuyerId, now: Moment) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE parcels SET updated_at_ms = $1 WHERE state = 'waiting' AND due_at_ms IS NOT NULL AND order_id IN \
         (SELECT id FROM orders WHERE buyer_id = $2 AND state = 'fulfilled')",
        args![now, buyer],
    )
    .await?;
    tx.execute(
        "UPDATE parcels SET due_at_ms = $1 WHERE state = 'waiting' AND due_at_ms IS NULL AND order_id IN \
         (SELECT id FROM orders WHERE buyer_id = $2 AND state = 'fulfilled')",
        args![now, buyer],
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        Labels {
            heading: "<b>Goods</b>".into(),
            serial: "Serial".into(),
            see_file: "see file".into(),
            also_file: "also a file".into(),
            file_name: "codes.txt".into(),
        }
    }

    fn codes(texts: &[&str]) -> Codes {
        texts.iter().map(|text| Code::new((*text).to_owned())).collect()
    }

    fn content(piece: &Piece) -> &[u8] {
        match piece {
            Piece::File { content, .. } => content,
            Piece::Html(_) => panic!("not a file"),
        }
    }

    #[test]
    fn a_short_code_is_tap_to_copy_under_a_spoiler() {
        let pieces = lay_out(&codes(&["A<b>&1"]), &labels());
        let expected = "<b>Goods</b>\n\n<tg-spoiler><code>A&lt;b&gt;&amp;1</code></tg-spoiler>";
        assert_eq!(pieces, [Piece::Html(expected.into())]);
    }

    #[test]
    fn one_code_in_a_file_is_the_file() {
        let long = "x".repeat(4096);
        let huge = "<b>🎁\r\n</b>".repeat(10_000);
        for text in [long.as_str(), huge.as_str(), " padded ", "two\nlines", "tab\there", "bom\u{feff}", "\u{202e}rtl"]
        {
            let pieces = lay_out(&codes(&[text]), &labels());
            assert_eq!(pieces.len(), 2, "{text:.20}");
            assert_eq!(content(&pieces[1]), text.as_bytes());
        }
    }

    #[test]
    fn many_codes_come_in_a_file_as_well() {
        let many: Vec<String> = (0..100).map(|n| format!("CODE-{n:04}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let pieces = lay_out(&codes(&many), &labels());
        assert_eq!(content(&pieces[1]), many.join("\n").as_bytes());
        let pieces = lay_out(&codes(&["a\nb", "c"]), &labels());
        assert_eq!(content(&pieces[1]), b"[1]\na\nb\n\n[2]\nc\n");
    }

    #[test]
    fn nothing_a_message_holds_exceeds_telegrams_limit() {
        let wide: Vec<String> = (0..20).map(|_| "🎁".repeat(120)).collect();
        let wide: Vec<&str> = wide.iter().map(String::as_str).collect();
        for piece in lay_out(&codes(&wide), &labels()) {
            if let Piece::Html(html) = piece {
                assert!(html.encode_utf16().count() <= 4096);
            }
        }
    }
}
