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
    let mut included = Included { base, files: 0 };
    let directives = included.directives(path, text, 0);
    let mut found = Vec::new();
    walk(&directives, &[], &included.base, &mut found);
    found
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
    let file = |name: &'static str| {
        let directive = find(name)?;
        let path = directive.argument()?;
        // A variable is known at a request alone, and `data:` and `engine:` are no files.
        let is_file =
            !path.contains('$') && !path.starts_with("data:") && !path.starts_with("engine:");
        is_file.then(|| Setting::of(directive, name, resolve(path, &[base])))
    };
    let mut settings = ServerSettings::new(Server::Nginx, &block.at);
    if let Some(certificate) = certificate {
        settings.at = certificate.at.clone();
    }
    settings.certificate = file("ssl_certificate");
    settings.key = file("ssl_certificate_key");
    settings.client_ca.extend(file("ssl_client_certificate"));
    settings.client_ca.extend(file("ssl_trusted_certificate"));
    settings.crl = file("ssl_crl");
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
        None => Some(Setting {
            value: 1,
            at: settings.at.clone(),
            name: "ssl_verify_depth",
            is_written: false,
        }),
    };
    if let Some(directive) = find("ssl_protocols") {
        settings.versions = directive.arguments.clone();
        settings.versions_at = Some(directive.at.clone());
    }
    Some(settings)
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
                let pattern = directive.argument().map(|pattern| self.base.join(pattern));
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
