//! nginx: `server` blocks, what `http` and `stream` hand down to them, and files that are included.

use std::fs;
use std::path::{Path, PathBuf};

use x509_identity::pattern::is_host_name;

use super::directive::{Directive, Line, Token, last, tokens, tree};
use super::text::text_of;
use crate::config::settings::{Server, ServerSettings, Setting, Verify, resolve};

/// Every `server` that speaks TLS.
pub(crate) fn read(path: &Path, text: &str) -> Vec<ServerSettings> {
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut found = Vec::new();
    walk(&directives(path, text), &[], &base, &mut found);
    found
}

/// All that it says, with the files that it includes.
pub(crate) fn directives(path: &Path, text: &str) -> Vec<Directive> {
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    Included { base, files: 0 }.directives(path, text, 0)
}

fn walk(
    directives: &[Directive],
    above: &[&[Directive]],
    base: &Path,
    found: &mut Vec<ServerSettings>,
) {
    let mut levels = above.to_vec();
    levels.push(directives);
    for directive in directives {
        if directive.is("server") && !directive.children.is_empty() {
            found.extend(server(directive, &levels, base));
        } else if ["http", "stream", "mail"]
            .iter()
            .any(|name| directive.is(name))
        {
            walk(&directive.children, &levels, base, found);
        }
    }
    // A file of /etc/nginx/conf.d alone, or of server blocks' content.
    if above.is_empty() && found.is_empty() && last(directives, "ssl_certificate").is_some() {
        let at = directives.first().map(|first| first.at.clone());
        let whole = at.map(|at| Directive {
            name: "server".to_owned(),
            arguments: Vec::new(),
            children: directives.to_vec(),
            at,
        });
        found.extend(whole.and_then(|whole| server(&whole, &[], base)));
    }
}

fn server(block: &Directive, above: &[&[Directive]], base: &Path) -> Option<ServerSettings> {
    let find = |name: &str| {
        let own = block.child(name);
        own.or_else(|| above.iter().rev().find_map(|level| last(level, name)))
    };
    let speaks_tls = block.children.iter().any(|child| {
        child.is("listen")
            && child
                .arguments
                .iter()
                .any(|word| matches!(word.as_str(), "ssl" | "quic"))
    });
    let certificate = find("ssl_certificate");
    if !speaks_tls && block.child("ssl_certificate").is_none() {
        return None;
    }
    // No handshake gets as far as a certificate.
    if find("ssl_reject_handshake").and_then(Directive::argument) == Some("on") {
        return None;
    }
    let file = |name: &'static str| {
        let directive = find(name)?;
        let path = directive.argument()?;
        is_file(path).then(|| Setting::of(directive, name, resolve(path, &[base])))
    };
    let mut settings = ServerSettings::new(Server::Nginx, &block.at);
    if let Some(certificate) = certificate {
        settings.at = certificate.at.clone();
    }
    settings.certificate = file("ssl_certificate");
    settings.key = file("ssl_certificate_key");
    settings.has_certificate_provider = certificate.is_some() && settings.certificate.is_none();
    settings.has_key_provider = find("ssl_certificate_key").is_some() && settings.key.is_none();
    settings.compares = compares(&block.children) || above.iter().any(|level| maps(level));
    settings.more = more(block, base);
    let named = file("ssl_client_certificate");
    let trusted = file("ssl_trusted_certificate");
    let only = trusted.as_ref().filter(|_| named.is_none());
    settings.unnamed = only.map(|trusted| trusted.at.clone());
    settings.hints = named.clone().filter(|_| trusted.is_some());
    settings.client_ca.extend(named);
    settings.client_ca.extend(trusted);
    settings.crl = file("ssl_crl");
    settings.has_resolver = find("resolver").is_some();
    settings.has_staple = find("ssl_stapling").and_then(Directive::argument) == Some("on")
        || find("ssl_stapling_file").is_some();
    settings.ciphers = find("ssl_ciphers")
        .map(|directive| Setting::of(directive, "ssl_ciphers", directive.arguments.join(":")));
    settings.resumption = resumption(&find, &settings.at);
    let is_on = find("ssl").and_then(Directive::argument) == Some("on");
    let listens = block.child("listen").filter(|_| !speaks_tls && !is_on);
    settings.plain = listens.map(|listen| listen.at.clone());
    settings.has_password = find("ssl_password_file").is_some();
    let names = block
        .child("server_name")
        .map(|names| names.arguments.as_slice());
    settings.names = names
        .unwrap_or_default()
        .iter()
        .filter(|name| is_host_name(name) && !name.starts_with('_'))
        .cloned()
        .collect();
    settings.verify.at = settings.at.clone();
    settings.verify.name = "ssl_verify_client";
    if let Some(directive) = find("ssl_verify_client") {
        let value = match directive.argument() {
            Some("on") => Verify::Required,
            Some("optional") => Verify::Optional,
            Some("optional_no_ca") => Verify::Unchecked,
            _ => Verify::Off,
        };
        settings.verify = Setting::of(directive, "ssl_verify_client", value);
    }
    settings.depth = match find("ssl_verify_depth") {
        Some(directive) => directive
            .argument()
            .and_then(|word| word.parse().ok())
            .map(|depth| Setting::of(directive, "ssl_verify_depth", depth)),
        None => Some(Setting::unwritten(&settings.at, "ssl_verify_depth", 1)),
    };
    if let Some(directive) = find("ssl_protocols") {
        settings.versions = directive.arguments.clone();
        settings.versions_at = Some(directive.at.clone());
    }
    Some(settings)
}

/// A variable is known at a request alone, and what begins with `data:`, `engine:` or `store:` is no file.
pub(crate) fn is_file(path: &str) -> bool {
    let others = ["data:", "engine:", "store:"];
    !path.contains('$') && !others.iter().any(|start| path.starts_with(start))
}

/// Whether an `if` looks at what became of the client's certificate.
fn compares(directives: &[Directive]) -> bool {
    directives.iter().any(|one| {
        one.is("if") && one.arguments.iter().any(|word| word.contains(VERDICT))
            || compares(&one.children)
    })
}

/// The same, where a `map` does for the whole level.
fn maps(level: &[Directive]) -> bool {
    let is_of_verdict = |one: &Directive| one.argument().is_some_and(|word| word.contains(VERDICT));
    level.iter().any(|one| one.is("map") && is_of_verdict(one))
}

const VERDICT: &str = "$ssl_client_verify";

/// All pairs of certificate and key but the last, which is the one that is looked at first.
fn more(block: &Directive, base: &Path) -> Vec<(Setting<PathBuf>, Option<Setting<PathBuf>>)> {
    let all = |name: &'static str| -> Vec<Setting<PathBuf>> {
        let own = block.children.iter().filter(|one| one.is(name));
        let plain = own.filter_map(|one| Some((one, one.argument()?)));
        plain
            .filter(|(_, path)| !path.contains(['$', ':']))
            .map(|(one, path)| Setting::of(one, name, resolve(path, &[base])))
            .collect()
    };
    let (certificates, keys) = (all("ssl_certificate"), all("ssl_certificate_key"));
    let count = certificates.len().saturating_sub(1);
    let mut keys = keys.into_iter();
    let pairs = certificates.into_iter().map(|one| (one, keys.next()));
    pairs.take(count).collect()
}

/// Tickets are on unless they are switched off; the cache is off unless it is switched on.
fn resumption<'a>(
    find: &impl Fn(&str) -> Option<&'a Directive>,
    at: &Line,
) -> Vec<Setting<&'static str>> {
    let tickets = match find("ssl_session_tickets") {
        Some(directive) if directive.argument() == Some("off") => None,
        Some(directive) => Some(Setting::of(directive, "ssl_session_tickets", "off")),
        None => Some(Setting::unwritten(at, "ssl_session_tickets", "off")),
    };
    let keeps = |word: &String| word.starts_with("shared:") || word.starts_with("builtin");
    let cache = find("ssl_session_cache").filter(|one| one.arguments.iter().any(keeps));
    let cache = cache.map(|directive| Setting::of(directive, "ssl_session_cache", "off"));
    tickets.into_iter().chain(cache).collect()
}

/// Files that others include, within limits.
struct Included {
    base: PathBuf,
    files: usize,
}

impl Included {
    fn directives(&mut self, path: &Path, text: &str, depth: usize) -> Vec<Directive> {
        let at = Line::new(path, 1);
        let read = tree(tokens(text, "{};"), &Token::Semicolon, &at);
        self.followed(read, depth)
    }

    fn followed(&mut self, directives: Vec<Directive>, depth: usize) -> Vec<Directive> {
        let mut all = Vec::new();
        for mut directive in directives {
            if directive.is("include") && directive.children.is_empty() {
                // Paths begin at the main file, and this may be one in a directory below.
                let bases = [self.base.clone(), self.base.join("..")];
                let pattern = directive.argument().map(|pattern| resolve(pattern, &bases));
                // One that is not there stays, for whoever looks at words.
                let is_lost = |pattern: &&PathBuf| is_plain(pattern) && !pattern.exists();
                if pattern.as_ref().filter(is_lost).is_some() {
                    all.push(directive);
                    continue;
                }
                for path in pattern
                    .map(|pattern| matching(&pattern))
                    .unwrap_or_default()
                {
                    if depth >= MAX_DEPTH || self.files >= MAX_FILES {
                        break;
                    }
                    self.files += 1;
                    if let Some(text) = text_of(&path) {
                        all.extend(self.directives(&path, &text, depth + 1));
                    }
                }
            } else {
                directive.children = self.followed(directive.children, depth);
                all.push(directive);
            }
        }
        all
    }
}

/// Whether a pattern is the path of one file.
pub(crate) fn is_plain(pattern: &Path) -> bool {
    !pattern.to_string_lossy().contains(['*', '?', '['])
}

/// The files of a pattern, with `*` in its last part alone.
pub(crate) fn matching(pattern: &Path) -> Vec<PathBuf> {
    let name = pattern
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let Some((start, end)) = name.split_once('*') else {
        return vec![pattern.to_owned()];
    };
    let directory = pattern.parent().filter(|parent| *parent != Path::new(""));
    let Ok(entries) = fs::read_dir(directory.unwrap_or(Path::new("."))) else {
        return Vec::new();
    };
    let fits = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        name.len() >= start.len() + end.len()
            && name.starts_with(start)
            && name.ends_with(end)
            && path.is_file()
    };
    let mut paths: Vec<PathBuf> = entries
        .take(MAX_FILES)
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(fits)
        .collect();
    paths.sort();
    paths
}

const MAX_DEPTH: usize = 8;
const MAX_FILES: usize = 256;
