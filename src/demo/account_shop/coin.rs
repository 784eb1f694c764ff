//! The coins of the contract, and what they are worth here.

use rust_decimal::{Decimal, RoundingStrategy};

/// The seven coins a crypto order can be paid in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coin {
    /// `trc20_usdt`, 0.14 for one CNY.
    Trc20Usdt,
    /// `erc20_usdt`, 0.14 for one CNY.
    Erc20Usdt,
    /// `bep20_usdt`, 0.14 for one CNY.
    Bep20Usdt,
    /// `btc`, 0.0000014 for one CNY.
    Btc,
    /// `eth`, 0.00004 for one CNY.
    Eth,
    /// `trx`, 0.45 for one CNY.
    Trx,
    /// `bnb`, 0.0002 for one CNY.
    Bnb,
}

impl Coin {
    /// All of them, as the contract lists them.
    pub const ALL: [Self; 7] =
        [Self::Trc20Usdt, Self::Erc20Usdt, Self::Bep20Usdt, Self::Btc, Self::Eth, Self::Trx, Self::Bnb];

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trc20Usdt => "trc20_usdt",
            Self::Erc20Usdt => "erc20_usdt",
            Self::Bep20Usdt => "bep20_usdt",
            Self::Btc => "btc",
            Self::Eth => "eth",
            Self::Trx => "trx",
            Self::Bnb => "bnb",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coin| coin.word() == word)
    }

    fn per_cny(self) -> Decimal {
        match self {
            Self::Trc20Usdt | Self::Erc20Usdt | Self::Bep20Usdt => Decimal::new(14, 2),
            Self::Btc => Decimal::new(14, 7),
            Self::Eth => Decimal::new(4, 5),
            Self::Trx => Decimal::new(45, 2),
            Self::Bnb => Decimal::new(2, 4),
        }
    }

    fn digits(self) -> u32 {
        match self {
            Self::Trc20Usdt | Self::Erc20Usdt | Self::Bep20Usdt | Self::Trx => 6,
            Self::Btc | Self::Eth | Self::Bnb => 8,
        }
    }

    /// An address that looks like the network's.
    pub(super) fn address(self, serial: usize) -> String {
        match self {
            Self::Trc20Usdt | Self::Trx => format!("TDemo{serial:029}"),
            Self::Erc20Usdt | Self::Bep20Usdt | Self::Eth | Self::Bnb => format!("0x{serial:040x}"),
            Self::Btc => format!("bc1q{serial:038}"),
        }
    }
}

/// An amount of CNY in a coin, rounded up to the coin's last digit.
pub(super) fn converted(cny: Decimal, coin: Coin) -> Decimal {
    let exact = cny.saturating_mul(coin.per_cny());
    exact.round_dp_with_strategy(coin.digits(), RoundingStrategy::ToPositiveInfinity).normalize()
}
