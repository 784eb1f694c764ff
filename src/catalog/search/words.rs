//! From a text to the words it is searched by.
//!
//! The text is folded: compatibility forms (full width, ligatures) to plain ones, capitals to small,
//! marks above and below dropped (é = e, ё = е, й = и, Arabic vowel signs), Arabic and Persian letters
//! that people use for one another to one, digits of any script to ASCII. Then it is cut where the kind
//! of character changes, so `60uc` and `60 UC` are the same two words.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A word longer than this is cut, in characters.
pub(super) const WORD_CHARS_MAX: usize = 32;

/// A folded word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// Whether it is one or two characters out of a run of Chinese or Japanese.
    pub(super) is_pair: bool,
    /// Whether it is made of digits.
    pub(super) is_number: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gap,
    Letter,
    Digit,
    /// Written without spaces between words.
    Han,
}

/// Gives every word of the first `chars_max` characters of `text` to `take`. With `tails`, a run of
/// Chinese also gives its last character alone, so that every character begins something.
pub(super) fn words(text: &str, chars_max: usize, tails: bool, mut take: impl FnMut(Word<'_>)) {
    let mut run = String::new();
    let mut kind = Kind::Gap;
    for c in folded(text, chars_max).chain([' ']) {
        let next = kind_of(c);
        if next != kind {
            give(&run, kind, tails, &mut take);
            run.clear();
            kind = next;
        }
        if kind != Kind::Gap {
            run.push(c);
        }
    }
}

fn give(run: &str, kind: Kind, tails: bool, take: &mut impl FnMut(Word<'_>)) {
    match kind {
        Kind::Gap => {}
        Kind::Letter | Kind::Digit => {
            let end = run.char_indices().nth(WORD_CHARS_MAX).map_or(run.len(), |(end, _)| end);
            let text = run.get(..end).unwrap_or(run);
            take(Word { text, is_pair: false, is_number: kind == Kind::Digit });
        }
        Kind::Han => {
            let pair = |text| Word { text, is_pair: true, is_number: false };
            let starts: Vec<usize> = run.char_indices().map(|(start, _)| start).chain([run.len()]).collect();
            for ends in starts.windows(3) {
                if let [start, _, end] = ends {
                    take(pair(run.get(*start..*end).unwrap_or_default()));
                }
            }
            let last = starts.len().checked_sub(2).and_then(|last| starts.get(last)).copied().unwrap_or(0);
            if tails || last == 0 {
                take(pair(run.get(last..).unwrap_or_default()));
            }
        }
    }
}

fn folded(text: &str, chars_max: usize) -> impl Iterator<Item = char> {
    // Both ends are bounded: one character may become eighteen.
    let plain = text.chars().take(chars_max).nfkc().flat_map(char::to_lowercase);
    let bare = plain.nfd().filter(|c| !is_combining_mark(*c) && !is_invisible(*c)).map(plain_letter);
    // Korean syllables were taken apart with the rest; they are put together again.
    bare.nfc().take(chars_max)
}

/// Characters that show nothing: tatweel, joiners, direction marks, variation selectors.
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{640}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

/// One letter for those people type for one another.
fn plain_letter(c: char) -> char {
    let digit = |zero: u32| char::from_digit(u32::from(c).saturating_sub(zero), 10).unwrap_or(c);
    match c {
        'ٱ' => 'ا',
        'ى' | 'ی' | 'ې' | 'ے' => 'ي',
        'ک' | 'ڪ' => 'ك',
        'ة' | 'ە' | 'ہ' | 'ھ' => 'ه',
        '\u{660}'..='\u{669}' => digit(0x660),
        '\u{6f0}'..='\u{6f9}' => digit(0x6f0),
        'ı' => 'i',
        'ł' => 'l',
        'ø' => 'o',
        'đ' => 'd',
        'ß' => 's',
        _ => c,
    }
}

fn kind_of(c: char) -> Kind {
    match c {
        '0'..='9' => Kind::Digit,
        _ if is_han(c) => Kind::Han,
        _ if c.is_alphanumeric() => Kind::Letter,
        _ => Kind::Gap,
    }
}

/// Kana, bopomofo, and the ideographs of every plane: written without spaces between words.
pub(super) const fn is_han(c: char) -> bool {
    matches!(
        c,
        '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{312f}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        words(text, 256, false, |word| all.push(word.text.to_owned()));
        all
    }

    #[test]
    fn texts_are_folded_and_cut() {
        assert_eq!(cut("Prémium  SPOTIFY™!"), ["premium", "spotifytm"]);
        assert_eq!(cut("60uc ＰＵＢＧ"), ["60", "uc", "pubg"]);
        assert_eq!(cut("Ёлка"), cut("елка"));
        assert_eq!(cut("أحمد إِلى كِتَـــاب"), ["احمد", "الي", "كتاب"]);
        assert_eq!(cut("کتاب ۱۲"), ["كتاب", "12"]);
        assert_eq!(cut("微信账号"), ["微信", "信账", "账号"]);
        assert_eq!(cut("微 Gmail邮箱"), ["微", "gmail", "邮箱"]);
        assert_eq!(cut("카카오톡"), ["카카오톡"]);
        assert_eq!(cut("\u{200f}نت\u{200d}فليكس\u{200e}"), ["نتفليكس"]);
        assert_eq!(cut(" … 🎁 --- "), Vec::<String>::new());
        assert!(cut(&"ﷺ".repeat(1000)).concat().chars().count() <= 256);
        assert_eq!(cut(&"x".repeat(1000)), ["x".repeat(WORD_CHARS_MAX)]);
    }
}
