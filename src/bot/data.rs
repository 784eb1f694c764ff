//! What a button carries: a verb and ids, at most 64 bytes, nothing secret and nothing trusted. Whoever
//! presses is checked against what the ids name, every time.

use std::fmt;

use crate::id::{OrderNo, ProductNo, QuoteId};
use crate::supplier::Payment;

/// The most a button may carry, in bytes.
pub const BYTES_MAX: usize = 64;

/// What a press asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Nothing: a label.
    Label,
    /// The list of categories, a page of it.
    Categories(u32),
    /// A page of a category, named by the hash of its name.
    Category(u64, u32),
    /// A product's card with a quantity on it.
    Card(ProductNo, u32),
    /// A quote for so many.
    Buy(ProductNo, u32),
    /// To hear when a product is back.
    Watch(ProductNo),
    /// Pay a quote from the wallet.
    Pay(QuoteId),
    /// Choose how to pay a quote past the wallet.
    Ways(QuoteId),
    /// Pay a quote this way.
    PayWith(QuoteId, Payment),
    /// Show a quote again.
    Quote(QuoteId),
    /// Leave a quote.
    Cancel(QuoteId),
    /// The wallet.
    Wallet,
    /// A page of one's orders.
    Orders(u32),
    /// One order.
    Order(OrderNo),
    /// The codes of an order.
    Codes(OrderNo),
    /// Speak this language; empty: the client's own.
    Language(String),
    /// Forget me, said twice.
    ForgetMe,
    /// Undo the adjustment that this update made.
    Undo(i64),
    /// The desk's menu.
    Desk,
    /// The suppliers.
    Suppliers,
    /// Refresh all catalogues.
    SyncAll,
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label => f.write_str("-"),
            Self::Categories(page) => write!(f, "cs:{page}"),
            Self::Category(hash, page) => write!(f, "c:{hash:x}:{page}"),
            Self::Card(no, quantity) => write!(f, "p:{no}:{quantity}"),
            Self::Buy(no, quantity) => write!(f, "b:{no}:{quantity}"),
            Self::Watch(no) => write!(f, "t:{no}"),
            Self::Pay(quote) => write!(f, "pay:{quote}"),
            Self::Ways(quote) => write!(f, "ways:{quote}"),
            Self::PayWith(quote, payment) => write!(f, "with:{quote}:{payment}"),
            Self::Quote(quote) => write!(f, "q:{quote}"),
            Self::Cancel(quote) => write!(f, "x:{quote}"),
            Self::Wallet => f.write_str("w"),
            Self::Orders(page) => write!(f, "os:{page}"),
            Self::Order(no) => write!(f, "o:{no}"),
            Self::Codes(no) => write!(f, "k:{no}"),
            Self::Language(code) => write!(f, "l:{code}"),
            Self::ForgetMe => f.write_str("forget"),
            Self::Undo(update) => write!(f, "undo:{update}"),
            Self::Desk => f.write_str("desk"),
            Self::Suppliers => f.write_str("suppliers"),
            Self::SyncAll => f.write_str("sync"),
        }
    }
}

impl Data {
    /// Reads what a press brought; `None` for anything we did not write.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > BYTES_MAX {
            return None;
        }
        let mut parts = text.split(':');
        let verb = parts.next()?;
        let parts: Vec<&str> = parts.collect();
        Some(match (verb, parts.as_slice()) {
            ("-", []) => Self::Label,
            ("cs", [page]) => Self::Categories(number(page)?),
            ("c", [hash, page]) => Self::Category(u64::from_str_radix(hash, 16).ok()?, number(page)?),
            ("p", [no, quantity]) => Self::Card(no.parse().ok()?, number(quantity)?),
            ("b", [no, quantity]) => Self::Buy(no.parse().ok()?, number(quantity)?),
            ("t", [no]) => Self::Watch(no.parse().ok()?),
            ("pay", [quote]) => Self::Pay(quote.parse().ok()?),
            ("ways", [quote]) => Self::Ways(quote.parse().ok()?),
            ("with", [quote, payment]) => Self::PayWith(quote.parse().ok()?, payment.parse().ok()?),
            ("q", [quote]) => Self::Quote(quote.parse().ok()?),
            ("x", [quote]) => Self::Cancel(quote.parse().ok()?),
            ("w", []) => Self::Wallet,
            ("os", [page]) => Self::Orders(number(page)?),
            ("o", [no]) => Self::Order(no.parse().ok()?),
            ("k", [no]) => Self::Codes(no.parse().ok()?),
            ("l", [code]) => Self::Language((*code).to_owned()),
            ("forget", []) => Self::ForgetMe,
            ("undo", [update]) => Self::Undo(update.parse().ok()?),
            ("desk", []) => Self::Desk,
            ("suppliers", []) => Self::Suppliers,
            ("sync", []) => Self::SyncAll,
            _ => return None,
        })
    }
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Names a category in a button: its name may be too long, and its place in the list may change.
pub fn category_hash(name: &str) -> u64 {
    // FNV-1a: no security rests on it, only that two categories of one shop differ.
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OrderNo;
    use crate::supplier::Coin;
    use crate::world::SystemEntropy;
    use proptest::prelude::*;

    #[test]
    fn every_button_fits_and_reads_back() {
        let quote: QuoteId = "0190a5c2-7d3e-7b6a-8c11-5f3a2b1c0d9e".parse().unwrap();
        let order = OrderNo::fresh(&SystemEntropy);
        let no = ProductNo(999_999_999_999);
        let mut all = vec![
            Data::Label,
            Data::Categories(u32::MAX),
            Data::Category(u64::MAX, u32::MAX),
            Data::Card(no, u32::MAX),
            Data::Buy(no, u32::MAX),
            Data::Watch(no),
            Data::Pay(quote),
            Data::Ways(quote),
            Data::Quote(quote),
            Data::Cancel(quote),
            Data::Wallet,
            Data::Orders(7),
            Data::Order(order),
            Data::Codes(order),
            Data::Language("zh".into()),
            Data::Language(String::new()),
            Data::ForgetMe,
            Data::Undo(i64::MIN),
            Data::Desk,
            Data::Suppliers,
            Data::SyncAll,
        ];
        all.extend(Coin::ALL.map(|coin| Data::PayWith(quote, Payment::Crypto(coin))));
        all.push(Data::PayWith(quote, Payment::Wechat));
        for data in all {
            let text = data.to_string();
            assert!(text.len() <= BYTES_MAX, "{text}");
            assert_eq!(Data::parse(&text), Some(data));
        }
    }

    #[test]
    fn forged_data_is_nothing() {
        for bad in ["", ":", "b:1", "b:-1:1", "b:1:-1", "b:1:1:1", "pay:1", "b:1:99999999999", "p:0:1", "k:ILOU0000"] {
            assert_eq!(Data::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn anything_at_all_is_read_or_nothing(text in ".{0,80}") {
            if let Some(data) = Data::parse(&text) {
                prop_assert!(data.to_string().len() <= BYTES_MAX);
            }
        }
    }
}
