//! HAProxy: `bind` lines with `ssl`, and the defaults of `global`.

use std::path::{Path, PathBuf};

use super::directive::{Directive, Line, Token, tokens};
use crate::config::settings::{Server, ServerSettings, Setting, Verify, resolve};

/// Every `bind` that speaks TLS.
pub(crate) fn read(path: &Path, text: &str) -> Vec<ServerSettings> {
    let at = Line::new(path, 1);
    let mut words = Vec::new();
    let mut lines = Vec::new();
    for (token, number) in tokens(text, "") {
        match token {
            Token::Word(word) => words.push(word),
            _ => lines.extend(Directive::new(
                std::mem::take(&mut words),
                at.numbered(number),
            )),
        }
    }
    let value = |name: &str| lines.iter().rev().find(|line| line.is(name));
    let base = |name: &str| {
        let directory = value(name).and_then(Directive::argument).map(PathBuf::from);
        let beside = path.parent().unwrap_or(Path::new("")).to_owned();
        let above = beside.join("..");
        let started = PathBuf::new();
        directory
            .into_iter()
            .chain([started, beside, above])
            .collect::<Vec<_>>()
    };
    let reader = Reader {
        certificates: base("crt-base"),
        authorities: base("ca-base"),
        options: value("ssl-default-bind-options").cloned(),
        drops_ending: value("ssl-load-extra-del-ext").is_some(),
    };
    // Without `ssl`, the rest of the line is ignored.
    let tls = ["ssl", "crt", "ca-file"];
    let has_tls = |line: &Directive| {
        line.arguments
            .iter()
            .any(|word| tls.contains(&word.as_str()))
    };
    let speaks_tls = |line: &&Directive| line.is("bind") && has_tls(line);
    lines
        .iter()
        .filter(speaks_tls)
        .map(|line| reader.bind(line))
        .collect()
}

struct Reader {
    certificates: Vec<PathBuf>,
    authorities: Vec<PathBuf>,
    options: Option<Directive>,
    drops_ending: bool,
}

impl Reader {
    fn bind(&self, line: &Directive) -> ServerSettings {
        let after = |name: &str| {
            let at = line.arguments.iter().position(|word| word == name)?;
            line.arguments.get(at + 1).map(String::as_str)
        };
        let file = |name: &'static str, bases: &[PathBuf]| {
            let bases: Vec<&Path> = bases.iter().map(PathBuf::as_path).collect();
            let path = after(name).filter(|path| !path.starts_with('@'))?;
            Some(Setting::of(line, name, resolve(path, &bases)))
        };
        let mut settings = ServerSettings::new(Server::HaProxy, &line.at);
        let is_on = line.arguments.iter().any(|word| word == "ssl");
        settings.plain = (!is_on).then(|| line.at.clone());
        settings.certificate =
            file("crt", &self.certificates).filter(|setting| !setting.value.is_dir());
        settings.key = settings
            .certificate
            .as_ref()
            .and_then(|certificate| self.key(line, &certificate.value));
        settings
            .client_ca
            .extend(file("ca-file", &self.authorities));
        settings.crl = file("crl-file", &self.authorities);
        settings.verify.name = "verify";
        if let Some(word) = after("verify") {
            let value = match word {
                "required" => Verify::Required,
                "optional" => Verify::Optional,
                _ => Verify::Off,
            };
            settings.verify = Setting::of(line, "verify", value);
        }
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
        }
        settings
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
