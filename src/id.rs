//! Identities: one type for each, so that an order is never taken for a buyer.
//!
//! Rows carry UUIDs as text, so both databases store the same thing and a person can join by hand.
//! People see a [`ProductNo`] (short, counted) and an [`OrderNo`] (short, random, so that neither
//! the number of sales nor a neighbour's order can be guessed).

use std::fmt;
use std::str::FromStr;

use sqlx::error::BoxDynError;
use uuid::Uuid;

use crate::world::{Entropy, Moment, World};

/// An identity in a row or a button was not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid identity")]
pub struct BadId;

/// Lets a type be read from a text column of either database through its `FromStr`.
macro_rules! text_column {
    ($name:ty) => {
        impl<DB: sqlx::Database> sqlx::Type<DB> for $name
        where
            String: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <String as sqlx::Type<DB>>::type_info()
            }

            fn compatible(ty: &DB::TypeInfo) -> bool {
                <String as sqlx::Type<DB>>::compatible(ty)
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $name
        where
            String: sqlx::Decode<'r, DB>,
        {
            fn decode(value: <DB as sqlx::Database>::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                let text = <String as sqlx::Decode<'r, DB>>::decode(value)?;
                text.parse::<Self>().map_err(|error| sqlx::error::BoxDynError::from(error.to_string()))
            }
        }

        impl From<$name> for crate::store::Value {
            fn from(value: $name) -> Self {
                Self::Text(Some(value.to_string()))
            }
        }

        impl From<Option<$name>> for crate::store::Value {
            fn from(value: Option<$name>) -> Self {
                Self::Text(value.map(|value| value.to_string()))
            }
        }
    };
}
pub(crate) use text_column;

/// Lets a newtype over `i64` be read from a `BIGINT` column of either database.
macro_rules! int_column {
    ($name:ident) => {
        impl<DB: sqlx::Database> sqlx::Type<DB> for $name
        where
            i64: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <i64 as sqlx::Type<DB>>::type_info()
            }

            fn compatible(ty: &DB::TypeInfo) -> bool {
                <i64 as sqlx::Type<DB>>::compatible(ty)
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $name
        where
            i64: sqlx::Decode<'r, DB>,
        {
            fn decode(value: <DB as sqlx::Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                <i64 as sqlx::Decode<'r, DB>>::decode(value).map($name)
            }
        }

        impl From<$name> for crate::store::Value {
            fn from(value: $name) -> Self {
                Self::Int(Some(value.0))
            }
        }

        impl From<Option<$name>> for crate::store::Value {
            fn from(value: Option<$name>) -> Self {
                Self::Int(value.map(|value| value.0))
            }
        }
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh identity that sorts by time.
            pub fn fresh(world: &World) -> Self {
                Self(world.entropy.uuid_v7(world.now()))
            }

            /// The identity inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                Uuid::try_parse(text).map(Self).map_err(|_| BadId)
            }
        }

        text_column!($name);
    };
}

uuid_id!(
    /// A person who has talked to the shop. Independent of their Telegram id, so that the ledger can
    /// outlive the person's data.
    BuyerId
);
uuid_id!(
    /// A price promised to one buyer for a short time.
    QuoteId
);
uuid_id!(
    /// One purchase, from quote to parcel.
    OrderId
);
uuid_id!(
    /// One balanced ledger entry.
    PostingId
);
uuid_id!(
    /// A message the shop owes somebody.
    NoticeId
);

/// The key sent with a purchase, a UUID version 4 made once per order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Uuid);

impl IdempotencyKey {
    /// A fresh key.
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        Self(entropy.uuid_v4())
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for IdempotencyKey {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        Uuid::try_parse(text).map(Self).map_err(|_| BadId)
    }
}

text_column!(IdempotencyKey);

/// A product's number, as people type it: `/buy 12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProductNo(pub i64);

/// A person's or a chat's identity at Telegram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TelegramId(pub i64);

int_column!(ProductNo);
int_column!(TelegramId);
int_column!(Moment);

impl fmt::Display for ProductNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ProductNo {
    type Err = BadId;

    /// Digits, with an optional leading `#` or `p`.
    fn from_str(text: &str) -> Result<Self, BadId> {
        let digits = text.strip_prefix(['#', 'p']).unwrap_or(text);
        let plain = !digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|b| b.is_ascii_digit());
        let number: i64 = if plain { digits.parse().map_err(|_| BadId)? } else { return Err(BadId) };
        if number > 0 { Ok(Self(number)) } else { Err(BadId) }
    }
}

impl fmt::Display for TelegramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An order's number, as people read and type it: eight letters and digits that cannot be confused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderNo([u8; 8]);

impl OrderNo {
    const ALPHABET: &'static [u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// A fresh random number.
    pub fn fresh(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        Self(bytes.map(|byte| Self::ALPHABET[usize::from(byte & 31)]))
    }
}

impl fmt::Display for OrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for OrderNo {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let upper = text.strip_prefix('#').unwrap_or(text).to_ascii_uppercase();
        let bytes: [u8; 8] = upper.as_bytes().try_into().map_err(|_| BadId)?;
        if bytes.iter().all(|byte| Self::ALPHABET.contains(byte)) { Ok(Self(bytes)) } else { Err(BadId) }
    }
}

text_column!(OrderNo);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_people_type_are_read_strictly() {
        assert_eq!("12".parse(), Ok(ProductNo(12)));
        assert_eq!("#12".parse(), Ok(ProductNo(12)));
        for bad in ["", "0", "-1", "1.5", "p", "999999999999999999999", "１２"] {
            assert!(bad.parse::<ProductNo>().is_err(), "{bad:?}");
        }
        let no = OrderNo::fresh(&crate::world::SystemEntropy);
        assert_eq!(no.to_string().to_lowercase().parse(), Ok(no));
        assert!("ILOU0000".parse::<OrderNo>().is_err());
        assert!("1234567".parse::<OrderNo>().is_err());
    }
}
