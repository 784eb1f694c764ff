//! Where settings come from: `kiosk.toml`, `.env` and the environment, as flat lists of names and
//! texts. Nothing here knows which names exist.
//!
//! A line of a broken file is never repeated in an error, because it may be the one with the secret.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::Value;

use super::SettingsError;

/// The file read when no other is named.
const TOML_NAME: &str = "kiosk.toml";
/// The file with variables beside it.
const DOTENV_NAME: &str = ".env";
/// What a file named by `…_FILE` may hold at most, in bytes.
const VALUE_MAX: u64 = 64 * 1024;

/// How a source writes names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    /// `telegram.token`
    Dotted,
    /// `KIOSK_TELEGRAM__TOKEN`
    Variable,
}

/// The places settings come from, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Toml,
    Dotenv,
    Environment,
}

impl Source {
    pub(super) const fn notation(self) -> Notation {
        match self {
            Self::Toml => Notation::Dotted,
            Self::Dotenv | Self::Environment => Notation::Variable,
        }
    }

    /// What is put behind a name so that it is that source's form for "read it from this file".
    pub(super) const fn file_suffix(self) -> &'static str {
        match self {
            Self::Toml => "_file",
            Self::Dotenv | Self::Environment => "_FILE",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Toml => " (in the configuration file)",
            Self::Dotenv => " (in .env)",
            Self::Environment => "",
        })
    }
}

/// One name with its text, as some source had it.
pub(super) struct Entry {
    pub(super) source: Source,
    pub(super) name: String,
    pub(super) text: String,
}

/// Everything that was given, before anybody looked at the names. Has no useful `Debug`, on purpose.
#[derive(Default)]
pub struct Sources {
    pub(super) entries: Vec<Entry>,
    pub(super) problems: SettingsError,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sources({} entries)", self.entries.len())
    }
}

impl Sources {
    /// Reads the machine: `config` or `kiosk.toml`, `.env`, and the environment. The environment is not
    /// changed. What could not be read is reported by [`super::Settings::load`], with everything else.
    pub fn system(config: Option<&Path>) -> Self {
        let mut sources = Self::default();
        let path = config.map_or_else(|| PathBuf::from(TOML_NAME), Path::to_path_buf);
        match std::fs::read_to_string(&path) {
            Ok(text) => sources.add_toml(&path.display().to_string(), &text),
            Err(error) if config.is_none() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => sources.problems.push(format!("{} cannot be read: {}", path.display(), error.kind())),
        }
        match dotenvy::from_path_iter(DOTENV_NAME) {
            Ok(lines) => sources.add_dotenv(lines),
            Err(error) if error.not_found() => {}
            Err(_) => sources.problems.push(format!("{DOTENV_NAME} cannot be read")),
        }
        for (name, text) in std::env::vars_os() {
            sources.add_variable(&name, text);
        }
        sources
    }

    /// Environment variables given as pairs, and nothing from the machine.
    pub fn from_map<N, T>(variables: impl IntoIterator<Item = (N, T)>) -> Self
    where
        N: Into<String>,
        T: Into<String>,
    {
        let mut sources = Self::default();
        for (name, text) in variables {
            let entry = Entry { source: Source::Environment, name: name.into(), text: text.into() };
            sources.add(entry);
        }
        sources
    }

    /// The same, with the text of a `kiosk.toml`.
    #[must_use]
    pub fn with_toml(mut self, text: &str) -> Self {
        self.add_toml(TOML_NAME, text);
        self
    }

    /// The same, with the text of a `.env`.
    #[must_use]
    pub fn with_dotenv(mut self, text: &str) -> Self {
        self.add_dotenv(dotenvy::from_read_iter(text.as_bytes()));
        self
    }

    fn add(&mut self, entry: Entry) {
        let ours = entry.source.notation() == Notation::Dotted
            || (entry.name.starts_with("KIOSK_") && !is_foreign(&entry.name, &entry.text));
        // Blank is absent, so that `VARIABLE=` in a compose file does not hide what a file says.
        if ours && (!entry.text.trim().is_empty()) {
            self.entries.push(entry);
        }
    }

    fn add_variable(&mut self, name: &OsString, text: OsString) {
        let Some(name) = name.to_str() else { return };
        if !name.starts_with("KIOSK_") {
            return;
        }
        match text.into_string() {
            Ok(text) => self.add(Entry { source: Source::Environment, name: name.to_owned(), text }),
            Err(_) => self.problems.push(format!("{name} is not valid UTF-8")),
        }
    }

    fn add_dotenv<R: std::io::Read>(&mut self, lines: dotenvy::Iter<R>) {
        for line in lines {
            let Ok((name, text)) = line else {
                // The error repeats the line, so it is not shown. Nothing after it can be trusted.
                let rule = "each line must be NAME=value, with quotes around values that have blanks, # or $";
                self.problems.push(format!("{DOTENV_NAME} has a line that cannot be read: {rule}"));
                return;
            };
            self.add(Entry { source: Source::Dotenv, name, text });
        }
    }

    fn add_toml(&mut self, file: &str, text: &str) {
        match text.parse::<toml::Table>() {
            Ok(table) => self.add_table("", table),
            Err(error) => {
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                let line = before.matches('\n').count().saturating_add(1);
                // The message itself may quote the text.
                self.problems
                    .push(format!("{file} line {line} is not valid TOML; texts need quotes, each name may stand once"));
            }
        }
    }

    fn add_table(&mut self, path: &str, table: toml::Table) {
        for (key, value) in table {
            let name = if path.is_empty() { key } else { format!("{path}.{key}") };
            match value {
                Value::Table(table) => self.add_table(&name, table),
                value => match flat(&value) {
                    Ok(text) => self.add(Entry { source: Source::Toml, name, text }),
                    Err(hint) => self.problems.push(format!("{name}{} {hint}", Source::Toml)),
                },
            }
        }
    }
}

/// A TOML value as the text an environment variable would carry.
fn flat(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(truth) => Ok(truth.to_string()),
        Value::Array(items) => {
            let items: Result<Vec<String>, _> = items
                .iter()
                .map(|item| match item {
                    Value::String(_) | Value::Integer(_) => flat(item),
                    Value::Float(_) => Err("holds a number with a decimal point; put quotes around it"),
                    _ => Err("must be a list of texts or whole numbers"),
                })
                .collect();
            Ok(items?.join(","))
        }
        Value::Float(_) => Err("is a number with a decimal point; put quotes around it, so that it stays exact"),
        Value::Datetime(_) => Err("is a date; put quotes around it"),
        Value::Table(_) => Err("must be a single value"),
    }
}

/// Whether a variable is somebody else's: a test's, or one that Kubernetes sets for every service whose
/// name begins with `kiosk` (`KIOSK_SERVICE_HOST`, `KIOSK_PORT=tcp://…`).
fn is_foreign(name: &str, text: &str) -> bool {
    let numbered_port = || name.contains("_TCP") || name.contains("_UDP");
    let address = || text.starts_with("tcp://") || text.starts_with("udp://");
    name.starts_with("KIOSK_TEST_")
        || (!name.contains("__")
            && (name.ends_with("_SERVICE_HOST")
                || name.contains("_SERVICE_PORT")
                || (name.contains("_PORT") && (numbered_port() || address()))))
}

/// The trimmed content of a file that holds one value.
pub(super) fn value_from_file(path: &str) -> Result<String, String> {
    use std::io::Read as _;
    let file = std::fs::File::open(path.trim()).map_err(|error| error.kind().to_string())?;
    let mut text = String::new();
    file.take(VALUE_MAX.saturating_add(1)).read_to_string(&mut text).map_err(|error| error.kind().to_string())?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > VALUE_MAX {
        return Err("it is too large".to_owned());
    }
    let value = text.trim();
    if value.is_empty() { Err("it is empty".to_owned()) } else { Ok(value.to_owned()) }
}
