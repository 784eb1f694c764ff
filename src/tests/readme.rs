//! The README says what there is, to the letter.

use crate::bot::gate::ADMIN_COMMANDS;
use crate::config::Settings;
use crate::supplier;

const README: &str = include_str!("../../README.md");

#[test]
fn the_readme_has_every_setting() {
    for row in Settings::table(supplier::SECTIONS).lines() {
        assert!(README.lines().any(|line| line == row), "the README lacks this row of the settings:\n{row}");
    }
    // And none that does not exist; two names are examples of the rules around them.
    let table = Settings::table(supplier::SECTIONS);
    for row in README.lines().filter(|line| line.starts_with("| `KIOSK_")) {
        assert!(table.lines().any(|line| line == row), "no such setting:\n{row}");
    }
}

#[test]
fn the_readme_has_every_admin_command_and_no_other() {
    let start = README.find("## What admins can do").unwrap();
    let rest = &README[start..];
    let part = &rest[..rest[2..].find("\n## ").unwrap()];
    let named = |line: &str| -> Vec<String> {
        line.split("`/").skip(1).map(|rest| rest.split([' ', '`']).next().unwrap().to_owned()).collect()
    };
    let mut found: Vec<String> = part.lines().filter(|line| line.starts_with("| `/")).flat_map(named).collect();
    found.sort();
    let mut wanted = ADMIN_COMMANDS.map(str::to_owned);
    wanted.sort();
    assert_eq!(found, wanted);
}
