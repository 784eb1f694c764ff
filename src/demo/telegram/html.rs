//! The HTML parse mode: tags and entities in, plain text and formatting out.
//!
//! From the Bot API ("HTML style"): only the listed tags exist, `<`, `>` and `&` must be escaped
//! where they are no markup, and `&lt; &gt; &amp; &quot;` and numeric entities are understood. From
//! the server's source: control characters become blanks, carriage returns and line separators
//! vanish, blanks at the end are cut, and those at the beginning too unless they are formatted.
//! This is why a code can only be exact in a file.

use serde_json::{Map, Value, json};

/// One stretch of formatting, counted in UTF-16 units as Telegram does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// `bold`, `code`, `pre`, `spoiler`, `text_link`, `bot_command` …
    pub kind: String,
    /// Where it begins.
    pub offset: usize,
    /// How long it is.
    pub length: usize,
    /// The address of a `text_link`, the language of a `pre`, the id of a `custom_emoji`.
    pub detail: Option<String>,
}

/// A text and its formatting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Formatted {
    /// The text people see.
    pub text: String,
    /// Its formatting, in order of appearance.
    pub entities: Vec<Entity>,
}

/// "Formatting entities per message": 100; the rest is shown plain.
const ENTITIES_MAX: usize = 100;

impl Formatted {
    /// A text without markup.
    pub(super) fn plain(text: &str) -> Self {
        finish(text.to_owned(), Vec::new())
    }

    /// The length Telegram's limits speak of.
    #[must_use]
    pub fn units(&self) -> usize {
        self.text.encode_utf16().count()
    }

    pub(super) fn entities_json(&self) -> Vec<Value> {
        self.entities.iter().map(Entity::json).collect()
    }
}

impl Entity {
    pub(super) fn json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("type".to_owned(), json!(self.kind));
        fields.insert("offset".to_owned(), json!(self.offset));
        fields.insert("length".to_owned(), json!(self.length));
        if let Some(detail) = &self.detail {
            let name = match self.kind.as_str() {
                "text_link" => "url",
                "custom_emoji" => "custom_emoji_id",
                _ => "language",
            };
            fields.insert(name.to_owned(), json!(detail));
        }
        Value::Object(fields)
    }
}

struct Open {
    tag: String,
    kind: String,
    offset: usize,
    detail: Option<String>,
}

/// Reads HTML, or says what is wrong with it in the words of the server.
pub(super) fn parse(html: &str) -> Result<Formatted, String> {
    let mut text = String::with_capacity(html.len());
    let mut units = 0_usize;
    let mut open: Vec<Open> = Vec::new();
    let mut entities = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, markup) = rest.split_at(at);
        push(&mut text, &mut units, before);
        let byte = html.len().saturating_sub(markup.len());
        if markup.starts_with('&') {
            // What is no entity is an ampersand like any other.
            let (character, after) = entity(markup).unwrap_or(('&', markup.get(1..).unwrap_or_default()));
            push(&mut text, &mut units, character.encode_utf8(&mut [0; 4]));
            rest = after;
            continue;
        }
        let end = markup.find('>').ok_or_else(|| format!("Unclosed start tag at byte offset {byte}"))?;
        let inside = markup.get(1..end).unwrap_or_default();
        rest = markup.get(end.saturating_add(1)..).unwrap_or_default();
        if let Some(name) = inside.strip_prefix('/') {
            let last = open.pop().ok_or_else(|| format!("Unexpected end tag at byte offset {byte}"))?;
            if !name.trim().is_empty() && !name.trim().eq_ignore_ascii_case(&last.tag) {
                let (tag, name) = (last.tag, name.trim());
                return Err(format!(
                    "Unmatched end tag at byte offset {byte}, expected \"</{tag}>\", found \"</{name}>\""
                ));
            }
            close(last, units, &mut entities);
        } else {
            open.push(start(inside, byte, units)?);
        }
    }
    push(&mut text, &mut units, rest);
    if let Some(last) = open.pop() {
        return Err(format!("Can't find end tag corresponding to start tag \"{}\"", last.tag));
    }
    // Inner tags close first; of two over the same stretch the outer one comes first.
    entities.reverse();
    entities.sort_by_key(|entity: &Entity| (entity.offset, usize::MAX.saturating_sub(entity.length)));
    Ok(finish(text, merge_languages(entities)))
}

fn close(last: Open, units: usize, entities: &mut Vec<Entity>) {
    let length = units.saturating_sub(last.offset);
    if length > 0 {
        entities.push(Entity { kind: last.kind, offset: last.offset, length, detail: last.detail });
    }
}

/// Adds text the way the server cleans it.
fn push(text: &mut String, units: &mut usize, piece: &str) {
    for character in piece.chars() {
        let cleaned = match character {
            '\n' => '\n',
            '\r' | '\u{2028}'..='\u{202E}' | '\u{0333}' | '\u{033F}' | '\u{030A}' => continue,
            '\0'..='\u{1F}' => ' ',
            other => other,
        };
        text.push(cleaned);
        *units = units.saturating_add(cleaned.len_utf16());
    }
}

/// `&lt;`, `&#60;`, `&#x3c;` …, and what follows it.
fn entity(markup: &str) -> Option<(char, &str)> {
    let (name, after) = markup.get(1..)?.split_once(';')?;
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let digits = name.strip_prefix('#')?;
            let number = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(number).filter(|character| *character != '\0')?
        }
    };
    Some((character, after))
}

/// A start tag, if it is one of Telegram's.
fn start(inside: &str, byte: usize, offset: usize) -> Result<Open, String> {
    let name_end = inside.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inside.len());
    let (name, attributes) = inside.split_at(name_end);
    let tag = name.to_ascii_lowercase();
    let attributes =
        attributes_of(attributes).ok_or_else(|| format!("Unexpected end of name token at byte offset {byte}"))?;
    let attribute = |wanted: &str| attributes.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone());
    let unsupported = || Err(format!("Unsupported start tag \"{tag}\" at byte offset {byte}"));
    let (kind, detail) = match tag.as_str() {
        "b" | "strong" => ("bold", None),
        "i" | "em" => ("italic", None),
        "u" | "ins" => ("underline", None),
        "s" | "strike" | "del" => ("strikethrough", None),
        "tg-spoiler" => ("spoiler", None),
        "span" if attribute("class").as_deref() == Some("tg-spoiler") => ("spoiler", None),
        "span" => return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {byte}")),
        "a" => ("text_link", attribute("href")),
        "tg-emoji" => ("custom_emoji", attribute("emoji-id")),
        "code" => {
            let language = attribute("class").and_then(|class| class.strip_prefix("language-").map(str::to_owned));
            ("code", language)
        }
        "pre" => ("pre", None),
        "blockquote" if attribute("expandable").is_some() => ("expandable_blockquote", None),
        "blockquote" => ("blockquote", None),
        _ => return unsupported(),
    };
    Ok(Open { kind: kind.to_owned(), offset, detail, tag })
}

/// The attributes of a tag, values decoded; `None` if they are malformed.
fn attributes_of(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return None;
        }
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            found.push((name.to_ascii_lowercase(), String::new()));
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'');
        let (value, after) = match quote {
            Some(quote) => value.get(1..)?.split_once(quote)?,
            None => value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len())),
        };
        found.push((name.to_ascii_lowercase(), decoded(value)));
        rest = after.trim_start();
    }
    Some(found)
}

fn decoded(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        let (before, markup) = rest.split_at(at);
        text.push_str(before);
        let (character, after) = entity(markup).unwrap_or(('&', markup.get(1..).unwrap_or_default()));
        text.push(character);
        rest = after;
    }
    text.push_str(rest);
    text
}

/// `<pre><code class="language-x">` is one `pre` with a language; a language elsewhere means nothing,
/// and a link without an address is no link.
fn merge_languages(entities: Vec<Entity>) -> Vec<Entity> {
    let mut merged: Vec<Entity> = Vec::with_capacity(entities.len());
    for mut entity in entities {
        if entity.kind == "code" {
            let whole = |pre: &&mut Entity| {
                pre.kind == "pre" && pre.offset == entity.offset && pre.length == entity.length && pre.detail.is_none()
            };
            if let Some(pre) = merged.last_mut().filter(whole) {
                pre.detail = entity.detail;
                continue;
            }
            entity.detail = None;
        }
        if entity.detail.is_some() || !matches!(entity.kind.as_str(), "text_link" | "custom_emoji") {
            merged.push(entity);
        }
    }
    merged
}

/// Cuts the blanks the server cuts, and the formatting with them.
fn finish(raw: String, mut entities: Vec<Entity>) -> Formatted {
    let text = if entities.is_empty() {
        let (mut cleaned, mut units) = (String::with_capacity(raw.len()), 0);
        push(&mut cleaned, &mut units, &raw);
        cleaned
    } else {
        raw
    };
    let blank = |c: char| c == ' ' || c == '\n';
    let first = entities.first().map_or(usize::MAX, |entity| entity.offset);
    // Blanks are one byte and one unit each, so counting them counts both.
    let leading = text.chars().take_while(|c| blank(*c)).count().min(first);
    let text = text.get(leading..).unwrap_or_default().trim_end_matches(blank).to_owned();
    let end = text.encode_utf16().count();
    for entity in &mut entities {
        entity.offset = entity.offset.saturating_sub(leading);
        entity.length = entity.length.min(end.saturating_sub(entity.offset));
    }
    entities.retain(|entity| entity.length > 0);
    entities.truncate(ENTITIES_MAX);
    Formatted { text, entities }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text_and_entities() {
        let read = parse("<b>Hi</b> 😀 <code>A&lt;B&#62;</code> <a href=\"https://a.b/?x=1&amp;y\">l</a>").unwrap();
        assert_eq!(read.text, "Hi 😀 A<B> l");
        let shown: Vec<_> = read.entities.iter().map(|e| (e.kind.as_str(), e.offset, e.length)).collect();
        assert_eq!(shown, [("bold", 0, 2), ("code", 6, 4), ("text_link", 11, 1)]);
        assert_eq!(read.entities[2].detail.as_deref(), Some("https://a.b/?x=1&y"));
        let pre = parse("<pre><code class=\"language-rust\">x</code></pre>").unwrap();
        assert_eq!((pre.entities.len(), pre.entities[0].detail.as_deref()), (1, Some("rust")));
        assert_eq!(parse("a & b &nope; &amp;lt;").unwrap().text, "a & b &nope; &lt;");
        assert_eq!(parse("<blockquote expandable>q</blockquote>").unwrap().entities[0].kind, "expandable_blockquote");
    }

    #[test]
    fn wrong_markup_is_refused() {
        for bad in ["1 < 2", "<b>", "</b>", "<b><i></b></i>", "<br>", "<p>x</p>", "<span>x</span>", "<b", "<>x</>"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn blanks_and_control_characters_do_not_survive() {
        assert_eq!(parse("  a\tb\r\nc \n").unwrap().text, "a b\nc");
        assert_eq!(parse("<code> a </code> ").unwrap().text, " a");
        assert_eq!(parse("<b> </b>").unwrap().text, "");
    }
}
