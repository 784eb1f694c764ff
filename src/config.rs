//! Settings, and the only reader of the environment.
//!
//! A setting has a dotted name (`supplier.one4all.api_key`) and a text. It is looked for in
//! `kiosk.toml`, over that in `.env`, over that in environment variables (`KIOSK_` and the name in
//! capitals, `__` for each dot). Every setting in a section can also be given as `…_FILE`: the path of a
//! file that holds the value. In one source only one of the two forms may stand. Blank is absent.
//!
//! A name nobody declared is an error that says which one was probably meant. All problems are
//! reported together, one line each, and no line ever holds a secret.
//!
//! The sections below are the shop's own. A supplier's section is declared in the supplier's file and
//! handed to [`Settings::load`]; a section of which nothing was given is absent, and what it configures
//! is switched off.

mod section;
mod sources;
#[cfg(test)]
mod tests;
mod typed;

use std::collections::BTreeMap;
use std::fmt;

pub use self::section::{Key, Section, SectionSpec};
pub use self::sources::Sources;
pub use self::typed::{Database, DatabaseUrl, HttpSettings, Shop, Telegram, Vault};

use self::section::{Given, quoted};
use self::sources::{Entry, Source, value_from_file};
use self::typed::CORE;
use crate::secret::{KeyRing, SecretString};

/// What is wrong with the settings: one line for each problem, each with the name and an example.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsError(Vec<String>);

impl SettingsError {
    /// One problem.
    pub(crate) fn one(problem: String) -> Self {
        Self(vec![problem])
    }

    fn push(&mut self, problem: String) {
        self.0.push(problem);
    }

    /// Takes over the problems of `other`, so that they are reported together.
    pub fn absorb(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The problems, one line each.
    pub fn problems(&self) -> &[String] {
        &self.0
    }

    /// Keeps a value, or its problems.
    fn keep<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        result.map_err(|error| self.absorb(error)).ok()
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for SettingsError {}

/// Everything the owner may choose. Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How to reach Telegram.
    pub telegram: Telegram,
    /// Where everything is kept.
    pub database: Database,
    /// What codes are sealed with.
    pub vault: Vault,
    /// Where the shop itself listens.
    pub http: HttpSettings,
    /// Who runs the shop, and its money.
    pub shop: Shop,
    /// What is logged: a filter in the syntax of `tracing-subscriber`.
    pub log: String,
    sections: BTreeMap<&'static str, Section>,
}

impl Settings {
    /// Reads all settings. `extra` are the sections declared elsewhere.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn load(sources: &Sources, extra: &[&'static SectionSpec]) -> Result<Self, SettingsError> {
        let specs: Vec<&'static SectionSpec> = CORE.iter().chain(extra).copied().collect();
        let mut problems = sources.problems.clone();
        let mut sections = BTreeMap::new();
        for (path, section) in collect(sources, &specs, &mut problems) {
            sections.insert(path, section);
        }
        let core = typed::read(&sections, &mut problems);
        match core {
            Some((telegram, database, vault, http, shop, log)) if problems.0.is_empty() => {
                Ok(Self { telegram, database, vault, http, shop, log, sections })
            }
            _ => Err(problems),
        }
    }

    /// The section at a dotted path, if any of its keys was given.
    pub fn section(&self, path: &str) -> Option<&Section> {
        self.sections.get(path)
    }

    /// The token of the bot.
    ///
    /// # Errors
    /// When it is not set: says so and where to get one.
    pub fn require_token(&self) -> Result<&SecretString, SettingsError> {
        self.telegram.token.as_ref().ok_or_else(|| {
            let example = "KIOSK_TELEGRAM__TOKEN=123456789:AAE-the-rest-of-it";
            SettingsError::one(format!("KIOSK_TELEGRAM__TOKEN is not set; @BotFather gives one, for example {example}"))
        })
    }

    /// The keys codes are sealed with.
    ///
    /// # Errors
    /// When none is set: says so and how to make one.
    pub fn require_keyring(&self) -> Result<KeyRing, SettingsError> {
        let missing = || {
            SettingsError::one(
                "KIOSK_VAULT__KEYS is not set; codes are sealed with it, and `kiosk key` prints a new one, \
                 for example KIOSK_VAULT__KEYS=1f3a9c2e:32-bytes-in-base64"
                    .to_owned(),
            )
        };
        typed::keyring(self.vault.keys.as_ref().ok_or_else(missing)?)
    }

    /// All settings as a Markdown table, for the README and `kiosk run --help`.
    pub fn table(extra: &[&'static SectionSpec]) -> String {
        let mut rows = vec!["| variable | default | meaning |".to_owned(), "|---|---|---|".to_owned()];
        for spec in CORE.iter().chain(extra) {
            for key in spec.keys {
                let default = key.default.map_or_else(|| "–".to_owned(), |default| format!("`{default}`"));
                rows.push(format!("| `{}` | {default} | {} |", spec.variable(key.name), key.meaning));
            }
        }
        rows.join("\n")
    }
}

/// Where a name leads.
#[derive(Clone, Copy)]
struct Place {
    spec: &'static SectionSpec,
    key: &'static Key,
    from_file: bool,
}

/// The place each possible name leads to, in the notation of one source.
fn names(source: Source, specs: &[&'static SectionSpec]) -> BTreeMap<String, Place> {
    let mut names = BTreeMap::new();
    for &spec in specs {
        for key in spec.keys {
            let name = spec.name_in(source.notation(), key.name);
            if !spec.path.is_empty() {
                let from_file = Place { spec, key, from_file: true };
                names.insert(format!("{name}{}", source.file_suffix()), from_file);
            }
            names.insert(name, Place { spec, key, from_file: false });
        }
    }
    names
}

/// Puts every entry in its section, the stronger source over the weaker.
fn collect(
    sources: &Sources,
    specs: &[&'static SectionSpec],
    problems: &mut SettingsError,
) -> BTreeMap<&'static str, Section> {
    let mut chosen: BTreeMap<(&'static str, &'static str), (Place, &Entry)> = BTreeMap::new();
    for source in [Source::Toml, Source::Dotenv, Source::Environment] {
        let names = names(source, specs);
        for entry in sources.entries.iter().filter(|entry| entry.source == source) {
            let Some(&place) = names.get(&entry.name) else {
                problems.push(unknown(entry, &names));
                continue;
            };
            let other = chosen.insert((place.spec.path, place.key.name), (place, entry));
            if let Some((other, _)) = other.filter(|(o, e)| e.source == source && o.from_file != place.from_file) {
                let name = other.spec.name_in(source.notation(), other.key.name);
                let suffix = source.file_suffix();
                problems.push(format!("{name} and {name}{suffix}{source} are both set; keep one of them"));
            }
        }
    }
    let mut given: BTreeMap<&'static str, (&'static SectionSpec, BTreeMap<&'static str, Given>)> = BTreeMap::new();
    for (place, entry) in chosen.into_values() {
        match value_of(place, entry) {
            Ok(value) => {
                let (_, keys) = given.entry(place.spec.path).or_insert_with(|| (place.spec, BTreeMap::new()));
                keys.insert(place.key.name, Given { value, source: entry.source });
            }
            Err(problem) => problems.push(problem),
        }
    }
    given.into_iter().map(|(path, (spec, keys))| (path, Section::new(spec, keys))).collect()
}

fn value_of(place: Place, entry: &Entry) -> Result<SecretString, String> {
    if !place.from_file {
        return Ok(SecretString::from(entry.text.trim()));
    }
    value_from_file(&entry.text).map(SecretString::from).map_err(|why| {
        format!(
            "{}{} names a file that cannot be used: {why}; give the path of a readable file",
            entry.name, entry.source
        )
    })
}

fn unknown(entry: &Entry, names: &BTreeMap<String, Place>) -> String {
    let written = entry.name.to_lowercase();
    let nearest = names.keys().min_by_key(|name| strsim::damerau_levenshtein(&name.to_lowercase(), &written));
    let hint = nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    let shown: String = entry.name.chars().take(80).flat_map(char::escape_debug).collect();
    format!("{shown}{} is not a setting{hint}", entry.source)
}

/// An address without what may be a password: user information and the query. Other texts as they are.
fn without_userinfo(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    // An @ behind a ? means that nobody can tell where the password ends.
    if query.contains('@') {
        return format!("{scheme}://…");
    }
    let host = before_query.rsplit_once('@').map_or(before_query, |(_, host)| host);
    let (user, mark) = (if host == before_query { "" } else { "…@" }, if query.is_empty() { "" } else { "?…" });
    format!("{scheme}://{user}{host}{mark}")
}
