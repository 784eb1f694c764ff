//! The teller: prints the conversation as it happens, and waits for what must happen next.
//!
//! Printing and waiting are one thing here, so that what is printed is in the order in which it happened and no
//! step is announced before the one before it was shown.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::demo::telegram::{Action, BOT_NAME, Event, InlineAnswer, Seen};
use crate::world::World;

/// Longer than any step may take: the slowest waits for the shop's next look at a payment.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition is looked at that no event announces.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How wide a heading is.
const WIDTH: usize = 78;

/// How a stretch of text is coloured, where colours are wanted.
#[derive(Debug, Clone, Copy)]
enum Ink {
    Heading,
    Person,
    Shop,
    Faint,
    Good,
}

/// Tells the tour in the terminal.
#[derive(Debug)]
pub(super) struct Teller {
    world: World,
    colour: bool,
    events: Option<Receiver<Event>>,
    names: HashMap<i64, String>,
    chapters: usize,
}

impl Teller {
    pub(super) fn new(world: World, colour: bool) -> Self {
        Self { world, colour, events: None, names: HashMap::new(), chapters: 0 }
    }

    /// From now on tells what happens.
    pub(super) fn listen(&mut self, events: Receiver<Event>) {
        self.events = Some(events);
    }

    /// Who or what a chat is.
    pub(super) fn name(&mut self, chat: i64, name: &str) {
        self.names.insert(chat, name.to_owned());
    }

    fn name_of(&self, chat: i64) -> &str {
        self.names.get(&chat).map_or("somebody", String::as_str)
    }

    fn inked(&self, ink: Ink, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Heading => "1;35",
            Ink::Person => "1;36",
            Ink::Shop => "1;33",
            Ink::Faint => "2",
            Ink::Good => "32",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Begins a chapter.
    pub(super) fn chapter(&mut self, title: &str) {
        self.drain();
        self.chapters = self.chapters.saturating_add(1);
        let line = format!("── {}. {title} ", self.chapters);
        let rest = "─".repeat(WIDTH.saturating_sub(line.chars().count()));
        say(&format!("\n{}", self.inked(Ink::Heading, &format!("{line}{rest}"))));
    }

    /// Says something in the guide's own voice.
    pub(super) fn note(&mut self, text: &str) {
        self.drain();
        say(&self.inked(Ink::Faint, &format!("   {text}")));
    }

    /// Says that something was verified.
    pub(super) fn proved(&mut self, text: &str) {
        self.drain();
        say(&self.inked(Ink::Good, &format!("   ✓ {text}")));
    }

    /// Shows what an inline query was offered.
    pub(super) fn offered(&mut self, user: i64, answer: &InlineAnswer) {
        self.drain();
        self.head(&format!("offers {}", self.name_of(user)));
        for result in &answer.results {
            say(&format!("   │ {}  ·  {}", result.title, result.description));
        }
    }

    /// Waits until `found` finds something, telling what happens meanwhile.
    pub(super) async fn until<T>(&mut self, what: &str, found: impl Fn() -> Option<T>) -> Result<T> {
        let start = self.world.now();
        loop {
            self.drain();
            if let Some(found) = found() {
                // What was found was announced before it could be found.
                self.drain();
                return Ok(found);
            }
            if self.world.now().since(start) > PATIENCE {
                bail!("this did not happen within {} seconds: {what}", PATIENCE.as_secs());
            }
            match self.next(LOOK_EVERY).await {
                Next::Event(event) => self.tell(&event),
                Next::Nothing => {}
                Next::Over => bail!("the stand-in for Telegram ended"),
            }
        }
    }

    /// Tells what happens for as long as it is polled.
    pub(super) async fn go_on(&mut self) {
        loop {
            match self.next(PATIENCE).await {
                Next::Event(event) => self.tell(&event),
                Next::Nothing => {}
                Next::Over => return,
            }
        }
    }

    async fn next(&mut self, wait: Duration) -> Next {
        let Some(events) = self.events.as_mut() else {
            self.world.clock.sleep(wait).await;
            return Next::Nothing;
        };
        match tokio::time::timeout(wait, events.recv()).await {
            Ok(Ok(event)) => Next::Event(event),
            Ok(Err(RecvError::Closed)) => Next::Over,
            Ok(Err(RecvError::Lagged(_))) | Err(_) => Next::Nothing,
        }
    }

    fn drain(&mut self) {
        while let Some(event) = self.events.as_mut().and_then(|events| events.try_recv().ok()) {
            self.tell(&event);
        }
    }

    fn tell(&self, event: &Event) {
        match event {
            Event::Said(seen) if seen.via_bot => {
                let (from, chat) = (self.name_of(seen.from), self.name_of(seen.chat));
                let from = self.inked(Ink::Person, from);
                say(&format!("\n   {from} posts what was chosen to {chat}:"));
                self.message(seen);
            }
            Event::Said(seen) => {
                let from = self.inked(Ink::Person, self.name_of(seen.from));
                let to = if seen.chat == seen.from { "" } else { self.name_of(seen.chat) };
                let to = if to.is_empty() { String::new() } else { format!(" (in {to})") };
                say(&format!("\n   {from}{to}: {}", seen.text));
            }
            Event::Pressed { user, label, .. } => {
                say(&format!("\n   {} presses [{label}]", self.inked(Ink::Person, self.name_of(*user))));
            }
            Event::Asked { user, query } => {
                let user = self.inked(Ink::Person, self.name_of(*user));
                say(&format!("\n   {user} types: @{BOT_NAME} {query}"));
            }
            Event::Sent(seen) => {
                self.head(&format!("to {}", self.name_of(seen.chat)));
                self.message(seen);
            }
            Event::Edited(seen) => {
                self.head(&format!("changes the message to {}", self.name_of(seen.chat)));
                self.message(seen);
            }
            Event::Deleted { chat, .. } => self.head(&format!("deletes a message to {}", self.name_of(*chat))),
            Event::Toasted { toast, .. } if !toast.text.is_empty() => {
                self.head(&format!("answers the press: {}", toast.text));
            }
            Event::Toasted { .. } | Event::Offered { .. } | Event::Busy { .. } => {}
        }
    }

    fn head(&self, what: &str) {
        say(&format!("   {} {what}", self.inked(Ink::Shop, "Kiosk")));
    }

    /// A message as a person sees it: its text, what is special about it, its buttons.
    fn message(&self, seen: &Seen) {
        if let Some(photo) = &seen.photo {
            say(&format!("   │ {}", self.inked(Ink::Faint, &format!("(picture, {} bytes)", photo.bytes.len()))));
        }
        if let Some(file) = &seen.document {
            let file = format!("(file {}, {} bytes)", file.name, file.bytes.len());
            say(&format!("   │ {}", self.inked(Ink::Faint, &file)));
        }
        for line in seen.text.lines() {
            say(&format!("   │ {line}"));
        }
        let has = |kind: &str| seen.formatted.entities.iter().any(|entity| entity.kind == kind);
        let marks = [
            (has("spoiler"), "under a spoiler until tapped"),
            (has("code"), "tap to copy"),
            (seen.protect_content, "protected from forwarding"),
        ];
        let marks: Vec<&str> = marks.into_iter().filter_map(|(set, mark)| set.then_some(mark)).collect();
        if seen.protect_content && !marks.is_empty() {
            say(&format!("   │ {}", self.inked(Ink::Faint, &format!("({})", marks.join(", ")))));
        }
        for row in &seen.buttons {
            let row: Vec<String> = row
                .iter()
                .map(|button| match &button.action {
                    Action::Url(url) => format!("[{} → {url}]", button.label),
                    _ => format!("[{}]", button.label),
                })
                .collect();
            say(&format!("   │ {}", row.join(" ")));
        }
    }
}

enum Next {
    Event(Event),
    Nothing,
    Over,
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "the tour is told in the terminal")]
pub(super) fn say(text: &str) {
    println!("{text}");
}
