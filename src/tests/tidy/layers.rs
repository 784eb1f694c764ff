//! Imports go one way.
//!
//! A module may use what stands in a lower layer, and its neighbours in the same layer as long as they
//! do not use it in turn; the base is one piece. `telegram` stands beside the middle: it uses the base
//! only, and only those who talk to Telegram use it.

use std::collections::BTreeMap;

use super::Violation;
use super::scan::{File, words};

/// From the ground up.
const LAYERS: [&[&str]; 8] = [
    &["money", "id", "secret", "world", "store", "locale", "config"],
    &["catalog", "ledger", "supplier", "people", "notice"],
    &["order"],
    &["delivery"],
    &["shop", "desk", "office"],
    &["bot", "http"],
    &["runner", "check"],
    &["main", "demo"],
];

/// Who may use `telegram`; `http` receives its webhook.
const TELEGRAM_USERS: [&str; 8] = ["telegram", "delivery", "bot", "http", "runner", "check", "main", "demo"];

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

pub(super) fn check(files: &[File], violations: &mut Vec<Violation>) {
    // Edges between neighbours, with the place where each was first seen.
    let mut neighbours: BTreeMap<(String, String), String> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.is_test() && file.path != "src/lib.rs") {
        let from = file.module();
        let known = from == "telegram" || layer_of(from).is_some();
        if !known {
            violations.push(format!("{}:1: the module {from} stands in no layer; give it one", file.path));
            continue;
        }
        for (number, to) in imports(file) {
            let place = format!("{}:{number}", file.path);
            match verdict(from, &to) {
                Verdict::Fine => {}
                Verdict::Neighbour => {
                    neighbours.entry((from.to_owned(), to)).or_insert(place);
                }
                Verdict::Wrong(why) => violations.push(format!("{place}: {from} uses {to}: {why}")),
            }
        }
    }
    for ((from, to), place) in &neighbours {
        if neighbours.contains_key(&(to.clone(), from.clone())) {
            violations.push(format!("{place}: {from} and {to} use each other"));
        }
    }
}

enum Verdict {
    Fine,
    Neighbour,
    Wrong(&'static str),
}

fn verdict(from: &str, to: &str) -> Verdict {
    if from == to {
        return Verdict::Fine;
    }
    if to == "telegram" {
        let may = TELEGRAM_USERS.contains(&from);
        return if may { Verdict::Fine } else { Verdict::Wrong("only who talks to Telegram may") };
    }
    // Telegram stands just above the base.
    let (Some(to), from) = (layer_of(to), layer_of(from)) else {
        return Verdict::Wrong("it stands in no layer");
    };
    match from {
        None if to == 0 => Verdict::Fine,
        None => Verdict::Wrong("telegram uses the base only"),
        Some(from) if to > from => Verdict::Wrong("it stands higher"),
        Some(from) if to == from && to > 0 => Verdict::Neighbour,
        Some(_) => Verdict::Fine,
    }
}

/// The modules of the top level that a file names outside tests, with the line.
fn imports(file: &File) -> Vec<(usize, String)> {
    let depth = file.modules().len();
    let mut imports = Vec::new();
    // A group may go over several lines, so they are read as one, each character with its line.
    let code: Vec<(usize, char)> = file
        .lines
        .iter()
        .filter(|line| !line.in_test)
        .flat_map(|line| line.code.chars().chain(['\n']).map(|c| (line.number, c)))
        .collect();
    let text: String = code.iter().map(|(_, c)| *c).collect();
    let mut ups: String = "super::".repeat(depth);
    // In the crate's root `super` has no meaning; a file of the first level reaches the root with one.
    if file.module() == "main" {
        ups = "kiosk::".to_owned();
    }
    for root in ["crate::", ups.as_str()] {
        let mut from = 0;
        while let Some(found) = text.get(from..).and_then(|rest| rest.find(root)) {
            let start = from.saturating_add(found);
            let end = start.saturating_add(root.len());
            let number =
                text.get(..start).map_or(1, |before| code.get(before.chars().count()).map_or(1, |(number, _)| *number));
            let before = text.get(..start).unwrap_or_default();
            if !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                let names = first_names(text.get(end..).unwrap_or_default());
                imports.extend(names.into_iter().map(|name| (number, name)));
            }
            from = end;
        }
    }
    imports.sort();
    imports.dedup();
    imports
}

/// The first part of the path, or of each path of a group, that follows.
fn first_names(rest: &str) -> Vec<String> {
    let first = |path: &str| words(path).next().filter(|word| *word != "self" && *word != "super").map(str::to_owned);
    let Some(group) = rest.strip_prefix('{') else {
        return first(rest).into_iter().filter(|name| is_module(name)).collect();
    };
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut path = String::new();
    for c in group.chars() {
        match c {
            '{' => depth = depth.saturating_add(1),
            '}' if depth == 0 => break,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => names.extend(first(&std::mem::take(&mut path))),
            _ if depth == 0 => path.push(c),
            _ => {}
        }
    }
    names.extend(first(&path));
    names.into_iter().filter(|name| is_module(name)).collect()
}

fn is_module(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sources: &[(&str, &str)]) -> Vec<Violation> {
        let files: Vec<File> = sources.iter().map(|(path, text)| File::new(path, text)).collect();
        let mut violations = Vec::new();
        check(&files, &mut violations);
        violations
    }

    #[test]
    fn an_edge_upwards_is_found() {
        for (path, text, line) in [
            ("src/money.rs", "use crate::order::Order;", 1),
            ("src/ledger/records.rs", "\nuse crate::{\n    money::Money,\n    shop::{self, Reply},\n};", 2),
            ("src/order/state.rs", "fn f() {\n    crate::delivery::tick();\n}", 2),
            ("src/order/state.rs", "use super::super::delivery::tick;", 1),
            ("src/order.rs", "use super::delivery::tick;", 1),
            ("src/supplier.rs", "use crate::telegram::Client;", 1),
            ("src/telegram/inbox.rs", "use crate::order::Order;", 1),
            ("src/telegram.rs", "use crate::bot;", 1),
            ("src/shop.rs", "use crate::demo::Tour;", 1),
            ("src/shop.rs", "use crate::surprise::Thing;", 1),
            ("src/surprise.rs", "", 1),
        ] {
            let found = found(&[(path, text)]);
            assert_eq!(found.len(), 1, "{path}: {found:?}");
            assert!(found[0].starts_with(&format!("{path}:{line}: ")), "{found:?}");
        }
    }

    #[test]
    fn an_edge_downwards_or_in_a_test_is_fine() {
        let sources = [
            ("src/order/state.rs", "use crate::{money::Money, supplier::{Supplier, Outcome}};\nuse super::records;"),
            ("src/order/records.rs", "use super::state::Order;"),
            ("src/delivery/courier.rs", "use crate::telegram::outbox;"),
            ("src/http.rs", "use crate::telegram::inbox;"),
            ("src/main.rs", "use kiosk::demo; use kiosk::telegram;"),
            ("src/id.rs", "use crate::store::Value; pub(crate) use text_column; crate::Thing::new();"),
            ("src/catalog.rs", "use crate::supplier::Offer;"),
            ("src/ledger.rs", "// crate::shop\n#[cfg(test)]\nmod tests { use crate::demo::Shop; }"),
            ("src/tests/story.rs", "use crate::demo::Shop;"),
            ("src/lib.rs", "pub mod demo;"),
        ];
        assert_eq!(found(&sources), Vec::<Violation>::new());
    }

    #[test]
    fn neighbours_do_not_use_each_other() {
        let there = ("src/catalog.rs", "use crate::supplier::Offer;");
        let back = ("src/supplier.rs", "use crate::catalog::Product;");
        assert_eq!(found(&[there, back]).len(), 2);
    }
}
