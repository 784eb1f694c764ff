//! What the shop says, in the languages of `locales/`.
//!
//! A locale is one Fluent file. English is complete; another language that lacks a message borrows
//! English, and a test makes sure that none does: every locale has the same keys with the same
//! variables. Text for buttons and toasts is plain ([`Locales::text`]); messages are HTML
//! ([`Locales::html`]), where the file may hold tags and every argument is escaped unless it says that
//! it is HTML already. No direction marks are put around arguments, because people copy amounts,
//! addresses and codes.
//!
//! To add a language: its file in `locales/`, and one variant here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// A language the shop speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Language {
    /// English, in which everything is written first.
    #[default]
    English,
    /// Russian.
    Russian,
    /// Chinese, simplified.
    Chinese,
}

impl Language {
    /// All languages, in the order shown to people. A language's place here is its place in [`Locales`].
    pub const ALL: [Self; 3] = [Self::English, Self::Russian, Self::Chinese];

    /// Its two-letter code, as stored and as Telegram's command menu wants it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
            Self::Chinese => "zh",
        }
    }

    /// The name of the language in itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Russian => "Русский",
            Self::Chinese => "中文",
        }
    }

    /// The language of a code as Telegram or the database has it (`zh-hans`, `pt-BR`); English if the shop
    /// does not speak it.
    #[must_use]
    pub fn of_code(code: &str) -> Self {
        let main = code.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(main)).unwrap_or_default()
    }

    const fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../locales/en.ftl"),
            Self::Russian => include_str!("../locales/ru.ftl"),
            Self::Chinese => include_str!("../locales/zh.ftl"),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A value put into a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// Text from anywhere; escaped in HTML.
    Text(String),
    /// A whole number, which chooses plurals.
    Number(i64),
    /// HTML made by the program; put in as it is. In plain text it is the caller's mistake.
    Html(String),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

/// Why a locale could not be loaded. A test loads them all, so people never see it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocaleError {
    /// A file does not follow the syntax.
    #[error("locales/{0}.ftl has a mistake near {1:?}")]
    Syntax(Language, String),
    /// A key stands twice in a file.
    #[error("locales/{0}.ftl says a key twice: {1}")]
    Twice(Language, String),
}

/// All messages in all languages.
pub struct Locales {
    /// In the order of [`Language::ALL`].
    bundles: Vec<FluentBundle<FluentResource>>,
    /// Keys that were asked for and are nowhere, so that each is logged once.
    missing: Mutex<HashSet<String>>,
}

impl fmt::Debug for Locales {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locales")
    }
}

impl Locales {
    /// Reads what was compiled in.
    ///
    /// # Errors
    /// When a file has a mistake.
    pub fn load() -> Result<Self, LocaleError> {
        let bundles = Language::ALL.into_iter().map(|language| bundle(language, language.source()));
        Ok(Self { bundles: bundles.collect::<Result<_, _>>()?, missing: Mutex::default() })
    }

    /// A message as plain text, for buttons and toasts.
    #[must_use]
    pub fn text(&self, language: Language, key: &'static str, args: &[(&'static str, Arg)]) -> String {
        self.write(language, key, args, |text| Cow::Borrowed(text))
    }

    /// A message as HTML. Every argument is escaped, except [`Arg::Html`].
    #[must_use]
    pub fn html(&self, language: Language, key: &'static str, args: &[(&'static str, Arg)]) -> String {
        self.write(language, key, args, |text| Cow::Owned(escape(text)))
    }

    fn write(
        &self,
        language: Language,
        key: &'static str,
        args: &[(&'static str, Arg)],
        safe: impl for<'t> Fn(&'t str) -> Cow<'t, str>,
    ) -> String {
        let args: FluentArgs<'_> = args
            .iter()
            .map(|(name, arg)| {
                let value = match arg {
                    Arg::Text(text) => FluentValue::String(safe(text)),
                    Arg::Html(html) => FluentValue::String(Cow::Borrowed(html)),
                    Arg::Number(number) => exact_number(*number),
                };
                (*name, value)
            })
            .collect();
        let in_language = self.find(language, key, &args);
        in_language.or_else(|| self.find(Language::English, key, &args)).unwrap_or_else(|| {
            self.note_missing(key);
            key.to_owned()
        })
    }

    fn find(&self, language: Language, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        let place = Language::ALL.iter().position(|known| *known == language)?;
        let bundle = self.bundles.get(place)?;
        let pattern = bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
        if !errors.is_empty() {
            self.note_missing(key);
        }
        Some(text)
    }

    /// Logs a key once: it does not exist, or the arguments do not fit it.
    fn note_missing(&self, key: &str) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if missing.insert(key.to_owned()) {
            tracing::error!(key, "a message is missing or lacks an argument");
        }
    }
}

/// A number that chooses plurals. Fluent computes with floats, so one too large for them is put in as text.
fn exact_number(number: i64) -> FluentValue<'static> {
    const EXACT_MAX: u64 = 1 << 53;
    if number.unsigned_abs() <= EXACT_MAX {
        FluentValue::from(number)
    } else {
        FluentValue::String(Cow::Owned(number.to_string()))
    }
}

/// Text as HTML that shows the same.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            _ => html.push(c),
        }
    }
    html
}

fn bundle(language: Language, source: &str) -> Result<FluentBundle<FluentResource>, LocaleError> {
    let resource = resource(language, source)?;
    let identifier: LanguageIdentifier = language.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        LocaleError::Twice(language, errors.join(", "))
    })?;
    Ok(bundle)
}

fn resource(language: Language, source: &str) -> Result<FluentResource, LocaleError> {
    FluentResource::try_new(source.to_owned()).map_err(|(_, errors)| {
        let start = errors.first().map(|error| error.pos.start).unwrap_or_default();
        let near: String = source.get(start..).unwrap_or_default().chars().take(40).collect();
        LocaleError::Syntax(language, near)
    })
}

/// The keys of a locale, each with the variables its message names.
///
/// # Errors
/// When the file has a mistake.
pub fn inventory(language: Language) -> Result<BTreeMap<String, BTreeSet<String>>, LocaleError> {
    keys_of(language, language.source())
}

fn keys_of(language: Language, source: &str) -> Result<BTreeMap<String, BTreeSet<String>>, LocaleError> {
    // The parser finds mistakes of syntax; the keys and variables are plain to see in the text.
    resource(language, source)?;
    let mut keys = BTreeMap::new();
    for message in messages(source).into_iter().filter(|message| !message.starts_with('-')) {
        let (key, body) = message.split_once('=').unwrap_or((message.as_str(), ""));
        let part_of_name = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
        let names = body.split('$').skip(1).map(|rest| rest.chars().take_while(part_of_name).collect::<String>());
        let variables = names.filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())).collect();
        if keys.insert(key.trim().to_owned(), variables).is_some() {
            return Err(LocaleError::Twice(language, key.trim().to_owned()));
        }
    }
    Ok(keys)
}

/// The messages of a file, each with its lines together: a new one begins where a line is not indented.
fn messages(source: &str) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-') {
            messages.push(line.to_owned());
        } else if let Some(last) = messages.last_mut() {
            last.push('\n');
            last.push_str(line);
        }
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locales() -> Locales {
        Locales::load().unwrap()
    }

    #[test]
    fn all_locales_have_the_same_keys_and_variables() {
        let english = inventory(Language::English).unwrap();
        assert!(english.len() > 10);
        for language in Language::ALL {
            let other = inventory(language).unwrap();
            let keys = |keys: &BTreeMap<String, BTreeSet<String>>| keys.keys().cloned().collect::<BTreeSet<_>>();
            let (theirs, ours) = (keys(&other), keys(&english));
            assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), Vec::<&String>::new(), "only in {language}");
            assert_eq!(ours.difference(&theirs).collect::<Vec<_>>(), Vec::<&String>::new(), "not in {language}");
            for (key, variables) in &english {
                assert_eq!(other.get(key), Some(variables), "the variables of {key} in {language}");
            }
        }
    }

    #[test]
    fn every_message_can_be_written_in_every_language() {
        let locales = locales();
        for (language, bundle) in Language::ALL.into_iter().zip(&locales.bundles) {
            for (key, variables) in inventory(language).unwrap() {
                let pattern = bundle.get_message(&key).unwrap_or_else(|| panic!("{key} in {language}"));
                let pattern = pattern.value().unwrap_or_else(|| panic!("{key} is empty in {language}"));
                for number in [0, 1, 2, 5, 21] {
                    let args: FluentArgs<'_> = variables.iter().map(|name| (name.as_str(), number)).collect();
                    let mut errors = Vec::new();
                    let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
                    assert!(errors.is_empty() && !text.is_empty(), "{key} in {language}: {errors:?}");
                    assert!(!text.contains(['\u{2068}', '\u{2069}']), "{key} in {language}");
                }
            }
        }
    }

    /// The keys the program asks for are literals: every one in `src` must exist. A key is found where it
    /// is handed to one of the two functions.
    #[test]
    fn every_key_in_the_program_exists() {
        let known = inventory(Language::English).unwrap();
        let mut files = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut absent = Vec::new();
        while let Some(path) = files.pop() {
            if path.is_dir() {
                files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else if !path.ends_with("locale.rs") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                absent.extend(asked_in(&text).into_iter().filter(|key| !known.contains_key(key)));
            }
        }
        assert_eq!(absent, Vec::<String>::new(), "these messages are in no locale");
    }

    /// The literal keys in `.text(language, "key"` and `.html(language, "key"`.
    fn asked_in(source: &str) -> Vec<String> {
        let calls = source.split(".text(").skip(1).chain(source.split(".html(").skip(1));
        let keys = calls.filter_map(|call| {
            let (before, rest) = call.split_once('"')?;
            let first_argument = before.trim().strip_suffix(',')?;
            if first_argument.contains([';', ')', '{']) {
                return None;
            }
            rest.split_once('"').map(|(key, _)| key.to_owned())
        });
        keys.collect()
    }

    #[test]
    fn the_check_for_keys_finds_them() {
        let source = "locales.text(language, \"a-b\", &[]); x.html(\n  buyer.language,\n \"c\"); section.text(\"d\")";
        assert_eq!(asked_in(source), ["a-b", "c"]);
    }

    #[test]
    fn mistakes_in_a_file_are_found() {
        let load = |source: &str| bundle(Language::English, source).map(|_| ());
        assert_eq!(load("a = 1\nb = { $n }\n"), Ok(()));
        assert!(matches!(load("a = 1\na = 2\n"), Err(LocaleError::Twice(..))));
        assert!(matches!(load("a = { $n\n"), Err(LocaleError::Syntax(..))));
        assert!(matches!(keys_of(Language::English, "a = 1\na = 2\n"), Err(LocaleError::Twice(..))));
        let keys = keys_of(Language::English, "# $no\n-t = T\na = { $n ->\n    [one] { $x }\n   *[other] $5\n }\n");
        let keys = keys.unwrap();
        assert_eq!(keys.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(keys["a"].iter().collect::<Vec<_>>(), ["n", "x"]);
    }

    #[test]
    fn languages_are_told_by_code() {
        for (code, language) in [
            ("en", Language::English),
            ("ru", Language::Russian),
            ("RU-ru", Language::Russian),
            ("zh-hans", Language::Chinese),
            ("zh_TW", Language::Chinese),
            ("pt-BR", Language::English),
            ("", Language::English),
            ("zhx", Language::English),
        ] {
            assert_eq!(Language::of_code(code), language, "{code}");
        }
    }

    #[test]
    fn plurals_follow_the_language() {
        let locales = locales();
        let left = |language, count: i64| locales.text(language, "stock-left", &[("count", count.into())]);
        assert_eq!(left(Language::English, 12), "12 left");
        let ago = |language, minutes: i64| locales.text(language, "refreshed-ago", &[("minutes", minutes.into())]);
        assert_eq!([1, 2].map(|n| ago(Language::English, n)), ["refreshed 1 minute ago", "refreshed 2 minutes ago"]);
        let russian = [1, 2, 5, 11, 21].map(|n| left(Language::Russian, n));
        let expected =
            ["осталась 1 штука", "осталось 2 штуки", "осталось 5 штук", "осталось 11 штук", "осталась 21 штука"];
        assert_eq!(russian, expected);
        assert_eq!(left(Language::Chinese, 3), "剩余 3 件");
        let large = ago(Language::English, i64::MAX);
        assert!(large.contains("9223372036854775807"), "{large}");
        assert_eq!(ago(Language::English, 1_234_567), "refreshed 1234567 minutes ago");
    }

    #[test]
    fn html_escapes_what_comes_from_outside() {
        let locales = locales();
        let args = [("name", Arg::from("<b>&\"x\""))];
        let html = locales.html(Language::English, "greeting", &args);
        assert!(html.contains("&lt;b&gt;&amp;&quot;x&quot;"), "{html}");
        assert!(locales.text(Language::English, "greeting", &args).contains("<b>&\"x\""));
        let html = locales.html(Language::Russian, "greeting", &[("name", Arg::Html("<b>x</b>".to_owned()))]);
        assert!(html.contains("<b>x</b>"), "{html}");
        let text = locales.html(Language::English, "greeting", &[("name", Arg::from("{ $name } -brand"))]);
        assert!(text.contains("{ $name } -brand"), "{text}");
    }

    #[test]
    fn what_is_missing_does_not_stop_the_shop() {
        let locales = locales();
        assert_eq!(locales.text(Language::Russian, "no-such-key", &[]), "no-such-key");
        assert_eq!(locales.text(Language::Russian, "no-such-key", &[]), "no-such-key");
        let _ = locales.text(Language::Russian, "greeting", &[]);
        assert_eq!(locales.missing.lock().unwrap().len(), 2);
    }

    #[test]
    fn locales_may_be_shared() {
        fn shared<T: Send + Sync>(_: &T) {}
        shared(&locales());
    }
}
