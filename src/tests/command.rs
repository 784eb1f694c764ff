//! The real binary, as a person starts it. A target of its own, because only such a target is given the binary.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than the tour takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A started binary that does not outlive its test.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // It has ended already, if all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the tour with its temporary folder in `folder`.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn start(folder: &std::path::Path, arguments: &[&str]) -> Started {
    let child = Command::new(env!("CARGO_BIN_EXE_kiosk"))
        .arg("demo")
        .args(arguments)
        .env("TMPDIR", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Started(child)
}

#[expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a helper of tests that waits for a process")]
fn ended(started: &mut Started) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = started.0.try_wait().unwrap() {
            return status;
        }
        assert!(start.elapsed() < PATIENCE, "the tour does not end");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_tour_ends_well_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut tour = start(folder.path(), &[]);
    let mut told = String::new();
    tour.0.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    let status = ended(&mut tour);
    assert!(status.success(), "{status}: {told}");
    for words in ["Codes sold: 5", "pressed twice, bought once", "Seen, confirming", "Tour passed."] {
        assert!(told.contains(words), "{words:?} was not told: {told}");
    }
    assert!(!told.contains('\u{1b}'), "colours where no terminal is");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "files are left behind");
}

#[cfg(unix)]
#[test]
fn who_stays_can_go_on_until_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut tour = start(folder.path(), &["--stay"]);
    let mut lines = BufReader::new(tour.0.stdout.take().unwrap()).lines();
    let mut until = |words: &str| {
        let found = lines.by_ref().map(Result::unwrap).find(|line| line.contains(words));
        found.unwrap_or_else(|| panic!("{words:?} was not told"))
    };
    until("keeps running");
    until("/health");
    let mut typed = tour.0.stdin.take().unwrap();
    writeln!(typed, "bo: /orders").unwrap();
    until("delivered");
    writeln!(typed, "mei: @steam").unwrap();
    until("Steam Wallet 10 USD");
    let stopped = Command::new("kill").args(["-TERM", &tour.0.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert!(ended(&mut tour).success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "files are left behind");
}
