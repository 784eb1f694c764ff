//! Reading answers whose shape is not certain.
//!
//! A [`Node`] is a JSON tree that keeps the text of its numbers, so that no amount ever passes through a
//! float, and the text of its strings to the byte. Reading from it never fails: what is missing, or of
//! another type, is [`Node::Null`] or `None`, and the supplier file decides what that means.
//! A `Node` has no `Debug`: it may hold codes.

use rust_decimal::Decimal;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::money::{Currency, Money, parse_decimal};
use crate::world::Moment;

/// Answers nested deeper than this are unreadable.
const DEPTH_MAX: u32 = 32;
/// JSON numbers with a larger exponent are no amounts.
const EXPONENT_MAX: u32 = 18;
/// Unix times beyond this are in milliseconds.
const MILLIS_FROM: i64 = 100_000_000_000;

/// A JSON value, loosely read.
#[derive(Clone, PartialEq, Eq)]
pub enum Node {
    /// `null`, or nothing there.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// A string, exact.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object, its fields in the order they came.
    Object(Vec<(String, Node)>),
}

static NULL: Node = Node::Null;

impl Node {
    /// Reads a whole body, whatever its content type claimed; `None` if it is not JSON in UTF-8.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let raw: &RawValue = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
        Self::read(raw, DEPTH_MAX)
    }

    fn read(raw: &RawValue, depth: u32) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        let text = raw.get();
        match text.as_bytes().first()? {
            b'{' => {
                let Fields(fields) = serde_json::from_str(text).ok()?;
                let read = fields.into_iter().map(|(key, value)| Some((key, Self::read(value, depth)?)));
                read.collect::<Option<_>>().map(Self::Object)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                items.into_iter().map(|item| Self::read(item, depth)).collect::<Option<_>>().map(Self::List)
            }
            b'"' => serde_json::from_str(text).ok().map(Self::Text),
            b't' => Some(Self::Bool(true)),
            b'f' => Some(Self::Bool(false)),
            b'n' => Some(Self::Null),
            _ => Some(Self::Number(text.to_owned())),
        }
    }

    /// The field called exactly `key`; [`Node::Null`] if there is none.
    pub fn at(&self, key: &str) -> &Self {
        self.fields().iter().find(|(name, _)| name == key).map_or(&NULL, |(_, value)| value)
    }

    /// The first of several names that leads to anything but null. Names are compared without regard to
    /// case, `_` and `-`, so that `pay_address` is also `payAddress`.
    pub fn any(&self, names: &[&str]) -> &Self {
        let found = names.iter().find_map(|name| {
            let matching = self.fields().iter().filter(|(key, _)| same_name(key, name));
            matching.map(|(_, value)| value).find(|value| !value.is_null())
        });
        found.unwrap_or(&NULL)
    }

    /// The fields of an object; none for anything else.
    pub fn fields(&self) -> &[(String, Self)] {
        if let Self::Object(fields) = self { fields } else { &[] }
    }

    /// The items of an array, if it is one.
    pub fn list(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// Whether there is nothing here.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether this is an object.
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// A string, or a number as it was written; `None` if empty. Identities come as either.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// `true` or `false`, if it is one.
    pub const fn truth(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// A decimal from a string or a number.
    pub fn amount(&self) -> Option<Decimal> {
        match self {
            Self::Text(text) => parse_decimal(text).ok(),
            Self::Number(text) => number(text),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub fn count(&self) -> Option<u32> {
        let amount = self.amount()?.normalize();
        if amount.scale() == 0 { u32::try_from(amount).ok() } else { None }
    }

    /// Money of `currency`, if it is an amount that needs no rounding.
    pub fn money(&self, currency: Currency) -> Option<Money> {
        Money::from_decimal(self.amount()?, currency).ok()
    }

    /// A point in time: ISO 8601, or Unix time in seconds or milliseconds.
    pub fn moment(&self) -> Option<Moment> {
        let text = self.text()?.trim();
        if let Ok(date) = OffsetDateTime::parse(text, &Rfc3339) {
            return i64::try_from(date.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Moment::from_millis);
        }
        let number = i64::try_from(self.amount()?.trunc()).ok().filter(|number| *number > 0)?;
        let millis = if number < MILLIS_FROM { number.checked_mul(1000)? } else { number };
        Some(Moment::from_millis(millis))
    }
}

/// The decimal a JSON value stands for, from its text: a string or a number.
pub fn amount(raw: &RawValue) -> Option<Decimal> {
    Node::read(raw, DEPTH_MAX)?.amount()
}

/// A moment as ISO 8601 in UTC with milliseconds, as our upstreams write it.
pub fn iso(moment: Moment) -> Option<String> {
    let nanos = i128::from(moment.millis()).checked_mul(1_000_000)?;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?.format(&Rfc3339).ok()
}

/// `text` as one part of a path or a query, percent-encoded.
pub fn encoded(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// A JSON number may have an exponent (JavaScript writes a millionth as `1e-6`); a string may not.
fn number(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let mantissa = parse_decimal(mantissa).ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let size = exponent.unsigned_abs();
    if size > EXPONENT_MAX {
        return None;
    }
    if exponent < 0 {
        let mut value = mantissa;
        value.set_scale(mantissa.scale().checked_add(size)?).ok()?;
        Some(value)
    } else {
        mantissa.checked_mul(Decimal::from(10_u64.checked_pow(size)?))
    }
}

fn same_name(one: &str, other: &str) -> bool {
    let plain = |text: &str| -> Vec<u8> {
        text.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase()).collect()
    };
    plain(one) == plain(other)
}

/// The fields of an object in their order, with the text of their values.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Fields<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(InOrder).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(json: &str) -> Node {
        Node::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn amounts_are_exact_from_strings_and_numbers() {
        for (json, wanted) in [
            ("\"0.85\"", Some("0.85")),
            ("0.85", Some("0.85")),
            ("0.1000000000000000055511151231", None),
            ("1e-6", Some("0.000001")),
            ("25E2", Some("2500")),
            ("-3", Some("-3")),
            ("1e300", None),
            ("\"1e2\"", None),
            ("\"\"", None),
            ("true", None),
            ("[1]", None),
            ("0.30000000000000004", Some("0.30000000000000004")),
        ] {
            assert_eq!(node(json).amount(), wanted.map(|text| text.parse().unwrap()), "{json}");
            let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
            assert_eq!(amount(&raw), node(json).amount());
        }
        assert_eq!(node("142.0").count(), Some(142));
        for bad in ["-1", "1.5", "4294967296", "null"] {
            assert_eq!(node(bad).count(), None, "{bad}");
        }
    }

    #[test]
    fn names_are_found_in_either_spelling() {
        let tree = node(r#"{"pay_address":null,"payAddress":"T1","x":{"y":[1,2]}}"#);
        assert_eq!(tree.any(&["address", "pay_address"]).text(), Some("T1"));
        assert_eq!(tree.at("x").at("y").list().map(<[Node]>::len), Some(2));
        assert!(tree.at("nothing").at("there").is_null());
    }

    #[test]
    fn what_is_not_json_is_nothing() {
        let deep = "[".repeat(200_000);
        let closed = format!("{}{}", "[".repeat(100), "]".repeat(100));
        for bad in ["", "<html>", "{", "{\"a\":1}x", "nul", &deep, &closed, "\"\\ud800\""] {
            assert!(Node::parse(bad.as_bytes()).is_none());
        }
        assert!(Node::parse(&[0xff]).is_none());
        assert!(node("\u{feff}{}").is_object());
    }

    #[test]
    fn moments_are_read_in_all_their_shapes() {
        let wanted = Some(Moment::from_millis(1_772_020_800_000));
        for json in ["\"2026-02-25T12:00:00.000Z\"", "\"2026-02-25T14:00:00+02:00\"", "1772020800", "1772020800000"] {
            assert_eq!(node(json).moment(), wanted, "{json}");
        }
        assert_eq!(iso(Moment::from_millis(1_772_020_800_000)).unwrap(), "2026-02-25T12:00:00Z");
        assert_eq!(node("\"soon\"").moment(), None);
    }

    #[test]
    fn a_query_carries_any_text() {
        assert_eq!(encoded("a+b@c.d/é ?&"), "a%2Bb%40c.d%2F%C3%A9%20%3F%26");
    }
}
