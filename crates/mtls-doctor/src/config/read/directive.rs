//! Directives with blocks: what nginx, Caddy, Apache and HAProxy have in common.

use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A directive, and what is in its block.
#[derive(Clone, Debug)]
pub(crate) struct Directive {
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) children: Vec<Directive>,
    pub(crate) at: Line,
}

/// A line of a file, counted from 1.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) file: Rc<PathBuf>,
    pub(crate) number: usize,
}

impl Line {
    pub(crate) fn new(file: &Path, number: usize) -> Self {
        Self {
            file: Rc::new(file.to_owned()),
            number,
        }
    }

    pub(crate) fn numbered(&self, number: usize) -> Self {
        Self {
            file: Rc::clone(&self.file),
            number,
        }
    }

    /// `nginx.conf:35`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.number)
    }
}

impl Directive {
    pub(crate) fn new(words: Vec<String>, at: Line) -> Option<Self> {
        let mut words = words.into_iter();
        Some(Self {
            name: words.next()?,
            arguments: words.collect(),
            children: Vec::new(),
            at,
        })
    }

    pub(crate) fn argument(&self) -> Option<&str> {
        self.arguments.first().map(String::as_str)
    }

    /// Whether it is called so; none of these servers but nginx and Caddy looks at the case.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The same with these words replaced wherever they stand.
    pub(crate) fn with(&self, words: &[(&str, &str)]) -> Self {
        let replaced = |text: &String| {
            let all = words.iter().filter(|(name, _)| !name.is_empty());
            all.fold(text.clone(), |text, (name, value)| {
                let grown = text.matches(name).count() * value.len() + text.len();
                match grown <= MAX_WORD {
                    true => text.replace(name, value),
                    false => text,
                }
            })
        };
        Self {
            name: replaced(&self.name),
            arguments: self.arguments.iter().map(replaced).collect(),
            children: self
                .children
                .iter()
                .map(|child| child.with(words))
                .collect(),
            at: self.at.clone(),
        }
    }

    /// How many directives it is, with all that are in it.
    pub(crate) fn size(&self) -> usize {
        1 + self.children.iter().map(Self::size).sum::<usize>()
    }

    /// The last directive of this name in the block: it is the one that counts.
    pub(crate) fn child(&self, name: &str) -> Option<&Directive> {
        last(&self.children, name)
    }
}

/// The last directive of this name.
pub(crate) fn last<'a>(directives: &'a [Directive], name: &str) -> Option<&'a Directive> {
    directives.iter().rev().find(|one| one.is(name))
}

/// A word, or a mark that ends a directive or its block.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Token {
    Word(String),
    Open,
    Close,
    Semicolon,
    Newline,
}

/// The words of a text, each with its line. Quotes of both kinds and a backslash keep what ends a word; `#` at the
/// beginning of a word is a comment, or with `#` among the `marks` at the beginning of a line alone. `{`, `}` and `;` are
/// words where `marks` says that they are not marks.
pub(crate) fn tokens(text: &str, marks: &str) -> Vec<(Token, usize)> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    let mut line = 1;
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => {
                tokens.push((Token::Newline, line));
                line += 1;
            }
            '#' if marks.contains('#') && matches!(tokens.last(), Some((Token::Word(_), _))) => {
                let rest = std::iter::from_fn(|| letters.next_if(|next| *next != '\n'));
                tokens.push((Token::Word(format!("#{}", rest.collect::<String>())), line));
            }
            '#' => while letters.next_if(|next| *next != '\n').is_some() {},
            letter if letter.is_whitespace() => {}
            '\\' if letters.next_if_eq(&'\n').is_some() => line += 1,
            '\\' if letters.peek() == Some(&'\r') => {}
            // Caddy's blocks open at the end of a line; `{x}` is a placeholder.
            '{' if marks.contains(';')
                || marks.contains('{')
                    && letters.peek().is_none_or(|next| next.is_whitespace()) =>
            {
                tokens.push((Token::Open, line));
            }
            '}' if marks.contains('}') => tokens.push((Token::Close, line)),
            ';' if marks.contains(';') => tokens.push((Token::Semicolon, line)),
            first => {
                let begin = line;
                let mut word = String::new();
                let mut quote = None;
                // A variable with braces is a part of its word.
                let mut variable = 0usize;
                let mut next = Some(first);
                while let Some(letter) = next {
                    match (letter, quote) {
                        ('\\', _) => match letters.next() {
                            Some('\n') => line += 1,
                            Some(escaped @ ('"' | '\'' | '\\' | ' ' | ';' | '{' | '}' | '#')) => {
                                word.push(escaped)
                            }
                            Some(other) => word.extend(['\\', other]),
                            None => {}
                        },
                        (letter, Some(open)) if letter == open => quote = None,
                        ('"' | '\'', None) => quote = Some(letter),
                        (letter, _) => {
                            line += usize::from(letter == '\n');
                            variable += usize::from(letter == '{');
                            variable = variable.saturating_sub(usize::from(letter == '}'));
                            word.push(letter);
                        }
                    }
                    let is_mark = |next: char| match next {
                        '{' => !word.ends_with('$'),
                        other => matches!(other, ';' | '}'),
                    };
                    let goes_on = |next: char| match (quote, variable) {
                        (Some(_), _) => true,
                        (None, 1..) if next != '\n' => true,
                        _ if next.is_whitespace() => false,
                        _ => !marks.contains(';') || !is_mark(next),
                    };
                    next = letters.next_if(|next| goes_on(*next));
                }
                tokens.push((Token::Word(word), begin));
            }
        }
    }
    tokens.push((Token::Newline, line));
    tokens
}

/// Directives that a mark ends, and blocks in braces; blocks deeper than any server has are cut off.
pub(crate) fn tree(tokens: Vec<(Token, usize)>, end: &Token, at: &Line) -> Vec<Directive> {
    let mut stack: Vec<Directive> = Vec::new();
    let mut top: Vec<Directive> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut begin = 0;
    let mut skipped = 0usize;
    for (token, line) in tokens {
        let is_end = token == *end;
        match token {
            Token::Word(word) => {
                if words.is_empty() {
                    begin = line;
                }
                words.push(word);
            }
            Token::Open if stack.len() >= MAX_DEPTH => skipped += 1,
            Token::Open => {
                let words = std::mem::take(&mut words);
                let words = if words.is_empty() {
                    vec![String::new()]
                } else {
                    words
                };
                stack.extend(Directive::new(words, at.numbered(begin.max(1))));
            }
            Token::Close if skipped > 0 => skipped -= 1,
            Token::Close => {
                let last = Directive::new(std::mem::take(&mut words), at.numbered(begin));
                if let Some(mut closed) = stack.pop() {
                    closed.children.extend(last);
                    match stack.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None => top.push(closed),
                    }
                }
            }
            _ if is_end => {
                let done = Directive::new(std::mem::take(&mut words), at.numbered(begin));
                match stack.last_mut() {
                    Some(parent) => parent.children.extend(done),
                    None => top.extend(done),
                }
            }
            _ => {}
        }
    }
    while let Some(open) = stack.pop() {
        match stack.last_mut() {
            Some(parent) => parent.children.push(open),
            None => top.push(open),
        }
    }
    top
}

const MAX_DEPTH: usize = 32;
/// No path or list of cipher suites is longer.
const MAX_WORD: usize = 4096;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn words(text: &str, marks: &str) -> Vec<String> {
        let words = tokens(text, marks)
            .into_iter()
            .filter_map(|(token, _)| match token {
                Token::Word(word) => Some(word),
                _ => None,
            });
        words.collect()
    }

    #[test]
    fn words_are_as_each_server_reads_them() {
        assert_eq!(
            words("a 'b c' \"d\\\"e\" f\\ g # h", ""),
            ["a", "b c", "d\"e", "f g"]
        );
        assert_eq!(
            words("return 200 \"x;{}\";", "{};"),
            ["return", "200", "x;{}"]
        );
        assert_eq!(words("set $x ${y}z;", "{};"), ["set", "$x", "${y}z"]);
        assert_eq!(
            words("https://a:{$PORT:8443} {", "{}"),
            ["https://a:{$PORT:8443}"]
        );
        assert_eq!(words("a \\\n b", ""), ["a", "b"]);
        assert_eq!(words("# x\na b # it's\nc", "#"), ["a", "b", "# it's", "c"]);
    }

    #[test]
    fn blocks_nest_and_know_their_lines() {
        let at = Line::new(Path::new("x"), 1);
        let found = tree(
            tokens("a 1;\nb {\n c 2 3;\n d { e; }\n}\n", "{};"),
            &Token::Semicolon,
            &at,
        );
        assert_eq!(found.len(), 2);
        let block = &found[1];
        assert_eq!(
            (block.name.as_str(), block.at.number, block.children.len()),
            ("b", 2, 2)
        );
        assert_eq!(block.child("c").unwrap().arguments, ["2", "3"]);
        assert_eq!(block.child("d").unwrap().children[0].name, "e");
    }

    #[test]
    fn a_block_that_never_ends_or_is_too_deep_is_no_panic() {
        let at = Line::new(Path::new("x"), 1);
        let deep = "a {".repeat(1000) + &"}".repeat(2000);
        assert!(tree(tokens(&deep, "{};"), &Token::Semicolon, &at).len() <= 1);
        assert_eq!(
            tree(tokens("a { b", "{};"), &Token::Semicolon, &at).len(),
            1
        );
    }
}
