//! Rust as the rules read it: line by line, without comments and texts, knowing what is a test.
//!
//! This is no parser. It knows enough of the language to leave out what is not code and to match braces.

/// One line.
pub(super) struct Line {
    /// Counted from one.
    pub(super) number: usize,
    /// What is left of it: texts and comments are blanks.
    pub(super) code: String,
    /// Whether it stands under `#[cfg(test)]`.
    pub(super) in_test: bool,
}

impl Line {
    pub(super) fn is_code(&self) -> bool {
        !self.code.trim().is_empty()
    }
}

/// One source file.
pub(super) struct File {
    /// From the root of the repository, `src/order/state.rs`.
    pub(super) path: String,
    pub(super) lines: Vec<Line>,
}

impl File {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = without_texts(text);
        let mut lines: Vec<Line> = (1..)
            .zip(code.lines())
            .map(|(number, code)| Line { number, code: code.to_owned(), in_test: false })
            .collect();
        mark_tests(&mut lines);
        Self { path: path.to_owned(), lines }
    }

    /// The parts of its module's path: `order`, `state`.
    pub(super) fn modules(&self) -> Vec<&str> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        path.strip_suffix(".rs").unwrap_or(path).split('/').collect()
    }

    /// The module of the top level it belongs to.
    pub(super) fn module(&self) -> &str {
        self.modules().first().copied().unwrap_or_default()
    }

    /// Whether the whole file is a test, or the script tests play their upstream from.
    pub(super) fn is_test(&self) -> bool {
        self.modules().contains(&"tests") || self.modules().last() == Some(&"script")
    }

    /// The functions outside tests: line, name, lines of code between the braces.
    pub(super) fn functions(&self) -> Vec<(usize, String, usize)> {
        let mut functions = Vec::new();
        for (start, line) in self.lines.iter().enumerate().filter(|(_, line)| !line.in_test) {
            let mut words = words(&line.code).skip_while(|word| *word != "fn").skip(1);
            let (Some(name), Some(end)) = (words.next(), self.end_of_block(start)) else { continue };
            let body = self.lines.get(start..end).unwrap_or_default();
            // Up to the opening brace it is the signature.
            let open = body.iter().position(|line| line.code.contains('{')).unwrap_or(0);
            let lines = body.iter().skip(open.saturating_add(1)).filter(|line| line.is_code()).count();
            functions.push((line.number, name.to_owned(), lines));
        }
        functions
    }

    /// The place of the line that closes the first block opened on or after a line; none if a semicolon
    /// comes first.
    fn end_of_block(&self, start: usize) -> Option<usize> {
        end_of_block(&self.lines, start)
    }
}

fn end_of_block(lines: &[Line], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    // A semicolon inside brackets, as in an array's type, ends nothing.
    let mut brackets = 0_usize;
    for (place, line) in lines.iter().enumerate().skip(start) {
        for c in line.code.chars() {
            match c {
                '(' | '[' => brackets = brackets.saturating_add(1),
                ')' | ']' => brackets = brackets.saturating_sub(1),
                '{' => depth = depth.saturating_add(1),
                '}' if depth <= 1 => return (depth == 1).then_some(place),
                '}' => depth = depth.saturating_sub(1),
                ';' if depth == 0 && brackets == 0 => return None,
                _ => {}
            }
        }
    }
    None
}

fn mark_tests(lines: &mut [Line]) {
    let starts: Vec<usize> = (0..).zip(lines.iter()).filter(|(_, line)| is_test_mark(line)).map(|(at, _)| at).collect();
    for start in starts {
        let end = end_of_block(lines, start).unwrap_or(start);
        for line in lines.iter_mut().take(end.saturating_add(1)).skip(start) {
            line.in_test = true;
        }
    }
}

fn is_test_mark(line: &Line) -> bool {
    line.code.contains("#[cfg(test)]") || line.code.contains("#[cfg(all(test,")
}

/// The words of a line of code.
pub(super) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// Whether a word stands in a line of code.
pub(super) fn has_word(code: &str, word: &str) -> bool {
    words(code).any(|other| other == word)
}

/// The text with every comment and every text blanked, line for line.
fn without_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word_before = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            end_of_comment(rest)
        } else if c == '"' {
            end_of_text(rest)
        } else if !word_before && (c == 'r' || rest.starts_with("br")) {
            end_of_raw_text(rest).unwrap_or(0)
        } else if c == '\'' {
            end_of_character(rest).unwrap_or(0)
        } else {
            0
        };
        let (blank, after) = rest.split_at(if skipped == 0 { c.len_utf8() } else { skipped });
        if skipped == 0 {
            code.push(c);
        } else {
            // A text stays something, so that a line that only holds one is a line of code.
            code.push_str(if blank.starts_with('/') { " " } else { "_" });
            code.extend(blank.chars().filter(|c| *c == '\n'));
        }
        rest = after;
    }
    code
}

fn end_of_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut end = 0;
    while let Some(rest) = text.get(end..).filter(|rest| !rest.is_empty()) {
        let step = if rest.starts_with("/*") {
            depth = depth.saturating_add(1);
            2
        } else if rest.starts_with("*/") {
            depth = depth.saturating_sub(1);
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        end = end.saturating_add(step);
        if depth == 0 {
            break;
        }
    }
    end
}

fn end_of_text(text: &str) -> usize {
    let mut escaped = true;
    for (place, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place.saturating_add(1),
            _ => {}
        }
    }
    text.len()
}

fn end_of_raw_text(text: &str) -> Option<usize> {
    let start = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let quoted = start.trim_start_matches('#');
    let marks = start.len().checked_sub(quoted.len())?;
    let body = quoted.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(marks));
    let length = body.find(&end)?;
    let before = text.len().checked_sub(body.len())?;
    Some(before.saturating_add(length).saturating_add(end.len()))
}

/// A character in quotes; a lifetime is none.
fn end_of_character(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    let end = if let Some(escape) = body.strip_prefix('\\') {
        let first = escape.chars().next()?.len_utf8();
        let close = escape.get(first..)?.find('\'')?;
        first.saturating_add(close).saturating_add(1)
    } else {
        let first = body.chars().next()?.len_utf8();
        body.get(first..)?.starts_with('\'').then_some(first)?
    };
    Some(end.saturating_add(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_left_out() {
        for (text, code) in [
            ("a // b", "a  "),
            ("a /* b /* c */ d */ e", "a   e"),
            ("f(\"a\\\"b\", x)", "f(_, x)"),
            ("r#\"a\" b\"# c", "_ c"),
            ("br\"a\" for b", "_ for b"),
            ("'a' '\\'' '\\u{1f}' 'x: &'a str '\"'", "_ _ _ 'x: &'a str _"),
            ("\"a\nb\" c", "_\n c"),
            ("var\"x\"", "var_"),
        ] {
            assert_eq!(without_texts(text), code, "{text}");
        }
    }

    #[test]
    fn tests_and_functions_are_known() {
        let text = "fn a() -> [u8; 2] {\n  x();\n}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c();\n#[cfg(test)]\nmod t;\nfn d(\n  x: u8,\n) {\n  y()\n}\n";
        let file = File::new("src/a.rs", text);
        let tests: Vec<usize> = file.lines.iter().filter(|line| line.in_test).map(|line| line.number).collect();
        assert_eq!(tests, [4, 5, 6, 7, 9]);
        assert_eq!(file.functions(), [(1, "a".to_owned(), 1), (11, "d".to_owned(), 1)]);
    }
}
