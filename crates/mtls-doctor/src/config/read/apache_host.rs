//! Apache: one virtual host.

use std::path::PathBuf;

use x509_identity::pattern::is_host_name;

use super::directive::{Directive, Line, last};
use crate::config::settings::{Server, ServerSettings, Setting, Verify, resolve};

/// What its directives and those above it say.
pub(super) fn settings(
    own: &[Directive],
    above: &[Directive],
    at: &Line,
    bases: &[PathBuf],
) -> ServerSettings {
    let find = |name: &str| last(own, name).or_else(|| last(above, name));
    let file = |name: &'static str| {
        let directive = find(name)?;
        Some(Setting::of(
            directive,
            name,
            resolve(directive.argument()?, bases),
        ))
    };
    let mut settings = ServerSettings::new(Server::Apache, at);
    settings.certificate = file(CERTIFICATE);
    settings.key = file("SSLCertificateKeyFile");
    settings.chain = file("SSLCertificateChainFile");
    settings.compares = own.iter().chain(above).any(compares);
    settings.client_ca.extend(file("SSLCACertificateFile"));
    settings.client_ca_directory = file("SSLCACertificatePath");
    settings.has_client_ca_directory = settings.client_ca_directory.is_some();
    settings.ciphers = find("SSLCipherSuite").and_then(ciphers);
    settings.crl = file("SSLCARevocationFile");
    settings.has_password = find("SSLPassPhraseDialog").is_some();
    let name = find("ServerName").and_then(Directive::argument);
    let name = name.map(|name| name.rsplit_once(':').map_or(name, |(name, _)| name));
    settings
        .names
        .extend(name.filter(|name| is_host_name(name)).map(str::to_owned));
    settings.crl_check = find("SSLCARevocationCheck")
        .map(|directive| Setting::of(directive, "SSLCARevocationCheck", ()));
    settings.crl_directory = file("SSLCARevocationPath");
    let is_lenient = |check: &Directive| {
        let mut words = check.arguments.iter();
        words.any(|word| ["none", "no_crl_for_cert_ok"].contains(&word.as_str()))
    };
    let has_crl = settings.crl.is_some() || settings.crl_directory.is_some();
    settings.wants_crl = find("SSLCARevocationCheck")
        .filter(|check| !has_crl && !is_lenient(check))
        .map(|check| check.at.clone());
    settings.has_staple = find("SSLUseStapling")
        .and_then(Directive::argument)
        .is_some_and(|word| word.eq_ignore_ascii_case("on"));
    settings.hints = file("SSLCADNRequestFile");
    let of_part = own.iter().find_map(asks);
    settings.asks_later = of_part.map(|directive| directive.at.clone());
    let resumes = |name: &'static str, ends: &'static str, by_default: bool| match find(name) {
        Some(directive) => {
            let is_off = directive
                .argument()
                .is_some_and(|word| word.eq_ignore_ascii_case(ends));
            (!is_off).then(|| Setting::of(directive, name, ends))
        }
        None => by_default.then(|| Setting::unwritten(at, name, ends)),
    };
    settings.resumption = [
        resumes("SSLSessionTickets", "off", true),
        resumes("SSLSessionCache", "none", false),
    ]
    .into_iter()
    .flatten()
    .collect();
    settings.is_crl_checked = find("SSLCARevocationCheck")
        .and_then(Directive::argument)
        .is_some_and(|word| !word.eq_ignore_ascii_case("none"));
    settings.verify.name = "SSLVerifyClient";
    if let Some(directive) = find("SSLVerifyClient") {
        let value = match directive.argument().map(str::to_ascii_lowercase).as_deref() {
            Some("require" | "on") => Verify::Required,
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
        None => Some(Setting::unwritten(at, "SSLVerifyDepth", 1)),
    };
    if let Some(directive) = find("SSLProtocol") {
        settings.versions = versions(&directive.arguments);
        settings.versions_at = Some(directive.at.clone());
    }
    settings
}

/// Whether requests are let through by what became of the client's certificate.
fn compares(directive: &Directive) -> bool {
    let decides = ["Require", "RewriteCond", "SSLRequire", "<If"];
    let is_about = |word: &String| {
        word.contains("SSL_CLIENT_") || word.eq_ignore_ascii_case("ssl-verify-client")
    };
    decides.iter().any(|one| directive.is(one)) && directive.arguments.iter().any(is_about)
        || directive.children.iter().any(compares)
}

/// `SSLCipherSuite [protocol] list`; TLS 1.3 has a list of its own.
fn ciphers(directive: &Directive) -> Option<Setting<String>> {
    let list = match directive.arguments.as_slice() {
        [list] => list,
        [protocol, list] if !protocol.eq_ignore_ascii_case("TLSv1.3") => list,
        _ => return None,
    };
    Some(Setting::of(directive, "SSLCipherSuite", list.clone()))
}

/// What asks for a certificate within a section for paths or directories.
fn asks(section: &Directive) -> Option<&Directive> {
    let is_section = section.name.starts_with('<') && !section.is("<VirtualHost");
    let own = section.child("SSLVerifyClient").filter(|one| {
        let words = ["require", "on", "optional", "optional_no_ca"];
        one.argument()
            .is_some_and(|word| words.iter().any(|asks| word.eq_ignore_ascii_case(asks)))
    });
    own.filter(|_| is_section)
        .or_else(|| section.children.iter().find_map(asks))
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

/// The file of its certificate.
pub(super) const CERTIFICATE: &str = "SSLCertificateFile";
