//! HAProxy: `bind` lines with `ssl`, and the defaults of `global`.

use std::env;
use std::path::{Path, PathBuf};

use super::crt_list;
use super::directive::{Directive, Line, Token, tokens};
use crate::config::settings::{Server, ServerSettings, Setting, Verify, bases, resolve};

/// Every `bind` that speaks TLS.
pub(crate) fn read(path: &Path, text: &str) -> Vec<ServerSettings> {
    let lines = lines(path, text);
    let value = |name: &str| lines.iter().rev().find(|line| line.is(name));
    let base = |name: &str| {
        let directory = value(name).and_then(Directive::argument).map(PathBuf::from);
        directory.into_iter().chain(bases(path)).collect::<Vec<_>>()
    };
    let reader = Reader {
        certificates: base("crt-base"),
        authorities: base("ca-base"),
        options: value("ssl-default-bind-options").cloned(),
        ciphers: value("ssl-default-bind-ciphers").cloned(),
        cache: value("tune.ssl.cachesize").cloned(),
        global: value("global").map(|line| line.at.clone()),
        started: base(""),
        compares: lines.iter().any(compares),
        drops_ending: value("ssl-load-extra-del-ext").is_some(),
    };
    // Without `ssl`, the rest of the line is ignored.
    let tls = ["ssl", "crt", "crt-list", "ca-file"];
    let has_tls = |line: &Directive| {
        line.arguments
            .iter()
            .any(|word| tls.contains(&word.as_str()))
    };
    let speaks_tls = |line: &&Directive| line.is("bind") && has_tls(line);
    lines
        .iter()
        .filter(speaks_tls)
        .flat_map(|line| reader.binds(line))
        .collect()
}

/// Whether requests are let through by what became of the client's certificate.
fn compares(line: &Directive) -> bool {
    let decides = [
        "acl",
        "http-request",
        "redirect",
        "tcp-request",
        "use_backend",
    ];
    let verdicts = ["ssl_c_used", "ssl_c_verify", "ssl_fc_has_crt"];
    let mut words = line.arguments.iter();
    decides.iter().any(|one| line.is(one))
        && words.any(|word| verdicts.iter().any(|verdict| word.contains(verdict)))
}

/// `${NAME}` and `${NAME-default}`; a name without a value stays as it is.
fn substituted(text: String) -> String {
    if !text.contains("${") {
        return text;
    }
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("${") {
        let Some((variable, behind)) = after.split_once('}') else {
            break;
        };
        let (name, default) = match variable.split_once('-') {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (variable, None),
        };
        out.push_str(before);
        match env::var(name).ok().or(default) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&format!("${{{variable}}}")),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Every line, its first word as the name.
pub(crate) fn lines(path: &Path, text: &str) -> Vec<Directive> {
    let at = Line::new(path, 1);
    let mut words = Vec::new();
    let mut lines = Vec::new();
    for (token, number) in tokens(text, "") {
        match token {
            Token::Word(word) => words.push(substituted(word)),
            _ => lines.extend(Directive::new(
                std::mem::take(&mut words),
                at.numbered(number),
            )),
        }
    }
    lines
}

struct Reader {
    certificates: Vec<PathBuf>,
    authorities: Vec<PathBuf>,
    options: Option<Directive>,
    ciphers: Option<Directive>,
    cache: Option<Directive>,
    global: Option<Line>,
    /// Where other paths begin.
    started: Vec<PathBuf>,
    compares: bool,
    drops_ending: bool,
}

impl Reader {
    /// The line itself, or each certificate of the list that it names, with what stands there for it.
    fn binds(&self, line: &Directive) -> Vec<ServerSettings> {
        let list = line.arguments.windows(2).find(|pair| pair[0] == "crt-list");
        let entries = list.map(|pair| crt_list::entries(&resolve(&pair[1], &self.started)));
        let of_entry = |entry: crt_list::Entry| {
            let own = ["crt".to_owned(), entry.certificate]
                .into_iter()
                .chain(entry.options);
            self.bind(&Directive {
                arguments: own.chain(line.arguments.iter().cloned()).collect(),
                at: entry.at,
                ..line.clone()
            })
        };
        let listed: Vec<ServerSettings> = entries.into_iter().flatten().map(of_entry).collect();
        match listed.is_empty() {
            true => vec![self.bind(line)],
            false => listed,
        }
    }

    fn bind(&self, line: &Directive) -> ServerSettings {
        let after = |name: &str| {
            let at = line.arguments.iter().position(|word| word == name)?;
            line.arguments.get(at + 1).map(String::as_str)
        };
        let file = |name: &'static str, bases: &[PathBuf]| {
            // What is not a file, or has a variable that is not known.
            let path = after(name).filter(|path| !path.starts_with('@') && !path.contains("${"))?;
            Some(Setting::of(line, name, resolve(path, bases)))
        };
        let mut settings = ServerSettings::new(Server::HaProxy, &line.at);
        let is_on = line.arguments.iter().any(|word| word == "ssl");
        settings.plain = (!is_on).then(|| line.at.clone());
        settings.compares = self.compares;
        let named = file("crt", &self.certificates);
        let (directory, certificate) = match named {
            Some(setting) if setting.value.is_dir() => (Some(setting.value), None),
            setting => (None, setting),
        };
        let within = directory.map(|directory| crt_list::within(&directory));
        let mut within = within.into_iter().flatten();
        let certificate =
            certificate.or_else(|| within.next().map(|path| Setting::of(line, "crt", path)));
        settings.certificate = certificate;
        settings.key = settings
            .certificate
            .as_ref()
            .and_then(|certificate| self.key(line, &certificate.value));
        let others = line
            .arguments
            .windows(2)
            .filter(|pair| pair[0] == "crt")
            .skip(1);
        settings.more = others
            .map(|pair| Setting::of(line, "crt", resolve(&pair[1], &self.certificates)))
            .filter(|setting| !setting.value.is_dir())
            .chain(within.map(|path| Setting::of(line, "crt", path)))
            .map(|setting| {
                let key = self.key(line, &setting.value);
                (setting, key)
            })
            .collect();
        settings
            .client_ca
            .extend(file("ca-file", &self.authorities));
        let more = file("ca-verify-file", &self.authorities);
        settings.hints = settings
            .client_ca
            .first()
            .filter(|_| more.is_some())
            .cloned();
        settings.client_ca.extend(more);
        settings.crl = file("crl-file", &self.authorities);
        if let Some(word) = after("verify") {
            let value = match word {
                "required" => Verify::Required,
                "optional" => Verify::Optional,
                _ => Verify::Off,
            };
            for name in ["crt-ignore-err", "ca-ignore-err"] {
                if let Some(word) = after(name) {
                    settings
                        .ignores
                        .push((line.at.clone(), format!("{name} {word}")));
                }
            }
            let value = match value {
                Verify::Required if !settings.ignores.is_empty() => Verify::Unchecked,
                value => value,
            };
            settings.verify = Setting::of(line, "verify", value);
        }
        const FORCED: &str = "force-tlsv12";
        const WITHOUT: &str = "no-tlsv13";
        let mut without = None;
        let options = self.options.as_ref();
        let words = options
            .map(|options| options.arguments.as_slice())
            .unwrap_or_default();
        for (words, at) in [
            (words, options.map(|options| &options.at)),
            (&line.arguments, Some(&line.at)),
        ] {
            let lowest = words.iter().position(|word| word == "ssl-min-ver");
            if let Some(version) = lowest.and_then(|at| words.get(at + 1)) {
                settings.versions = vec![version.clone()];
                settings.versions_at = at.cloned();
            }
            let highest = words.iter().position(|word| word == "ssl-max-ver");
            let Some(at) = at else { continue };
            if let Some(version) = highest.and_then(|at| words.get(at + 1)) {
                settings.highest = Some(Setting::at(at, "ssl-max-ver", version.clone()));
            }
            if words.iter().any(|word| word == FORCED) {
                settings.highest = Some(Setting::at(at, FORCED, "TLSv1.2".to_owned()));
            }
            if words.iter().any(|word| word == WITHOUT) {
                without = Some(Setting::at(at, WITHOUT, "TLSv1.2".to_owned()));
            }
        }
        // Beside a lowest or highest version, HAProxy ignores it.
        if settings.versions.is_empty() && settings.highest.is_none() {
            settings.highest = without;
        }
        let own = after("ciphers").map(|list| Setting::of(line, "ciphers", list.to_owned()));
        let default = || {
            let directive = self.ciphers.as_ref()?;
            let list = directive.argument()?.to_owned();
            Some(Setting::of(directive, "ssl-default-bind-ciphers", list))
        };
        settings.ciphers = own.or_else(default);
        settings.has_staple = settings.certificate.as_ref().is_some_and(|certificate| {
            let name = format!("{}.ocsp", certificate.value.display());
            Path::new(&name).exists()
        }) || after("ocsp-update") == Some("on");
        settings.resumption = self.resumption(line, words);
        settings
    }

    /// Tickets and the cache are on unless they are switched off.
    fn resumption(&self, line: &Directive, defaults: &[String]) -> Vec<Setting<&'static str>> {
        const TICKETS: &str = "no-tls-tickets";
        let mut words = line.arguments.iter().chain(defaults);
        let tickets =
            (!words.any(|word| word == TICKETS)).then(|| Setting::unwritten(&line.at, TICKETS, ""));
        const CACHE: &str = "tune.ssl.cachesize";
        let cache = match (&self.cache, &self.global) {
            (Some(written), _) if written.argument() == Some("0") => None,
            (Some(written), _) => Some(Setting::of(written, CACHE, "0")),
            (None, Some(global)) => Some(Setting::unwritten(global, CACHE, "0")),
            (None, None) => Some(Setting::unwritten(&line.at, CACHE, "0")),
        };
        tickets.into_iter().chain(cache).collect()
    }

    /// The key beside the certificate: `x.crt.key`, or `x.key` with `ssl-load-extra-del-ext`; otherwise it is in the file.
    fn key(&self, line: &Directive, certificate: &Path) -> Option<Setting<PathBuf>> {
        let name = certificate.file_name()?.to_str()?;
        let added = certificate.with_file_name(format!("{name}.key"));
        let replaced = certificate.with_extension("key");
        let found = match self.drops_ending {
            true => [replaced, added].into_iter().find(|path| path.exists()),
            false => Some(added).filter(|path| path.exists()),
        };
        found.map(|path| Setting::of(line, "crt", path))
    }
}
