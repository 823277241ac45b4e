//! Caddy: the `tls` directive of each site of a Caddyfile.

use std::env;
use std::path::{Path, PathBuf};

use super::directive::{Directive, Line, Token, tokens, tree};
use crate::config::settings::{Server, ServerSettings, Setting, Verify, resolve};

/// Every site with a `tls` directive.
pub(crate) fn read(path: &Path, text: &str) -> Vec<ServerSettings> {
    let sites = tree(tokens(text, "{}"), &Token::Newline, &Line::new(path, 1));
    let beside = path.parent().unwrap_or(Path::new("")).to_owned();
    let bases = [PathBuf::new(), beside.clone(), beside.join("..")];
    let bases: Vec<&Path> = bases.iter().map(PathBuf::as_path).collect();
    sites
        .iter()
        // The first block without an address has the global options, and one in brackets is a snippet.
        .filter(|site| !site.name.is_empty())
        .filter_map(|site| site.child("tls"))
        .map(|tls| settings(tls, &bases))
        .collect()
}

fn settings(tls: &Directive, bases: &[&Path]) -> ServerSettings {
    let file = |directive: &Directive, name: &'static str, path: &str| {
        Setting::of(directive, name, resolve(&substituted(path), bases))
    };
    let mut settings = ServerSettings::new(Server::Caddy, &tls.at);
    if let [certificate, key] = tls.arguments.as_slice() {
        settings.certificate = Some(file(tls, "tls", certificate));
        settings.key = Some(file(tls, "tls", key));
    }
    settings.verify.name = "client_auth";
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
    if let Some(versions) = tls.child("protocols") {
        // The lowest, and the highest if it is named.
        settings.versions = versions.arguments.iter().take(1).cloned().collect();
        settings.versions_at = Some(versions.at.clone());
    }
    settings
}

/// `{$NAME:default}`.
fn substituted(text: &str) -> String {
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
