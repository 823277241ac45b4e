//! Apache: `<VirtualHost>` sections, what the server's own level hands down to them, and files that are included.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use x509_identity::pattern::is_host_name;

use super::directive::{Directive, Line, Token, last, tokens};
use super::nginx::matching;
use super::text::text_of;
use crate::config::settings::{Server, ServerSettings, Setting, Verify, resolve};

/// Every virtual host with `SSLEngine on`; the whole server where it is switched on outside of them.
pub(crate) fn read(path: &Path, text: &str) -> Vec<ServerSettings> {
    let mut reader = Reader {
        path: path.to_owned(),
        variables: HashMap::new(),
        root: None,
        files: 0,
    };
    let directives = reader.directives(path, text, 0);
    let mut found = Vec::new();
    let is_on = |level: &[Directive]| {
        last(level, "SSLEngine")
            .and_then(Directive::argument)
            .map(|word| word.eq_ignore_ascii_case("on"))
    };
    let hosts: Vec<&Directive> = directives
        .iter()
        .filter(|one| one.is("<VirtualHost"))
        .collect();
    for host in &hosts {
        if is_on(&host.children).or_else(|| is_on(&directives)) == Some(true) {
            found.push(reader.host(&host.children, &directives, &host.at));
        }
    }
    let engine = last(&directives, "SSLEngine").filter(|_| is_on(&directives) == Some(true));
    if let Some(engine) = engine.filter(|_| hosts.is_empty()) {
        found.push(reader.host(&directives, &[], &engine.at));
    }
    found
}

struct Reader {
    path: PathBuf,
    variables: HashMap<String, String>,
    root: Option<PathBuf>,
    files: usize,
}

impl Reader {
    fn directives(&mut self, path: &Path, text: &str, depth: usize) -> Vec<Directive> {
        let at = Line::new(path, 1);
        let mut all = Vec::new();
        let mut section: Option<Directive> = None;
        for words in lines(text) {
            let (words, number) = words;
            let Some(mut directive) = Directive::new(words, at.numbered(number)) else {
                continue;
            };
            for argument in &mut directive.arguments {
                *argument = self.substituted(argument);
            }
            if directive.is("</VirtualHost>") {
                all.extend(section.take());
            } else if directive.is("<VirtualHost") {
                all.extend(section.replace(directive));
            } else if directive.is("Define") {
                if let [name, value] = directive.arguments.as_slice() {
                    self.variables.insert(name.clone(), value.clone());
                }
            } else if directive.is("ServerRoot") {
                self.root = directive.argument().map(PathBuf::from);
            } else if directive.is("Include") || directive.is("IncludeOptional") {
                let included = self.included(&directive, depth);
                match &mut section {
                    Some(section) => section.children.extend(included),
                    None => all.extend(included),
                }
            } else if !directive.name.starts_with('<') {
                match &mut section {
                    Some(section) => section.children.push(directive),
                    None => all.push(directive),
                }
            }
        }
        all.extend(section);
        all
    }

    fn included(&mut self, directive: &Directive, depth: usize) -> Vec<Directive> {
        let mut all = Vec::new();
        let Some(pattern) = directive.argument() else {
            return all;
        };
        let bases = self.bases();
        let bases: Vec<&Path> = bases.iter().map(PathBuf::as_path).collect();
        for path in matching(&resolve(pattern, &bases)) {
            if depth >= MAX_DEPTH || self.files >= MAX_FILES {
                break;
            }
            self.files += 1;
            if let Some(text) = text_of(&path) {
                all.extend(self.directives(&path, &text, depth + 1));
            }
        }
        all
    }

    /// `${NAME}`, where `Define` has set it.
    fn substituted(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                out.push_str("${");
                rest = after;
                continue;
            };
            match self.variables.get(name) {
                Some(value) => out.push_str(value),
                None => out.push_str(&format!("${{{name}}}")),
            }
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    /// Relative paths are below ServerRoot, which `-d` may have set: beside the file, above it, or where this runs.
    fn bases(&self) -> Vec<PathBuf> {
        let beside = self.path.parent().unwrap_or(Path::new("")).to_owned();
        let above = beside.join("..");
        self.root
            .iter()
            .cloned()
            .chain([beside, above, PathBuf::new()])
            .collect()
    }

    fn host(&self, own: &[Directive], above: &[Directive], at: &Line) -> ServerSettings {
        let find = |name: &str| last(own, name).or_else(|| last(above, name));
        let bases = self.bases();
        let bases: Vec<&Path> = bases.iter().map(PathBuf::as_path).collect();
        let file = |name: &'static str| {
            let directive = find(name)?;
            Some(Setting::of(
                directive,
                name,
                resolve(directive.argument()?, &bases),
            ))
        };
        let mut settings = ServerSettings::new(Server::Apache, at);
        settings.certificate = file("SSLCertificateFile");
        settings.key = file("SSLCertificateKeyFile");
        settings.client_ca.extend(file("SSLCACertificateFile"));
        settings.has_client_ca_directory = find("SSLCACertificatePath").is_some();
        settings.crl = file("SSLCARevocationFile");
        settings.has_password = find("SSLPassPhraseDialog").is_some();
        let name = find("ServerName").and_then(Directive::argument);
        let name = name.map(|name| name.rsplit_once(':').map_or(name, |(name, _)| name));
        settings
            .names
            .extend(name.filter(|name| is_host_name(name)).map(str::to_owned));
        settings.is_crl_checked = find("SSLCARevocationCheck")
            .and_then(Directive::argument)
            .is_some_and(|word| !word.eq_ignore_ascii_case("none"));
        settings.verify.name = "SSLVerifyClient";
        if let Some(directive) = find("SSLVerifyClient") {
            let value = match directive.argument().map(str::to_ascii_lowercase).as_deref() {
                Some("require") => Verify::Required,
                Some("optional") => Verify::Optional,
                Some("optional_no_ca") => Verify::Unchecked,
                _ => Verify::Off,
            };
            settings.verify = Setting::of(directive, "SSLVerifyClient", value);
        }
        settings.depth = match find("SSLVerifyDepth") {
            Some(directive) => directive
                .argument()
                .and_then(|word| word.parse().ok())
                .map(|depth| Setting::of(directive, "SSLVerifyDepth", depth)),
            None => Some(Setting {
                value: 1,
                at: at.clone(),
                name: "SSLVerifyDepth",
                is_written: false,
            }),
        };
        if let Some(directive) = find("SSLProtocol") {
            settings.versions = versions(&directive.arguments);
            settings.versions_at = Some(directive.at.clone());
        }
        settings
    }
}

/// `-all +TLSv1.2 +TLSv1.3`: what is left in the end. `all` is TLS 1.2 and 1.3 with an OpenSSL of today.
fn versions(words: &[String]) -> Vec<String> {
    let mut left: Vec<String> = Vec::new();
    for word in words {
        let (remove, name) = match word.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, word.strip_prefix('+').unwrap_or(word)),
        };
        let named: Vec<String> = match name.eq_ignore_ascii_case("all") {
            true if remove => left.clone(),
            true => ["TLSv1.2", "TLSv1.3"].map(str::to_owned).to_vec(),
            false => vec![name.to_owned()],
        };
        left.retain(|one| !named.iter().any(|name| name.eq_ignore_ascii_case(one)));
        if !remove {
            left.extend(named);
        }
    }
    left
}

/// The words of each line; `<Section a>` has no bracket behind its last word.
fn lines(text: &str) -> Vec<(Vec<String>, usize)> {
    let mut lines = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut begin = 1;
    for (token, line) in tokens(text, "") {
        match token {
            Token::Word(word) => {
                if words.is_empty() {
                    begin = line;
                }
                words.push(word);
            }
            _ => {
                let is_section = words
                    .first()
                    .is_some_and(|first| first.starts_with('<') && !first.starts_with("</"));
                if let Some(last) = words.last_mut().filter(|_| is_section) {
                    *last = last.trim_end_matches('>').to_owned();
                }
                lines.push((std::mem::take(&mut words), begin));
            }
        }
    }
    lines
}

const MAX_DEPTH: usize = 8;
const MAX_FILES: usize = 256;
