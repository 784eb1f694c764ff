//! The product search: in memory, pure, at home in Latin, Cyrillic, Arabic and Chinese.
//!
//! Names are folded and cut into words (`words`). The vocabulary of all products is small even when
//! products are many, so tolerance is spent there: a word of the query is compared with the vocabulary
//! (`vocabulary`: exact, beginning, middle, typo) and the products of what it matches are marked. Runs
//! of Chinese and Japanese have no words; they are cut into overlapping pairs of characters.
//!
//! A product's relevance is the sum over the query's words of the best match, weighted by length. A
//! product that does not account for at least half of the query is not shown, nor is one far behind
//! the best, so nonsense finds nothing. At equal relevance what is available comes first, then what is
//! popular: products are numbered in that order when the index is built, so the order costs nothing.
//!
//! Bounds: [`QUERY_CHARS_MAX`] characters and [`QUERY_WORDS_MAX`] words of a query count, and
//! [`TEXT_CHARS_MAX`] characters of a name. Measured with `cargo test --release --lib search -- --ignored --nocapture`.
//! A full-text engine answers as fast, for many crates and megabytes of program more.

mod vocabulary;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use self::vocabulary::{EXACT, Vocabulary};
use self::words::{Word, words};

/// How much of a query is looked at, in characters: what Telegram sends at most inline.
pub const QUERY_CHARS_MAX: usize = 256;
/// How many different words of a query are looked at.
pub const QUERY_WORDS_MAX: usize = 12;
/// How much of one name or category is indexed, in characters.
pub const TEXT_CHARS_MAX: usize = 256;
/// A word weighs its length, up to this.
const WEIGHT_MAX: u32 = 8;
/// The part of a query, in percent, a product must account for.
const COVERED_MIN_PERCENT: u32 = 50;
/// The part of what the best product accounts for, in percent, others must account for.
const COVERED_OF_BEST_PERCENT: u32 = 60;
/// What a match in the category is worth, in percent of one in a name.
const CATEGORY_PERCENT: u32 = 70;
/// A word that matches nothing is tried as two words, each with at least so many characters.
const PART_CHARS_MIN: usize = 3;

/// One product, as the index is built from it.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// What [`Index::search`] answers with.
    pub id: u32,
    /// Its names, in any languages.
    pub names: Vec<&'a str>,
    /// The names of its category.
    pub categories: Vec<&'a str>,
    /// How often it was sold, or any other measure; more comes first.
    pub popularity: u32,
    /// Whether it can be bought now.
    pub available: bool,
}

/// All products, ready to be searched. Never changed: a new catalogue is a new index.
#[derive(Debug, Default)]
pub struct Index {
    /// The ids, available and popular first. A *rank* is a place in this list.
    ids: Vec<u32>,
    vocabulary: Vocabulary,
    /// For each word of the vocabulary the ranks that hold it: doubled, plus one if only the category does.
    holders: Lists,
}

/// Many lists of numbers in one piece of memory.
#[derive(Debug, Default)]
struct Lists {
    ends: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    /// From pairs (list, item) sorted by list, for `count` lists.
    fn from_sorted(pairs: &[(u32, u32)], count: usize) -> Self {
        let mut ends = Vec::with_capacity(count);
        let mut items = Vec::with_capacity(pairs.len());
        let mut rest = pairs.iter().peekable();
        for list in 0..count {
            while let Some((_, item)) = rest.next_if(|(of, _)| at(*of) == list) {
                items.push(*item);
            }
            ends.push(number(items.len()));
        }
        Self { ends, items }
    }

    fn get(&self, list: usize) -> &[u32] {
        let start = list.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(list).copied().unwrap_or(start);
        self.items.get(at(start)..at(end)).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.ends.capacity().saturating_add(self.items.capacity()).saturating_mul(size_of::<u32>())
    }
}

impl Index {
    /// Builds the index. Takes about 0.2 s for 20,000 products in a release build, so not on a worker
    /// that answers people.
    pub fn build<'a>(items: impl IntoIterator<Item = Entry<'a>>) -> Self {
        let mut entries: Vec<Entry<'a>> = items.into_iter().collect();
        entries.sort_by_key(|entry| (!entry.available, std::cmp::Reverse(entry.popularity), entry.id));
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (rank, entry) in (0_u32..).zip(&entries) {
            let texts = entry.names.iter().map(|name| (name, 0)).chain(entry.categories.iter().map(|name| (name, 1)));
            for (text, in_category) in texts {
                words(text, TEXT_CHARS_MAX, true, |word| {
                    let next = number(numbers.len());
                    let known = numbers.get(word.text).copied();
                    let word = known.unwrap_or_else(|| *numbers.entry(word.text.to_owned()).or_insert(next));
                    pairs.push((word, rank.saturating_mul(2).saturating_add(in_category)));
                });
            }
        }
        let mut sorted: Vec<(String, u32)> = numbers.into_iter().collect();
        sorted.sort_unstable();
        let mut places = vec![0; sorted.len()];
        for (place, (_, word)) in (0_u32..).zip(&sorted) {
            if let Some(slot) = places.get_mut(at(*word)) {
                *slot = place;
            }
        }
        for (word, _) in &mut pairs {
            *word = places.get(at(*word)).copied().unwrap_or(0);
        }
        pairs.sort_unstable();
        // A word in the name and in the category counts as in the name, which sorts first.
        pairs.dedup_by_key(|(word, holder)| (*word, *holder / 2));
        let holders = Lists::from_sorted(&pairs, sorted.len());
        let vocabulary = Vocabulary::new(sorted.iter().map(|(text, _)| text.as_str()));
        Self { ids: entries.iter().map(|entry| entry.id).collect(), vocabulary, holders }
    }

    /// How many products there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no product.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The memory the index holds, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let ids = self.ids.capacity().saturating_mul(size_of::<u32>());
        ids.saturating_add(self.holders.bytes()).saturating_add(self.vocabulary.bytes())
    }

    /// The ids that answer a query, best first, `limit` of them after the first `offset`. A blank query is
    /// answered with everything, most popular first.
    #[must_use]
    pub fn search(&self, query: &str, limit: usize, offset: usize) -> Vec<u32> {
        if query.chars().take(QUERY_CHARS_MAX).all(|c| c.is_whitespace() || words::is_invisible(c)) {
            return self.ids.iter().skip(offset).take(limit).copied().collect();
        }
        let marks = self.mark(&self.asked(query));
        let mut found = marks.found();
        let wanted = offset.saturating_add(limit);
        // Only what is shown is put in order.
        if let Some(last) = wanted.checked_sub(1).filter(|_| wanted < found.len()) {
            found.select_nth_unstable(last);
            found.truncate(wanted);
        }
        found.sort_unstable();
        let ranks = found.into_iter().skip(offset).take(limit).map(|(_, rank)| rank);
        ranks.filter_map(|rank| self.ids.get(at(rank)).copied()).collect()
    }

    /// The different words of a query, each with what it matches in the vocabulary and its weight.
    fn asked(&self, query: &str) -> Vec<Asked> {
        let mut seen: Vec<String> = Vec::new();
        let mut asked = Vec::new();
        words(query, QUERY_CHARS_MAX, false, |word| {
            if seen.len() < QUERY_WORDS_MAX && !seen.iter().any(|known| known == word.text) {
                seen.push(word.text.to_owned());
                self.ask(&word, &mut asked);
            }
        });
        asked
    }

    fn ask(&self, word: &Word<'_>, asked: &mut Vec<Asked>) {
        let matches = self.vocabulary.matches(word);
        if matches.is_empty()
            && let Some((left, right)) = self.parts(word)
        {
            for part in [left, right] {
                let part = Word { text: part, ..*word };
                asked.push(Asked { weight: weight(part.text), matches: self.vocabulary.matches(&part) });
            }
        } else {
            asked.push(Asked { weight: weight(word.text), matches });
        }
    }

    /// Two words written as one: the first is in the vocabulary, the second begins something there.
    fn parts<'w>(&self, word: &Word<'w>) -> Option<(&'w str, &'w str)> {
        if word.is_pair {
            return None;
        }
        let cuts = word.text.char_indices().skip(PART_CHARS_MIN).filter_map(|(cut, _)| word.text.split_at_checked(cut));
        let long = cuts.filter(|(_, right)| right.chars().nth(PART_CHARS_MIN.saturating_sub(1)).is_some());
        long.into_iter().find(|(left, right)| self.vocabulary.has(left) && self.vocabulary.has_beginning(right))
    }

    /// Goes through the products of everything that matched.
    fn mark(&self, asked: &[Asked]) -> Marks {
        let mut marks = Marks::new(self.ids.len());
        for Asked { weight, matches } in asked {
            for &(word, quality) in matches {
                let quality = u32::from(quality);
                let in_category = quality.saturating_mul(CATEGORY_PERCENT) / 100;
                for holder in self.holders.get(at(word)) {
                    marks.note(*holder / 2, if holder % 2 == 0 { quality } else { in_category });
                }
            }
            marks.next_word(*weight);
        }
        marks
    }
}

/// A word of a query.
struct Asked {
    weight: u32,
    /// Words of the vocabulary, with how well they match.
    matches: Vec<(u32, u8)>,
}

/// What each product has so far.
struct Marks {
    /// The best match of the present word, by rank.
    best: Vec<u8>,
    /// Which ranks have one.
    touched: Vec<u32>,
    /// Relevance and covered weight, by rank.
    sums: Vec<(u32, u32)>,
    /// The weight of all words.
    weight: u32,
}

impl Marks {
    fn new(products: usize) -> Self {
        Self { best: vec![0; products], touched: Vec::new(), sums: vec![(0, 0); products], weight: 0 }
    }

    fn note(&mut self, rank: u32, quality: u32) {
        if let Some(best) = self.best.get_mut(at(rank)) {
            if *best == 0 {
                self.touched.push(rank);
            }
            *best = (*best).max(u8::try_from(quality).unwrap_or(EXACT));
        }
    }

    fn next_word(&mut self, weight: u32) {
        self.weight = self.weight.saturating_add(weight);
        for rank in self.touched.drain(..) {
            if let (Some(best), Some(sum)) = (self.best.get_mut(at(rank)), self.sums.get_mut(at(rank))) {
                sum.0 = sum.0.saturating_add(weight.saturating_mul(u32::from(*best)));
                sum.1 = sum.1.saturating_add(weight);
                *best = 0;
            }
        }
    }

    /// What is relevant enough, as keys that sort the best first.
    fn found(&self) -> Vec<(u32, u32)> {
        let best = self.sums.iter().map(|(_, covered)| *covered).max().unwrap_or(0);
        let of_query = self.weight.saturating_mul(COVERED_MIN_PERCENT);
        let of_best = best.saturating_mul(COVERED_OF_BEST_PERCENT);
        let floor = of_query.max(of_best).max(1);
        let ranked = (0_u32..).zip(&self.sums);
        let relevant = ranked.filter(|(_, (_, covered))| covered.saturating_mul(100) >= floor);
        relevant.map(|(rank, (relevance, _))| (u32::MAX.saturating_sub(*relevance), rank)).collect()
    }
}

fn weight(word: &str) -> u32 {
    number(word.chars().count()).min(WEIGHT_MAX)
}

/// A number as a place in a list.
fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A place in a list as a number.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
