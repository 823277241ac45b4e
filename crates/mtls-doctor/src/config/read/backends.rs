//! Connections to backends, in the configurations of five servers.

use std::path::{Path, PathBuf};

use super::directive::{Directive, Line, last};
use super::yaml::Node;
use super::{apache, caddy, haproxy, nginx};
use crate::config::settings::{Backend, Server, Setting, bases, resolve};

/// Every one that is about certificates.
pub(in crate::config) fn backends(server: Server, path: &Path, text: &str) -> Vec<Backend> {
    let bases = match server {
        Server::Nginx => vec![path.parent().unwrap_or(Path::new("")).to_owned()],
        _ => bases(path).to_vec(),
    };
    let mut found = Vec::new();
    match server {
        Server::Apache => {
            let (directives, bases) = apache::parsed(path, text);
            let sections = directives.iter().map(|one| one.children.as_slice());
            for section in std::iter::once(directives.as_slice()).chain(sections) {
                found.extend(of_apache(section, &bases));
            }
        }
        Server::Caddy => {
            let sites = caddy::sites(path, text);
            sites
                .iter()
                .for_each(|site| of_caddy(site, &bases, &mut found));
        }
        Server::Envoy => found.extend(of_envoy(path, text, &bases)),
        Server::HaProxy => {
            let lines = haproxy::lines(path, text);
            found.extend(
                lines
                    .iter()
                    .filter_map(|line| of_haproxy(line, &lines, &bases)),
            );
        }
        Server::Nginx => {
            let directives = nginx::directives(path, text);
            of_nginx(&directives, &[], &bases, &mut found);
        }
    }
    found
}

/// The file that a directive names, where it is one.
fn file(
    directive: Option<&Directive>,
    name: &'static str,
    bases: &[PathBuf],
) -> Option<Setting<PathBuf>> {
    let directive = directive?;
    let path = directive.argument().filter(|path| nginx::is_file(path))?;
    Some(Setting::of(directive, name, resolve(path, bases)))
}

/// A block that says something of it, with what those around it hand down.
fn of_nginx(
    directives: &[Directive],
    above: &[&[Directive]],
    bases: &[PathBuf],
    found: &mut Vec<Backend>,
) {
    const KINDS: [[&str; 4]; 2] = [
        [
            "proxy_ssl_certificate",
            "proxy_ssl_certificate_key",
            "proxy_ssl_trusted_certificate",
            "proxy_ssl_verify",
        ],
        [
            "grpc_ssl_certificate",
            "grpc_ssl_certificate_key",
            "grpc_ssl_trusted_certificate",
            "grpc_ssl_verify",
        ],
    ];
    let mut levels = above.to_vec();
    levels.push(directives);
    for [certificate, key, trusted, verify] in KINDS {
        if ![certificate, key, trusted, verify]
            .iter()
            .any(|name| last(directives, name).is_some())
        {
            continue;
        }
        let find = |name: &str| levels.iter().rev().find_map(|level| last(level, name));
        let mut backend = Backend {
            certificate: file(find(certificate), certificate, bases),
            key: file(find(key), key, bases),
            trusted: file(find(trusted), trusted, bases),
            ..Backend::default()
        };
        // A block around it may have the certificate alone, and the one within it the key.
        let verifies = find(verify);
        let is_on = verifies.and_then(Directive::argument) == Some("on");
        backend.trusts_nobody = verifies
            .filter(|_| is_on && find(trusted).is_none())
            .map(|on| (on.at.clone(), trusted));
        let off = verifies.filter(|_| !is_on);
        backend.unverified = off.map(|off| (off.at.clone(), "ssl_verify off", "ssl_verify on"));
        if find(key).is_some() && backend.key.is_none() {
            backend.certificate = None;
        }
        found.push(backend);
    }
    for block in directives.iter().filter(|one| !one.children.is_empty()) {
        of_nginx(&block.children, &levels, bases, found);
    }
}

/// Certificates with their keys in one file, each pair behind the other.
fn of_apache(section: &[Directive], bases: &[PathBuf]) -> Option<Backend> {
    const CERTIFICATE: &str = "SSLProxyMachineCertificateFile";
    const TRUSTED: &str = "SSLProxyCACertificateFile";
    let certificate = last(section, CERTIFICATE);
    let trusted = last(section, TRUSTED);
    let verifies = last(section, "SSLProxyVerify");
    certificate.or(trusted).or(verifies)?;
    let is_required = |one: &&Directive| {
        one.argument()
            .is_some_and(|word| word.eq_ignore_ascii_case("require"))
    };
    let has_directory = last(section, "SSLProxyCACertificatePath").is_some();
    Some(Backend {
        certificate: file(certificate, CERTIFICATE, bases),
        trusted: file(trusted, TRUSTED, bases),
        trusts_nobody: verifies
            .filter(is_required)
            .filter(|_| trusted.is_none() && !has_directory)
            .map(|one| (one.at.clone(), TRUSTED)),
        unverified: verifies.filter(|one| !is_required(one)).map(|one| {
            (
                one.at.clone(),
                "SSLProxyVerify none",
                "SSLProxyVerify require",
            )
        }),
        ..Backend::default()
    })
}

/// `server` and `default-server` lines with `ssl`.
fn of_haproxy(line: &Directive, all: &[Directive], bases: &[PathBuf]) -> Option<Backend> {
    let is_server = line.is("server") || line.is("default-server");
    let has = |word: &str| line.arguments.iter().any(|one| one == word);
    if !is_server || !(has("ssl") || line.is("default-server")) {
        return None;
    }
    let value = |name: &str| all.iter().rev().find(|one| one.is(name));
    let named = |name: &'static str, base: &str| {
        let at = line.arguments.iter().position(|word| word == name)?;
        let path = line.arguments.get(at + 1)?;
        let base = value(base).and_then(Directive::argument).map(PathBuf::from);
        let bases: Vec<PathBuf> = base.into_iter().chain(bases.iter().cloned()).collect();
        let is_file = !path.starts_with('@') && !path.contains("${");
        is_file.then(|| Setting::of(line, name, resolve(path, &bases)))
    };
    let certificate = named("crt", "crt-base");
    let key = certificate.as_ref().and_then(|certificate| {
        let path = &certificate.value;
        let added = PathBuf::from(format!("{}.key", path.display()));
        let replaced = path.with_extension("key");
        let drops = value("ssl-load-extra-del-ext").is_some();
        let all = [Some(added), drops.then_some(replaced)];
        let beside = all.into_iter().flatten().find(|path| path.exists());
        beside.map(|path| Setting::of(line, "crt", path))
    });
    let verifies = !has("none");
    Some(Backend {
        certificate,
        key,
        trusted: named("ca-file", "ca-base"),
        trusts_nobody: (has("ssl") && verifies && has("required") && !has("ca-file"))
            .then(|| (line.at.clone(), "ca-file")),
        unverified: (!verifies).then(|| (line.at.clone(), "verify none", "verify required")),
    })
}

fn of_envoy(path: &Path, text: &str, bases: &[PathBuf]) -> Vec<Backend> {
    let Some(root) = Node::read(text) else {
        return Vec::new();
    };
    let is_context = |node: &Node| {
        let kind = node.get("@type").and_then(Node::text);
        kind.is_some_and(|kind| kind.ends_with(".UpstreamTlsContext"))
    };
    let mut contexts = Vec::new();
    root.find(&is_context, &mut contexts);
    let at = Line::new(path, 1);
    let file = |node: Option<&Node>, name: &'static str| {
        let file = node?.at(&[name, "filename"])?;
        let path = resolve(file.text()?, bases);
        Some(Setting::at(&at.numbered(file.line), name, path))
    };
    let backend = |context: &Node| {
        let common = context.get("common_tls_context")?;
        let plain = common.get("validation_context");
        let combined = ["combined_validation_context", "default_validation_context"];
        let validation = plain.or_else(|| common.at(&combined));
        let certificates = common.get("tls_certificates").map(Node::items);
        let first = certificates.unwrap_or_default().first().copied();
        let key = file(first, "private_key");
        let is_elsewhere = first.is_some_and(|first| {
            let others = ["private_key", "private_key_provider", "pkcs12"];
            others.iter().any(|name| first.get(name).is_some())
        });
        let certificate = file(first, "certificate_chain");
        Some(Backend {
            certificate: certificate.filter(|_| key.is_some() || !is_elsewhere),
            key,
            trusted: file(validation, "trusted_ca"),
            ..Backend::default()
        })
    };
    contexts.into_iter().filter_map(backend).collect()
}

/// `transport http { tls_client_auth CERTIFICATE KEY }`.
fn of_caddy(directive: &Directive, bases: &[PathBuf], found: &mut Vec<Backend>) {
    if !directive.is("transport") {
        let children = directive.children.iter();
        return children.for_each(|child| of_caddy(child, bases, found));
    }
    let auth = directive.child("tls_client_auth");
    let pair = auth.and_then(|auth| match auth.arguments.as_slice() {
        [certificate, key] if nginx::is_file(certificate) => Some((auth, certificate, key)),
        _ => None,
    });
    let of = |path: &String, at: &Directive| {
        let path = caddy::substituted(path);
        Setting::of(at, "tls_client_auth", resolve(&path, bases))
    };
    let pool = directive.child("tls_trust_pool");
    let pool = pool.filter(|pool| pool.argument() == Some("file"));
    let trusted = pool.and_then(|pool| {
        let path = caddy::substituted(pool.arguments.get(1)?);
        Some(Setting::of(pool, "tls_trust_pool", resolve(&path, bases)))
    });
    let older = || {
        file(
            directive.child("tls_trusted_ca_certs"),
            "tls_trusted_ca_certs",
            bases,
        )
    };
    let skips = directive.child("tls_insecure_skip_verify");
    found.push(Backend {
        certificate: pair.map(|(auth, certificate, _)| of(certificate, auth)),
        key: pair.map(|(auth, _, key)| of(key, auth)),
        trusted: trusted.or_else(older),
        unverified: skips.map(|skips| (skips.at.clone(), "tls_insecure_skip_verify", "tls")),
        ..Backend::default()
    });
}
