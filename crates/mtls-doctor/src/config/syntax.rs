//! What keeps a configuration from being read at all: a byte order mark, a brace or semicolon that is missing, text that
//! is not YAML.

use std::path::Path;

use super::edit;
use super::read::directive::{Line, Token, tokens};
use super::read::{is_json, yaml};
use super::settings::Server;
use crate::files::shell;
use crate::finding::Finding;

/// The first such fault.
pub(super) fn check(server: Server, path: &Path, text: &str) -> Option<Finding> {
    let at = Line::new(path, 1);
    if text.starts_with('\u{feff}') && !matches!(server, Server::Caddy | Server::Envoy) {
        return Some(byte_order_mark(server, &at));
    }
    match server {
        Server::Nginx if text.contains("_lua_block") => None,
        Server::Nginx => Fault::of_nginx(text).map(|fault| fault.finding(server, &at, text)),
        Server::Caddy if is_json(text) => {
            let (line, said) = yaml::fault(text)?;
            let what = format!("The file is not JSON: {said}.");
            Some(
                Finding::error("config-syntax", at.numbered(line).place(), what)
                    .why("Caddy does not start: `invalid character`, `unexpected end of JSON input`.")
                    .step("Close what is open there, and write a comma between the parts of an object or list."),
            )
        }
        Server::Caddy => Fault::of_braces(text).map(|fault| fault.finding(server, &at, text)),
        Server::Apache => Fault::of_sections(text).map(|fault| fault.finding(server, &at, text)),
        Server::Envoy => {
            let (line, said) = yaml::fault(text)?;
            let blanks = |line: &str| {
                line.chars()
                    .take_while(|letter| letter.is_whitespace())
                    .any(|letter| letter == '\t')
            };
            let (line, said) = match text.lines().position(blanks) {
                Some(index) => (index + 1, "a tab indents this line".to_owned()),
                None => (line, said),
            };
            let what = format!("The file is not YAML: {said}.");
            Some(
                Finding::error("config-syntax", at.numbered(line).place(), what)
                    .why("Envoy does not start: `Unable to parse file`.")
                    .step("Indent by blanks alone, what belongs together by as many of them."),
            )
        }
        Server::HaProxy => None,
    }
}

fn byte_order_mark(server: Server, at: &Line) -> Finding {
    let what =
        "The file begins with a byte order mark (EF BB BF), which belongs to its first word then.";
    Finding::error("config-byte-order-mark", at.place(), what)
        .why(format!(
            "{} does not start: nginx `unknown directive`, Apache `Invalid command`, HAProxy `unknown keyword`. Notepad and \
             PowerShell write it.",
            server.name()
        ))
        .command(format!(
            r"sed -i '1s/^\xEF\xBB\xBF//' {}",
            shell::path(&at.file)
        ))
}

/// What is missing, or too much, and the line.
enum Fault {
    Close {
        opened: usize,
        is_only_one: bool,
    },
    Open(usize),
    /// A brace of Caddy's at the end of a word, or in a line of its own.
    Brace {
        line: usize,
        word: Option<String>,
    },
    Section {
        name: String,
        opened: usize,
    },
    Semicolon(usize),
    Quote {
        opened: usize,
        closed: usize,
    },
}

impl Fault {
    fn of_nginx(text: &str) -> Option<Self> {
        let fault = Self::of_directives(text)?;
        // A quotation mark that is missing turns all marks that follow around.
        Some(quote(text).unwrap_or(fault))
    }

    fn of_directives(text: &str) -> Option<Self> {
        let mut pending: Option<usize> = None;
        let mut open = Vec::new();
        for (token, line) in tokens(text, "{};") {
            match token {
                Token::Word(word) => {
                    if let Some(last) = pending
                        && line > last
                        && is_directive(&word)
                    {
                        return Some(Self::Semicolon(last));
                    }
                    pending = Some(line);
                }
                Token::Semicolon => pending = None,
                Token::Open => {
                    pending = None;
                    open.push(line);
                }
                Token::Close => {
                    if let Some(last) = pending {
                        return Some(Self::Semicolon(last));
                    }
                    if open.pop().is_none() {
                        return Some(Self::Open(line));
                    }
                }
                Token::Newline => {}
            }
        }
        pending.map(Self::Semicolon).or_else(|| never_closed(&open))
    }

    fn of_braces(text: &str) -> Option<Self> {
        let mut open = Vec::new();
        let mut begins = true;
        for (token, line) in tokens(text, "{}") {
            let is_first = std::mem::replace(&mut begins, token == Token::Newline);
            match token {
                // The global options alone have no name.
                Token::Open if is_first && !open.is_empty() => {
                    return Some(Self::Brace { line, word: None });
                }
                Token::Open => open.push(line),
                Token::Close if open.pop().is_none() => return Some(Self::Open(line)),
                Token::Word(word) if is_glued(&word) => {
                    let word = Some(word);
                    return Some(Self::Brace { line, word });
                }
                _ => {}
            }
        }
        never_closed(&open)
    }

    /// `<VirtualHost ...>` to `</VirtualHost>`.
    fn of_sections(text: &str) -> Option<Self> {
        let mut open: Vec<(String, usize)> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let name = |text: &str| {
                let letters = text.chars().take_while(char::is_ascii_alphanumeric);
                letters.collect::<String>().to_ascii_lowercase()
            };
            if let Some(rest) = line.strip_prefix("</") {
                match open.pop() {
                    Some((opened, _)) if opened == name(rest) => {}
                    Some((name, opened)) => return Some(Self::Section { name, opened }),
                    None => return Some(Self::Open(index + 1)),
                }
            } else if let Some(rest) = line.strip_prefix('<') {
                open.push((name(rest), index + 1));
            }
        }
        let (name, opened) = open.pop()?;
        Some(Self::Section { name, opened })
    }

    fn finding(self, server: Server, at: &Line, text: &str) -> Finding {
        let finding = |line: usize, what: String| {
            Finding::error("config-syntax", at.numbered(line).place(), what).why(
                "The server does not start: nginx `is not terminated by \";\"`, `unexpected end of file, expecting \"}\"`; \
                 Apache `not closed`; Caddy `syntax error`. One that runs goes on with the old configuration.",
            )
        };
        match self {
            Self::Semicolon(line) => finding(
                line,
                "The directive does not end: its semicolon is missing.".to_owned(),
            )
            .command_or(
                edit::ended(&at.numbered(line), ";").filter(|_| is_all(text, line)),
                "Write a semicolon behind it.",
            ),
            Self::Brace {
                line,
                word: Some(word),
            } => {
                let apart = format!("{} {{", word.trim_end_matches('{'));
                let at = at.numbered(line);
                finding(line, format!("A blank is missing in `{word}`: Caddy takes the brace for a part of the word."))
                    .command_or(edit::replaced(&at, &word, &apart), format!("Write `{apart}`."))
            }
            Self::Brace { line, word: None } => {
                let what = "The brace that opens a block stands in a line of its own: Caddy wants it at the end of the line before.";
                let before = text.lines().nth(line.saturating_sub(2));
                let is_code =
                    before.is_some_and(|before| !before.contains('#') && !before.trim().is_empty());
                let command = is_code.then(|| {
                    let script = format!("{}{{N;s/[ \\t]*\\n[ \\t]*{{/ {{/}}", line - 1);
                    format!("sed -i {} {}", shell::word(&script), shell::path(&at.file))
                });
                finding(line, what.to_owned())
                    .command_or(command, "Write the brace at the end of the line before.")
            }
            Self::Quote { opened, closed } => finding(
                opened,
                format!("A quotation mark is missing: what begins here goes on to line {closed}."),
            )
            .step("Write the mark where the text begins or ends."),
            Self::Open(line) => finding(line, "What is closed here was never opened.".to_owned())
                .step("Take it out, or open the block where it begins."),
            Self::Section { name, opened } => {
                finding(opened, format!("The section <{name}> is not closed."))
                    .step(format!("Write </{name}> where it ends."))
            }
            Self::Close {
                opened,
                is_only_one,
            } => {
                let found = finding(
                    opened,
                    format!(
                        "A block of {} is not closed: `}}` is missing.",
                        server.name()
                    ),
                );
                let command =
                    is_only_one.then(|| format!("echo '}}' >> {}", shell::path(&at.file)));
                found.command_or(command, "Write the brace where the block ends.")
            }
        }
    }
}

/// Whether a semicolon at the end of this line is all that is missing.
fn is_all(text: &str, number: usize) -> bool {
    let mended: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(index, line)| match index + 1 == number {
            true => format!("{};", line.split('#').next().unwrap_or_default()),
            false => line.to_owned(),
        })
        .collect();
    Fault::of_nginx(&mended.join("\n")).is_none()
}

/// Whether a brace that opens a block is glued to a word; a placeholder is closed.
fn is_glued(word: &str) -> bool {
    word.len() > 1 && word.ends_with('{') && !word.ends_with("${") && !word.contains('}')
}

/// A quoted text that ends in another line.
fn quote(text: &str) -> Option<Fault> {
    let lines = |token: &Token| match token {
        Token::Word(word) => word.matches('\n').count(),
        _ => 0,
    };
    let tokens = tokens(text, "{};");
    let (token, opened) = tokens.iter().find(|(token, _)| lines(token) > 0)?;
    Some(Fault::Quote {
        opened: *opened,
        closed: opened + lines(token),
    })
}

fn never_closed(open: &[usize]) -> Option<Fault> {
    let opened = *open.first()?;
    Some(Fault::Close {
        opened,
        is_only_one: open.len() == 1,
    })
}

/// What begins a directive and is not the value of one that goes on in the next line.
fn is_directive(word: &str) -> bool {
    const BEGINNINGS: [&str; 9] = [
        "access_log",
        "client_",
        "error_log",
        "keepalive_",
        "proxy_set_header",
        "proxy_pass",
        "server_name",
        "ssl_",
        "worker_",
    ];
    const WORDS: [&str; 6] = [
        "add_header",
        "include",
        "listen",
        "location",
        "return",
        "root",
    ];
    BEGINNINGS.iter().any(|start| word.starts_with(start)) || WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_does_not_end_is_found_where_it_begins() {
        let path = Path::new("a.conf");
        let place = |server, text| check(server, path, text).map(|found| found.place);
        for (server, text, found) in [
            (Server::Nginx, "a 1;\nb { c; }\n", None),
            (Server::Nginx, "a 1\n  2\n  3;\n", None),
            (Server::Nginx, "a \"ssl_x\n ssl_y\";\n", None),
            (Server::Nginx, "a 1\nssl_x 2;\n", Some("a.conf:1")),
            (Server::Nginx, "b {\n a 1\n}\n", Some("a.conf:2")),
            (Server::Nginx, "b {\n a 1;\n", Some("a.conf:1")),
            (Server::Nginx, "b { }\n}\n", Some("a.conf:2")),
            (
                Server::Nginx,
                "a 1;\nb x\";\nc 1;\nd \"y\";\n",
                Some("a.conf:2"),
            ),
            (Server::Nginx, "\u{feff}a 1;\n", Some("a.conf:1")),
            (Server::Caddy, "\u{feff}a {\n b\n}\n", None),
            (Server::Caddy, "a {\n b {\n c\n}\n", Some("a.conf:1")),
            (Server::Caddy, "{\n x\n}\na {\n b {$C:d}\n}\n", None),
            (Server::Caddy, "a {\n b{\n c\n }\n}\n", Some("a.conf:2")),
            (Server::Caddy, "a {\n b\n {\n c\n }\n}\n", Some("a.conf:3")),
            (Server::Caddy, "{\n \"a\": [1]\n}\n", None),
            (Server::Caddy, "{\n \"a\": [1\n}\n", Some("a.conf:3")),
            (Server::Apache, "<A x>\n<B>\n</B>\n</A>\n", None),
            (Server::Apache, "<A x>\n<B>\n</A>\n", Some("a.conf:2")),
            (Server::Apache, "<A x>\n", Some("a.conf:1")),
            (Server::Envoy, "a:\n  - b\n", None),
            (Server::Envoy, "a:\n  b: 1\n\tc: 2\n", Some("a.conf:3")),
        ] {
            assert_eq!(place(server, text).as_deref(), found, "{text:?}");
        }
    }
}
