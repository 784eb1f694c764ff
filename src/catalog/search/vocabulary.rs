//! All words of all products, and which of them a word of a query may mean.
//!
//! The words stand sorted in one string: a binary search finds a word and everything that begins with
//! it. For the middle of words and for typos there is a list of words for every pair of neighbouring
//! letters; a typo changes at most three pairs, so only words that share enough of them are compared.

use super::words::{WORD_CHARS_MAX, Word, is_han};
use super::{Lists, at, number};

/// How well words match: the very word.
pub(super) const EXACT: u8 = 100;
/// It begins with what was typed.
const BEGINNING: u8 = 85;
/// What was typed stands inside it.
const INSIDE: u8 = 65;
/// One typo.
const ONE_TYPO: u8 = 55;
/// One typo in its beginning.
const BEGINNING_TYPO: u8 = 45;
/// Two typos.
const TWO_TYPOS: u8 = 40;

/// Fewer characters are not looked for inside words.
const INSIDE_CHARS_MIN: usize = 3;
/// Fewer characters are not forgiven a typo.
const ONE_TYPO_CHARS_MIN: usize = 4;
/// Fewer characters are not forgiven two typos, nor one while typing.
const TWO_TYPOS_CHARS_MIN: usize = 7;
/// Fewer characters are not forgiven a typo in a word that goes on.
const BEGINNING_TYPO_CHARS_MIN: usize = 5;
/// The pairs a typo changes at most (two neighbours swapped).
const PAIRS_PER_TYPO: usize = 3;
/// Words that share fewer pairs with what was typed are not compared.
const SHARED_PAIRS_MIN: usize = 2;

/// Stands before the first letter and after the last when pairs are made.
const EDGE: char = '\0';

#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    text: String,
    ends: Vec<u32>,
    /// The pairs of letters there are, sorted, and for each the words that have it.
    pairs: Vec<(char, char)>,
    having: Lists,
}

impl Vocabulary {
    /// From sorted, different words.
    pub(super) fn new<'a>(sorted: impl Iterator<Item = &'a str>) -> Self {
        let mut vocabulary = Self::default();
        let mut found: Vec<((char, char), u32)> = Vec::new();
        for (place, word) in (0_u32..).zip(sorted) {
            vocabulary.text.push_str(word);
            vocabulary.ends.push(number(vocabulary.text.len()));
            // Numbers and Chinese are never forgiven a typo.
            if !word.starts_with(|c: char| c.is_ascii_digit() || is_han(c)) {
                let letters: Vec<char> = word.chars().collect();
                found.extend(pairs_of(&letters).map(|pair| (pair, place)));
            }
        }
        found.sort_unstable();
        found.dedup();
        vocabulary.pairs = found.iter().map(|(pair, _)| *pair).collect();
        vocabulary.pairs.dedup();
        vocabulary.pairs.shrink_to_fit();
        vocabulary.text.shrink_to_fit();
        let mut list = 0_u32;
        let mut previous = found.first().map(|(pair, _)| *pair);
        let numbered: Vec<(u32, u32)> = found
            .into_iter()
            .map(|(pair, word)| {
                list = list.saturating_add(u32::from(previous != Some(pair)));
                previous = Some(pair);
                (list, word)
            })
            .collect();
        vocabulary.having = Lists::from_sorted(&numbered, vocabulary.pairs.len());
        vocabulary
    }

    pub(super) fn bytes(&self) -> usize {
        let ends = self.ends.capacity().saturating_mul(size_of::<u32>());
        let pairs = self.pairs.capacity().saturating_mul(size_of::<(char, char)>());
        self.text.capacity().saturating_add(ends).saturating_add(pairs).saturating_add(self.having.bytes())
    }

    /// Whether this is a word.
    pub(super) fn has(&self, word: &str) -> bool {
        self.word(self.first_not_before(word)) == Some(word)
    }

    /// Whether a word begins like this.
    pub(super) fn has_beginning(&self, start: &str) -> bool {
        self.word(self.first_not_before(start)).is_some_and(|word| word.starts_with(start))
    }

    /// The words a word of a query may mean, with how well they match.
    pub(super) fn matches(&self, asked: &Word<'_>) -> Vec<(u32, u8)> {
        let mut matches: Vec<(u32, u8)> = Vec::new();
        let mut place = self.first_not_before(asked.text);
        while let Some(word) = self.word(place).filter(|word| word.starts_with(asked.text)) {
            let whole = word == asked.text || asked.is_pair;
            matches.push((number(place), if whole { EXACT } else { BEGINNING }));
            place = place.saturating_add(1);
        }
        let letters: Vec<char> = asked.text.chars().collect();
        if asked.is_pair || asked.is_number || letters.len() < INSIDE_CHARS_MIN {
            return matches;
        }
        let no_typo = !matches.is_empty();
        self.inside(asked.text, &letters, &mut matches);
        if !no_typo && letters.len() >= ONE_TYPO_CHARS_MIN {
            self.typos(&letters, &mut matches);
        }
        matches
    }

    /// Words that have the letters in their middle or at their end: among the words with the rarest pair.
    fn inside(&self, text: &str, letters: &[char], matches: &mut Vec<(u32, u8)>) {
        let pairs = letters.iter().copied().zip(letters.iter().copied().skip(1));
        let rarest = pairs.map(|pair| self.words_with(pair)).min_by_key(|words| words.len()).unwrap_or_default();
        let inside = |word: &str| word.len() > text.len() && word.contains(text) && !word.starts_with(text);
        let found = rarest.iter().filter(|place| self.word(at(**place)).is_some_and(inside));
        matches.extend(found.map(|place| (*place, INSIDE)));
    }

    /// Words that are what was typed but for a typo or two.
    fn typos(&self, letters: &[char], matches: &mut Vec<(u32, u8)>) {
        let typos_max = if letters.len() >= TWO_TYPOS_CHARS_MIN { 2 } else { 1 };
        let mut pairs: Vec<(char, char)> = pairs_of(letters).collect();
        pairs.sort_unstable();
        pairs.dedup();
        // One more pair is lost where the word goes on and what was typed ends.
        let goes_on = usize::from(typos_max == 1 && letters.len() >= BEGINNING_TYPO_CHARS_MIN);
        let lost_max = PAIRS_PER_TYPO.saturating_mul(typos_max).saturating_add(goes_on);
        let shared_min = pairs.len().saturating_sub(lost_max).max(SHARED_PAIRS_MIN);
        let mut shared = vec![0_u8; self.ends.len()];
        for pair in pairs {
            for place in self.words_with(pair) {
                if let Some(count) = shared.get_mut(at(*place)) {
                    *count = count.saturating_add(1);
                }
            }
        }
        let mut buffer = Vec::with_capacity(WORD_CHARS_MAX);
        for (place, _) in shared.iter().enumerate().filter(|(_, count)| usize::from(**count) >= shared_min) {
            buffer.clear();
            buffer.extend(self.word(place).unwrap_or_default().chars());
            if let Some(quality) = typo_quality(letters, &buffer, typos_max) {
                matches.push((number(place), quality));
            }
        }
    }

    fn words_with(&self, pair: (char, char)) -> &[u32] {
        self.pairs.binary_search(&pair).map(|list| self.having.get(list)).unwrap_or_default()
    }

    fn word(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(at(start)..at(end))
    }

    fn first_not_before(&self, text: &str) -> usize {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.word(middle).is_some_and(|word| word < text) {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        low
    }
}

fn pairs_of(letters: &[char]) -> impl Iterator<Item = (char, char)> {
    let left = [EDGE].into_iter().chain(letters.iter().copied());
    left.zip(letters.iter().copied().chain([EDGE]))
}

/// How well two words match that are not the same.
fn typo_quality(typed: &[char], word: &[char], typos_max: usize) -> Option<u8> {
    if word.len().saturating_add(typos_max) < typed.len() {
        return None;
    }
    let (whole, beginning) = distances(typed, word);
    match whole {
        0 | 1 => Some(ONE_TYPO),
        2 if typos_max >= 2 => Some(TWO_TYPOS),
        _ if beginning <= 1 && typed.len() >= BEGINNING_TYPO_CHARS_MIN => Some(BEGINNING_TYPO),
        _ => None,
    }
}

/// How many letters were added, dropped, changed or swapped with their neighbour between what was typed
/// and the word, and between what was typed and the best beginning of the word.
fn distances(typed: &[char], word: &[char]) -> (usize, usize) {
    // Rows go through the word, so the last cell of each row is the distance to one of its beginnings.
    let width = typed.len();
    let mut before_last: Vec<usize> = vec![0; width.saturating_add(1)];
    let mut last: Vec<usize> = (0..=width).collect();
    let mut beginning = usize::MAX;
    let mut previous = None;
    for (row, &letter) in word.iter().enumerate() {
        let mut next = Vec::with_capacity(width.saturating_add(1));
        next.push(row.saturating_add(1));
        let mut left_letter = None;
        for (column, &other) in typed.iter().enumerate() {
            let cell = |cells: &[usize], place: usize| cells.get(place).copied().unwrap_or(usize::MAX);
            let here = column.saturating_add(1);
            let changed = cell(&last, column).saturating_add(usize::from(letter != other));
            let mut best = changed.min(cell(&last, here).saturating_add(1)).min(cell(&next, column).saturating_add(1));
            if previous == Some(other) && left_letter == Some(letter) {
                best = best.min(cell(&before_last, column.saturating_sub(1)).saturating_add(1));
            }
            next.push(best);
            left_letter = Some(other);
        }
        previous = Some(letter);
        beginning = beginning.min(next.last().copied().unwrap_or(usize::MAX));
        before_last = std::mem::replace(&mut last, next);
    }
    (last.last().copied().unwrap_or(usize::MAX), beginning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(typed: &str, word: &str) -> (usize, usize) {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        distances(&chars(typed), &chars(word))
    }

    #[test]
    fn typos_are_counted() {
        assert_eq!(distance("netflix", "netflix"), (0, 0));
        assert_eq!(distance("netflx", "netflix"), (1, 1));
        assert_eq!(distance("netlfix", "netflix"), (1, 1));
        assert_eq!(distance("entflix", "netflix").0, 1);
        assert_eq!(distance("micorso", "microsoft"), (3, 1));
        assert_eq!(distance("abc", "xyz").0, 3);
        assert_eq!(distance("", "ab").0, 2);
    }

    #[test]
    fn words_are_found_by_beginning_inside_and_typo() {
        let vocabulary = Vocabulary::new(["60", "600", "gamepass", "netflix", "network", "pass"].into_iter());
        let ask = |text| {
            let is_number = text == "60";
            let found = vocabulary.matches(&Word { text, is_pair: false, is_number });
            found.into_iter().map(|(place, quality)| (vocabulary.word(at(place)).unwrap(), quality)).collect::<Vec<_>>()
        };
        assert_eq!(ask("60"), [("60", EXACT), ("600", BEGINNING)]);
        assert_eq!(ask("net"), [("netflix", BEGINNING), ("network", BEGINNING)]);
        assert_eq!(ask("pass"), [("pass", EXACT), ("gamepass", INSIDE)]);
        assert_eq!(ask("netlfix"), [("netflix", ONE_TYPO)]);
        assert_eq!(ask("qqqq"), []);
        assert!(vocabulary.has("pass") && !vocabulary.has("pas") && vocabulary.has_beginning("pas"));
    }
}
