//! Caddy: the `tls` directive of each site of a Caddyfile.

use std::env;
use std::path::{Path, PathBuf};

use x509_identity::pattern::is_host_name;

use super::directive::Directive;
use super::import;
use crate::config::settings::{Server, ServerSettings, Setting, Verify, bases, resolve};

/// Every site with a `tls` directive.
pub(crate) fn read(path: &Path, text: &str) -> Vec<ServerSettings> {
    let sites = sites(path, text);
    let bases = bases(path);
    sites
        .iter()
        .filter_map(|site| {
            let mut settings = settings(site.child("tls")?, &bases);
            settings.compares = compares(site);
            let addresses = std::iter::once(&site.name).chain(&site.arguments);
            settings.names = addresses
                .clone()
                .filter_map(|address| name(address))
                .collect();
            let is_plain = |address: &String| substituted(address).starts_with("http://");
            settings.plain = addresses.clone().all(is_plain).then(|| site.at.clone());
            Some(settings)
        })
        .collect()
}

/// Whether requests are let through by what became of the client's certificate.
fn compares(directive: &Directive) -> bool {
    let decides = directive.name.starts_with('@')
        || ["expression", "map", "vars"]
            .iter()
            .any(|one| directive.is(one));
    let is_about =
        |word: &String| word.contains("tls_client_") || word.contains("http.request.tls.client.");
    decides && directive.arguments.iter().any(is_about) || directive.children.iter().any(compares)
}

/// Every site. The first block without an address has the global options.
pub(crate) fn sites(path: &Path, text: &str) -> Vec<Directive> {
    let mut blocks = import::blocks(path, text);
    blocks.retain(|site| !site.name.is_empty());
    blocks
}

fn settings(tls: &Directive, bases: &[PathBuf]) -> ServerSettings {
    let file = |directive: &Directive, name: &'static str, path: &str| {
        Setting::of(directive, name, resolve(&substituted(path), bases))
    };
    let mut settings = ServerSettings::new(Server::Caddy, &tls.at);
    if let [certificate, key] = tls.arguments.as_slice() {
        settings.certificate = Some(file(tls, "tls", certificate));
        settings.key = Some(file(tls, "tls", key));
    }
    if let Some(auth) = tls.child("client_auth") {
        for child in &auth.children {
            let paths: &[String] = match child.arguments.as_slice() {
                [kind, paths @ ..] if child.is("trust_pool") && kind == "file" => paths,
                paths if child.is("trusted_ca_cert_file") => paths,
                _ => &[],
            };
            // `trust_pool file { pem_file a b }` is another way to write it.
            let inner = child.children.iter().filter(|inner| inner.is("pem_file"));
            let inner = inner.flat_map(|inner| &inner.arguments);
            settings.client_ca.extend(
                paths
                    .iter()
                    .chain(inner)
                    .map(|path| file(child, "trust_pool", path)),
            );
            settings.has_client_ca_directory |= child.is("trusted_ca_cert")
                || child.is("trusted_leaf_cert_file")
                || child.is("verifier");
            settings.has_client_ca_directory |=
                child.is("trust_pool") && child.argument() != Some("file");
        }
        let known = !settings.client_ca.is_empty() || settings.has_client_ca_directory;
        let mode = auth.child("mode");
        let value = match mode.and_then(Directive::argument) {
            Some("require_and_verify") => Verify::Required,
            Some("verify_if_given") => Verify::Optional,
            Some("require" | "request") => Verify::Unchecked,
            _ if known => Verify::Required,
            _ => Verify::Unchecked,
        };
        settings.verify = Setting::of(mode.unwrap_or(auth), "mode", value);
    }
    settings.ciphers = tls
        .child("ciphers")
        .map(|ciphers| Setting::of(ciphers, "ciphers", ciphers.arguments.join(":")));
    if let Some(versions) = tls.child("protocols") {
        // The lowest, and the highest if it is named.
        settings.versions = versions.arguments.iter().take(1).cloned().collect();
        settings.versions_at = Some(versions.at.clone());
        if let [_, highest, ..] = versions.arguments.as_slice() {
            settings.highest = Some(Setting::of(versions, "protocols", highest.clone()));
        }
    }
    settings
}

/// The host of an address such as `https://a.example:{$PORT:8443},`.
fn name(address: &str) -> Option<String> {
    let address = substituted(address.trim_end_matches(','));
    let rest = address
        .split_once("://")
        .map_or(address.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', ':']).next()?;
    is_host_name(host).then(|| host.to_owned())
}

/// `{$NAME:default}`.
pub(super) fn substituted(text: &str) -> String {
    let Some((before, rest)) = text.split_once("{$") else {
        return text.to_owned();
    };
    let Some((variable, after)) = rest.split_once('}') else {
        return text.to_owned();
    };
    let (name, default) = variable.split_once(':').unwrap_or((variable, ""));
    let value = env::var(name).unwrap_or_else(|_| default.to_owned());
    format!("{before}{value}{after}")
}
