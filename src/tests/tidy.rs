//! What a reviewer would otherwise have to say again and again, read off the repository.
//!
//! All violations are reported together, each with its file and line. The rules read the code without
//! comments, texts and tests ([`scan`]); every rule is shown a small bad sample, so that it can fail.

mod layers;
mod scan;

use std::path::{Path, PathBuf};

use self::scan::{File, has_word};

/// The most lines of code in one file. Comments, blank lines and tests are not counted.
const FILE_LINES_MAX: usize = 400;
/// The most lines of code in one function.
const FUNCTION_LINES_MAX: usize = 60;

/// Something wrong: where, and what.
type Violation = String;

#[test]
fn the_repository_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    read(root, root, &mut texts);
    let files: Vec<File> =
        texts.iter().filter(|(path, _)| is_source(path)).map(|(path, text)| File::new(path, text)).collect();
    assert!(files.len() > 10, "the sources are not where they are looked for");
    let mut violations = check(&files);
    for (path, text) in &texts {
        machine_paths(path, text, &mut violations);
    }
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

fn is_source(path: &str) -> bool {
    path.starts_with("src/") && Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// All files of the repository that are text, except what `.gitignore` leaves out.
fn read(root: &Path, folder: &Path, texts: &mut Vec<(String, String)>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if matches!(name, "target" | ".git" | ".env" | "kiosk.toml") || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            read(root, &path, texts);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            texts.push((path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"), text));
        }
    }
}

fn check(files: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files {
        names(file, &mut violations);
        sizes(file, &mut violations);
    }
    layers::check(files, &mut violations);
    violations
}

/// A name that only some files may use.
struct Reserved {
    what: &'static str,
    /// Whether a line of code uses it.
    used: fn(&str) -> bool,
    /// The modules that may.
    modules: &'static [&'static str],
    /// Whether tests may.
    tests: bool,
}

const RESERVED: &[Reserved] = &[
    Reserved {
        what: "teloxide is named in telegram and bot only",
        used: |line| has_word(line, "teloxide"),
        modules: &["telegram", "bot"],
        tests: true,
    },
    Reserved {
        what: "reqwest is named in world.rs only: use the World's Transport",
        used: |line| has_word(line, "reqwest"),
        modules: &["world", "demo"],
        tests: true,
    },
    Reserved {
        what: "the two database drivers are named in store only",
        used: names_a_driver,
        modules: &["store"],
        tests: true,
    },
    Reserved {
        what: "codes are revealed by suppliers, the delivery and the sealing only",
        used: |line| has_word(line, "reveal"),
        modules: &["supplier", "delivery", "secret", "demo"],
        tests: true,
    },
    Reserved {
        what: "the environment is read in config.rs and main.rs only",
        used: |line| line.contains("std::env") || line.contains("env::") || group_names(line, "std::{", "env"),
        modules: &["config", "main"],
        tests: true,
    },
    Reserved { what: "unwrap belongs in tests", used: |line| line.contains(".unwrap()"), modules: &[], tests: true },
];

fn names_a_driver(line: &str) -> bool {
    let paths = ["sqlx::sqlite", "sqlx::postgres", "sqlx::Sqlite", "sqlx::Postgres"];
    let types = scan::words(line).any(|word| {
        ["Sqlite", "Pg"].iter().any(|prefix| {
            word.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        })
    });
    let grouped = ["sqlite", "postgres", "Sqlite", "Postgres"].iter().any(|name| group_names(line, "sqlx::{", name));
    types || grouped || paths.iter().any(|path| line.contains(path))
}

/// Whether a line has a group of imports with this name in it.
fn group_names(line: &str, group: &str, name: &str) -> bool {
    line.split_once(group).is_some_and(|(_, rest)| has_word(rest, name))
}

fn names(file: &File, violations: &mut Vec<Violation>) {
    for rule in RESERVED {
        if rule.modules.contains(&file.module()) || (rule.tests && file.is_test()) {
            continue;
        }
        for line in file.lines.iter().filter(|line| !(rule.tests && line.in_test) && (rule.used)(&line.code)) {
            violations.push(format!("{}:{}: {}", file.path, line.number, rule.what));
        }
    }
}

fn sizes(file: &File, violations: &mut Vec<Violation>) {
    if file.is_test() || file.module() == "demo" {
        return;
    }
    let lines = file.lines.iter().filter(|line| line.is_code() && !line.in_test).count();
    if lines > FILE_LINES_MAX {
        let path = &file.path;
        violations.push(format!("{path}:1: {lines} lines of code; a file has at most {FILE_LINES_MAX}"));
    }
    for (number, name, lines) in file.functions() {
        if lines > FUNCTION_LINES_MAX {
            let rule = format!("{name} has {lines} lines of code; a function has at most {FUNCTION_LINES_MAX}");
            violations.push(format!("{}:{number}: {rule}", file.path));
        }
    }
}

/// No file knows where on somebody's machine it lies.
fn machine_paths(path: &str, text: &str, violations: &mut Vec<Violation>) {
    // Put together here, so that this file does not hold them.
    let roots = ["home", "root", "Users", "work"].map(|folder| format!("/{folder}/"));
    for (number, line) in (1_usize..).zip(text.lines()) {
        let found = roots.iter().any(|root| {
            line.split_once(root.as_str())
                .is_some_and(|(before, _)| !before.ends_with(|c: char| c.is_alphanumeric() || "./-_}".contains(c)))
        });
        if found {
            violations.push(format!("{path}:{number}: a path of somebody's machine"));
        }
    }
}

fn violations_of(sources: &[(&str, &str)]) -> Vec<Violation> {
    let files: Vec<File> = sources.iter().map(|(path, text)| File::new(path, text)).collect();
    check(&files)
}

#[test]
fn names_in_the_wrong_place_are_found() {
    for (path, line) in [
        ("src/order.rs", "use teloxide::Bot;"),
        ("src/supplier/one4all.rs", "fn f(c: reqwest::Client) {}"),
        ("src/ledger.rs", "use sqlx::sqlite::SqlitePool;"),
        ("src/ledger.rs", "use sqlx::{FromRow, Postgres};"),
        ("src/ledger/records.rs", "fn f(pool: PgPool) {}"),
        ("src/shop.rs", "fn f(c: &Code) { c.reveal(); }"),
        ("src/shop.rs", "fn f() { codes.map(Code::reveal); }"),
        ("src/world.rs", "fn f() { std::env::var(\"X\"); }"),
        ("src/world.rs", "use std::{env, fmt};"),
        ("src/money.rs", "fn f() { x.unwrap(); }"),
        ("src/demo/tour.rs", "fn f() { x.unwrap(); }"),
    ] {
        let found = violations_of(&[(path, line)]);
        assert_eq!(found.len(), 1, "{path} {line}: {found:?}");
        assert!(found[0].starts_with(&format!("{path}:1: ")), "{found:?}");
    }
}

#[test]
fn names_in_the_right_place_are_not() {
    for (path, line) in [
        ("src/telegram/outbox.rs", "use teloxide::Bot;"),
        ("src/bot.rs", "use teloxide::Bot;"),
        ("src/world.rs", "use reqwest::Client;"),
        ("src/store/group.rs", "use sqlx::sqlite::SqlitePool;"),
        ("src/order.rs", "//! teloxide, reqwest, PgPool, .unwrap() and std::env in words"),
        ("src/order.rs", "const X: &str = \"teloxide .unwrap() \\\" reqwest\";"),
        ("src/order.rs", "const X: &str = r#\"a \" .unwrap()\"#; const C: char = '\"';"),
        ("src/order.rs", "#[cfg(test)]\nmod tests { fn f() { x.unwrap(); c.reveal(); } }"),
        ("src/order/tests.rs", "fn f() { x.unwrap(); }"),
        ("src/delivery/courier.rs", "fn f() { c.reveal(); }"),
        ("src/config/sources.rs", "fn f() { std::env::vars_os(); }"),
        ("src/secret.rs", "fn f() { x.unwrap_or_default(); env!(\"X\"); }"),
    ] {
        assert_eq!(violations_of(&[(path, line)]), Vec::<Violation>::new(), "{path} {line}");
    }
}

#[test]
fn long_files_and_functions_are_found() {
    let body = "    call();\n    // A comment is not counted.\n\n";
    let function = |lines: usize| format!("fn long() {{\n{}}}\n", body.repeat(lines));
    assert_eq!(violations_of(&[("src/order.rs", &function(60))]), Vec::<Violation>::new());
    let found = violations_of(&[("src/order.rs", &format!("\n{}", function(61)))]);
    assert_eq!(found, ["src/order.rs:2: long has 61 lines of code; a function has at most 60"]);
    assert_eq!(violations_of(&[("src/tests/story.rs", &function(100))]), Vec::<Violation>::new());

    let constants = "const A: u8 = 1;\n".repeat(401);
    let found = violations_of(&[("src/order.rs", &constants)]);
    assert_eq!(found, ["src/order.rs:1: 401 lines of code; a file has at most 400"]);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{constants}}}\n");
    assert_eq!(violations_of(&[("src/order.rs", &tests)]), Vec::<Violation>::new());
}

#[test]
fn paths_of_machines_are_found() {
    let found = |line: &str| {
        let mut violations = Vec::new();
        machine_paths("README.md", line, &mut violations);
        !violations.is_empty()
    };
    assert!(found(concat!("see /ho", "me/anna/kiosk")) && found(concat!("x=\"/wo", "rk/a\"")));
    assert!(!found(concat!("https://example.org/ho", "me/")) && !found("network/a home/b"));
}
