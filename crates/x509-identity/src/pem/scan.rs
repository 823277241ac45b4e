//! Finding the sections of a text.
//!
//! Markers are looked for everywhere, not at the beginning of lines alone: files are joined without
//! a line break, indented in YAML, and written into one line.

use std::ops::Range;

use der::{Reader as _, SliceReader};

use super::{Label, PemError};

/// One section.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) label: Label,
    pub(super) line: usize,
    /// Everything between its markers.
    pub(super) body: Range<usize>,
}

/// A `-----BEGIN LABEL-----` or `-----END LABEL-----`.
struct Marker<'t> {
    begins: bool,
    label: &'t str,
    /// From its first dash to after its last.
    at: Range<usize>,
}

pub(super) fn spans(text: &[u8]) -> Result<Vec<Span>, PemError> {
    let mut lines = Lines {
        text,
        at: 0,
        line: 1,
    };
    let mut spans = Vec::new();
    let mut open: Option<(Marker<'_>, usize)> = None;
    let mut from = 0;
    while let Some((at, word)) = next_word(text, from) {
        let line = lines.of(at);
        let marker = match marker(text, from, at, word) {
            Found::Marker(marker) => marker,
            Found::Text => {
                from = at + word.len();
                continue;
            }
            Found::Damaged => return Err(PemError::Marker { line, which: word }),
        };
        from = marker.at.end;
        open = match (open, marker.begins) {
            (None, true) => Some((marker, line)),
            (Some((begin, line)), false) => {
                spans.push(span(&begin, &marker, line)?);
                if begins_with_der(&text[from..]) {
                    let line = lines.of(from);
                    return Err(PemError::Der { line });
                }
                None
            }
            (None, false) => {
                let label = shown(marker.label);
                return Err(PemError::Unopened { line, label });
            }
            (Some((begin, line)), true) => {
                let label = shown(begin.label);
                return Err(PemError::Unclosed { line, label });
            }
        };
    }
    match open {
        None => Ok(spans),
        Some((begin, line)) => Err(PemError::Unclosed {
            line,
            label: shown(begin.label),
        }),
    }
}

fn span(begin: &Marker<'_>, end: &Marker<'_>, line: usize) -> Result<Span, PemError> {
    if begin.label != end.label {
        return Err(PemError::Mismatch {
            line,
            begin: shown(begin.label),
            end: shown(end.label),
        });
    }
    let label = Label::of(begin.label).ok_or_else(|| PemError::Label {
        line,
        label: shown(begin.label),
    })?;
    Ok(Span {
        label,
        line,
        body: begin.at.end..end.at.start,
    })
}

const DASHES: &[u8] = b"-----";
const BEGIN: &str = "BEGIN";
const END: &str = "END";
/// The longest label that is known has 22 characters.
const LONGEST_LABEL: usize = 64;

/// Whether a certificate or CRL in DER follows, of which a longer text says nothing.
fn begins_with_der(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    // A length in the long form is no ASCII, and all of it has to be there.
    matches!(text, [0x30, 0x81..=0x84, ..])
        && SliceReader::new(text).is_ok_and(|mut reader| reader.tlv_bytes().is_ok())
}

/// The next `BEGIN` or `END` right behind a dash, in capitals or not.
fn next_word(text: &[u8], from: usize) -> Option<(usize, &'static str)> {
    let mut from = from;
    loop {
        // Both words have one `N`.
        let is_n = |byte: &u8| matches!(byte, b'N' | b'n');
        let at = from + text.get(from..)?.iter().position(is_n)?;
        let is = |start: Option<usize>, word: &str| {
            let found = start.and_then(|start| text.get(start..start + word.len()));
            found.is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
        };
        let word = if is(at.checked_sub(4), BEGIN) {
            Some((at - 4, BEGIN))
        } else if is(at.checked_sub(1), END) {
            Some((at - 1, END))
        } else {
            None
        };
        match word {
            Some((start, word)) if dashes_before(text, start) != Dashes::None => {
                return Some((start, word));
            }
            _ => from = at + 1,
        }
    }
}

#[derive(Debug, PartialEq)]
enum Dashes {
    None,
    /// Five or more, as RFC 7468 section 3 has them.
    Five,
    /// Fewer, or those of a word processor.
    Odd,
}

fn dashes_before(text: &[u8], at: usize) -> Dashes {
    let before = &text[..at];
    let ascii = before.iter().rev().take_while(|byte| **byte == b'-');
    match ascii.take(DASHES.len()).count() {
        5.. => Dashes::Five,
        2.. => Dashes::Odd,
        // A word processor makes one dash of two hyphens, and may leave the fifth.
        few if ends_with_wide_dash(&before[..before.len() - few]) => Dashes::Odd,
        // One hyphen is that of a compound word.
        _ => Dashes::None,
    }
}

/// U+2010 to U+2015, and the minus sign U+2212.
fn ends_with_wide_dash(text: &[u8]) -> bool {
    matches!(text, [.., 0xe2, 0x80, 0x90..=0x95] | [.., 0xe2, 0x88, 0x92])
}

enum Found<'t> {
    Marker(Marker<'t>),
    /// Something that happens to have the word in it.
    Text,
    Damaged,
}

/// What stands around the `word` at `at`; nothing before `from` belongs to it.
fn marker<'t>(text: &'t [u8], from: usize, at: usize, word: &'static str) -> Found<'t> {
    let behind = &text[at + word.len()..];
    let five = dashes_before(text, at) == Dashes::Five;
    // Five dashes that end one marker do not begin the next as well.
    let own = dashes_before(&text[from..], at - from) == Dashes::Five;
    let line = &behind[..behind.len().min(LONGEST_LABEL + DASHES.len())];
    if !text[at..].starts_with(word.as_bytes()) {
        return if own { small(line) } else { Found::Text };
    }
    let dashes = line.windows(DASHES.len()).position(|five| five == DASHES);
    if own
        && let Some(end) = dashes
        && let Some(label) = label(&line[..end])
    {
        return Found::Marker(Marker {
            begins: word == BEGIN,
            label,
            at: at - DASHES.len()..at + word.len() + end + DASHES.len(),
        });
    }
    if five {
        return Found::Damaged;
    }
    // With odd dashes it is a marker only if what it marks is known.
    let end = (0..line.len()).find(|end| {
        line[*end] == b'-' || line[*end] == b'\n' || ends_with_wide_dash(&line[..=*end])
    });
    let known = line[..end.unwrap_or(line.len())].trim_ascii();
    let known = known
        .strip_suffix(&[0xe2, 0x80])
        .or(known.strip_suffix(&[0xe2, 0x88]))
        .unwrap_or(known);
    match str::from_utf8(known.trim_ascii()).ok().and_then(Label::of) {
        Some(_) => Found::Damaged,
        None => Found::Text,
    }
}

/// `begin` or `End`, which is a marker only if what it marks is known: people write the words, too.
fn small<'t>(behind: &[u8]) -> Found<'t> {
    let end = behind.iter().position(|byte| matches!(byte, b'-' | b'\n'));
    let label = str::from_utf8(&behind[..end.unwrap_or(behind.len())]);
    let label = label.map(|label| label.trim().to_ascii_uppercase());
    match label.ok().as_deref().and_then(Label::of) {
        Some(_) => Found::Damaged,
        None => Found::Text,
    }
}

/// ` LABEL`, in the characters of RFC 7468 section 3.
fn label(text: &[u8]) -> Option<&str> {
    let label = str::from_utf8(text.strip_prefix(b" ")?).ok()?.trim_ascii();
    let fits = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    (!label.is_empty() && label.bytes().all(fits)).then_some(label)
}

/// A label for an error, which a file must not make long.
fn shown(label: &str) -> String {
    label.chars().take(40).collect()
}

/// Counts lines as editors do: LF, CR LF and CR end one.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of a position that is not before the last one asked for.
    fn of(&mut self, position: usize) -> usize {
        let passed = self.text.get(self.at..position).unwrap_or_default();
        let ends = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line += ends + self.lone_returns(passed);
        self.at = self.at.max(position);
        self.line
    }

    /// How many CRs, of what comes next, have no LF behind them.
    fn lone_returns(&self, passed: &[u8]) -> usize {
        // Few files have any.
        if !passed.contains(&b'\r') {
            return 0;
        }
        let is_lone = |(at, byte): &(usize, &u8)| {
            **byte == b'\r' && self.text.get(self.at + at + 1) != Some(&b'\n')
        };
        passed.iter().enumerate().filter(is_lone).count()
    }
}
