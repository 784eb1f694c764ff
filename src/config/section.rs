//! What a setting is: its key, the section it stands in, and what the owner gave for it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::SettingsError;
use super::sources::{Notation, Source};
use crate::secret::{ExposeSecret, SecretString};

/// One setting, as its owner declares it.
#[derive(Debug)]
pub struct Key {
    /// The last part of its name, in lower case with underscores: `api_key`.
    pub name: &'static str,
    /// What holds when it is not given.
    pub default: Option<&'static str>,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// What it is for, in a few words.
    pub meaning: &'static str,
    /// A value that would be accepted, shown in errors. Never a real secret.
    pub example: &'static str,
}

/// A section of settings, declared by the file that reads it.
#[derive(Debug)]
pub struct SectionSpec {
    /// The dotted path, `supplier.one4all`. Empty for keys that stand in no section.
    pub path: &'static str,
    /// Its keys, in the order shown to people.
    pub keys: &'static [Key],
}

impl SectionSpec {
    /// The key called `name`.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The name of a key in one notation.
    pub(super) fn name_in(&self, notation: Notation, key: &str) -> String {
        let dotted = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        match notation {
            Notation::Dotted => dotted,
            Notation::Variable => format!("KIOSK_{}", dotted.replace('.', "__").to_uppercase()),
        }
    }

    /// The environment variable that sets a key.
    pub fn variable(&self, key: &str) -> String {
        self.name_in(Notation::Variable, key)
    }
}

/// A value that was given, and where.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) value: SecretString,
    pub(super) source: Source,
}

/// What was given for the keys of one section. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct Section {
    spec: &'static SectionSpec,
    given: BTreeMap<&'static str, Given>,
}

impl Section {
    pub(super) const fn new(spec: &'static SectionSpec, given: BTreeMap<&'static str, Given>) -> Self {
        Self { spec, given }
    }

    /// What this section may hold.
    pub const fn spec(&self) -> &'static SectionSpec {
        self.spec
    }

    /// The value of a key, or its default. Blank is absent.
    pub fn text(&self, key: &'static str) -> Option<&str> {
        debug_assert!(self.spec.key(key).is_some(), "{key} is not declared in {}", self.spec.path);
        let given = self.given.get(key).map(|given| given.value.expose_secret());
        given.or_else(|| self.spec.key(key).and_then(|key| key.default))
    }

    /// The value of a key this section cannot do without.
    ///
    /// # Errors
    /// Names the variable and an example.
    pub fn required(&self, key: &'static str) -> Result<&str, SettingsError> {
        self.text(key).ok_or_else(|| self.invalid(key, "is not set"))
    }

    /// The value of a key, wrapped so that it cannot be printed.
    pub fn secret(&self, key: &'static str) -> Option<SecretString> {
        self.text(key).map(SecretString::from)
    }

    /// The value of a key, read as something more than text.
    ///
    /// # Errors
    /// Names the variable, the problem and an example; the value too, unless it is a secret.
    pub fn parsed<T>(&self, key: &'static str) -> Result<Option<T>, SettingsError>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let Some(text) = self.text(key) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|error: T::Err| {
            if self.is_secret(key) {
                self.invalid(key, "cannot be read")
            } else {
                self.invalid(key, &format!("is {} ({error})", quoted(text)))
            }
        })
    }

    /// An error about one key: its name as the owner wrote it, the problem, an example.
    pub fn invalid(&self, key: &'static str, problem: &str) -> SettingsError {
        let source = self.given.get(key).map_or(Source::Environment, |given| given.source);
        let name = self.spec.name_in(source.notation(), key);
        let example = self.spec.key(key).map_or("", |key| key.example);
        let example = match source.notation() {
            Notation::Dotted => format!("{name} = {example:?}"),
            Notation::Variable => format!("{name}={example}"),
        };
        SettingsError::one(format!("{name}{source} {problem}; for example {example}"))
    }

    fn is_secret(&self, key: &str) -> bool {
        self.spec.key(key).is_none_or(|key| key.secret)
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(self.spec.path);
        for (key, given) in &self.given {
            if self.is_secret(key) {
                shown.field(key, &"[REDACTED]");
            } else {
                shown.field(key, &super::without_userinfo(given.value.expose_secret()));
            }
        }
        shown.finish()
    }
}

/// A value as an error may show it: short, in quotes, with nothing a terminal would obey, and
/// without a password if it is an address.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    let text = super::without_userinfo(text);
    let short: String = text.chars().take(SHOWN_MAX).collect();
    let more = if text.chars().nth(SHOWN_MAX).is_some() { "…" } else { "" };
    format!("{short:?}{more}")
}
