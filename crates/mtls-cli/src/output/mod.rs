//! What people and programs read: text and tables, or JSON; sentences for what failed; exit codes.

mod failure;
mod fields;
mod plain;
mod progress;
mod table;

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

pub(crate) use base16ct::lower::encode_string as hex;
pub(crate) use failure::exit_code;
pub(crate) use fields::Fields;
pub(crate) use pki_console::moment::{date, moment, remaining};
pub(crate) use plain::printable;
pub(crate) use progress::{Counter, waiting};
pub(crate) use table::table;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// As asked. Exit code 0.
    Done,
    /// It found what it looks for, or refused. Exit code 1.
    Found,
}

impl Outcome {
    /// [`Found`](Self::Found) if something was.
    pub(crate) fn found(something: bool) -> Self {
        if something { Self::Found } else { Self::Done }
    }
}

/// Standard output.
pub(crate) struct Output {
    json: bool,
    colour: bool,
}

/// A colour of the terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Good,
    Warning,
    Bad,
    Faint,
}

impl Output {
    /// Colours on a terminal alone, and not where `NO_COLOR` is set (no-color.org).
    pub(crate) fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            json,
            colour: wanted && io::stdout().is_terminal(),
        }
    }

    /// Whether programs read it.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints one value as JSON, whatever was asked for.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        let mut text = printable(&text);
        text.push('\n');
        self.bytes(text.as_bytes())
    }

    /// Prints a list: as JSON, as a table, or as the sentence `none` where it is empty.
    pub(crate) fn list<T: Serialize>(
        &mut self,
        items: &[T],
        none: &str,
        table: impl FnOnce(&[T]) -> String,
    ) -> io::Result<()> {
        if self.json {
            self.json(&items)
        } else if items.is_empty() {
            self.line(none)
        } else {
            self.line(table(items))
        }
    }

    /// A line for people. Nothing where programs read.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", text.as_ref()).map_err(not_printed)
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        written.map_err(not_printed)
    }

    /// `text` in a colour, on a terminal.
    pub(crate) fn paint(&self, tone: Tone, text: impl std::fmt::Display) -> String {
        if !self.colour {
            return text.to_string();
        }
        let code = match tone {
            Tone::Good => 32,
            Tone::Warning => 33,
            Tone::Bad => 31,
            Tone::Faint => 2,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Of the same kind: a closed pipe is no failure.
fn not_printed(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("it cannot be printed: {error}"))
}

/// A line on stderr for people, which says what happens or what to look after.
pub(crate) fn note(text: impl std::fmt::Display) {
    // Nobody is left to be told where stderr is closed.
    let _ = writeln!(io::stderr().lock(), "{}", plain::plain(&text.to_string()));
}
