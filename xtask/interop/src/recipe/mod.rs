//! The files that people make with openssl today, given to our server and our client as they are.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use suite::ServerFiles;
use suite::process::{self, Server};

use crate::clients::curl;
use crate::issued::certificates::pkilint;
use crate::report::group::RECIPE as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::PASSWORD;

pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    let labs: Vec<_> = VARIANTS
        .iter()
        .map(|variant| make(bench, variant))
        .collect();
    for (index, (variant, made)) in VARIANTS.iter().zip(&labs).enumerate() {
        let other = &labs[(index + 1) % labs.len()];
        let files = made
            .as_ref()
            .map_err(|error| format!("{error:#}"))
            .map(tempfile::TempDir::path);
        let stranger = other
            .as_ref()
            .map_err(|error| format!("{error:#}"))
            .map(tempfile::TempDir::path);
        match (files, stranger) {
            (Ok(files), Ok(stranger)) => check_variant(bench, report, variant, files, stranger),
            (Err(why), _) | (_, Err(why)) => {
                report.push(
                    GROUP,
                    variant.name,
                    "openssl makes its files",
                    Verdict::Accepted,
                    Ok((Verdict::NotRun, why)),
                );
            }
        }
    }
}

/// One of the recipe's two ways to write the extensions.
struct Variant {
    name: &'static str,
    argument: &'static str,
    /// A host that its server certificate names.
    host: &'static str,
    /// Who its client is.
    common_name: &'static str,
}

fn check_variant(
    bench: &Bench<'_>,
    report: &mut Report,
    variant: &Variant,
    files: &Path,
    stranger: &Path,
) {
    let arg = |directory: &Path, file: &str| directory.join(file).to_string_lossy().into_owned();
    let ca = files.join("ca.crt");
    let server_files = ServerFiles {
        cert: files.join("server.crt"),
        key: files.join("server.key"),
        client_ca: ca.clone(),
        crl: None,
    };
    let server = bench.own().and_then(|own| own.serve(&server_files));
    let url = server
        .as_ref()
        .map(Server::port)
        .map(|port| format!("https://{}:{port}/", variant.host));

    let pem =
        |directory: &Path| curl::pem(&arg(directory, "client.crt"), &arg(directory, "client.key"));
    let greeting = format!("Hello {}", variant.common_name);
    for (case, shown, expected) in [
        ("curl, client.crt", pem(files), Verdict::Accepted),
        (
            "curl, client.p12",
            curl::p12(&arg(files, "client.p12"), PASSWORD),
            Verdict::Accepted,
        ),
        (
            "curl, client_ios.p12",
            curl::p12(&arg(files, "client_ios.p12"), PASSWORD),
            Verdict::Accepted,
        ),
        (
            "curl, no certificate",
            curl::nothing(),
            Verdict::RefusedInTls,
        ),
        (
            "curl, client of another root",
            pem(stranger),
            Verdict::RefusedInTls,
        ),
    ] {
        let seen = (|| {
            greeted(
                curl::ask(bench, started(&url)?, &ca, &shown, &[])?,
                &greeting,
            )
        })();
        report.push(GROUP, variant.name, case, expected, seen);
    }

    let password = arg(files, "password");
    let shown = |directory: &Path| {
        [
            "--cert".to_owned(),
            arg(directory, "client.crt"),
            "--key".to_owned(),
            arg(directory, "client.key"),
        ]
    };
    let bundle = |file: &str| {
        [
            "--p12".to_owned(),
            arg(files, file),
            "--password-file".to_owned(),
            password.clone(),
        ]
    };
    for (case, trusted, identity, expected) in [
        ("fetch, client.crt", files, shown(files), Verdict::Accepted),
        (
            "fetch, client.p12",
            files,
            bundle("client.p12"),
            Verdict::Accepted,
        ),
        (
            "fetch, client_ios.p12",
            files,
            bundle("client_ios.p12"),
            Verdict::Accepted,
        ),
        (
            "fetch, client of another root",
            files,
            shown(stranger),
            Verdict::RefusedInTls,
        ),
        (
            "fetch refuses the server of another root",
            stranger,
            shown(files),
            Verdict::Refused,
        ),
    ] {
        let seen = (|| {
            fs::write(&password, PASSWORD)?;
            let identity: Vec<&str> = identity.iter().map(String::as_str).collect();
            greeted(
                bench
                    .own()?
                    .fetch(started(&url)?, &trusted.join("ca.crt"), &identity)?,
                &greeting,
            )
        })();
        report.push(GROUP, variant.name, case, expected, seen);
    }

    // Why the lab does not make its root as the recipe does.
    let root = arg(files, "ca.crt");
    let strict = bench.peers.run(
        "openssl",
        &[
            "verify",
            "-x509_strict",
            "-CAfile",
            &root,
            &arg(files, "client.crt"),
        ],
    );
    let strict = strict.map(|said| {
        (
            if said.success() {
                Verdict::Accepted
            } else {
                Verdict::Refused
            },
            said.stderr,
        )
    });
    for (judge, seen) in [
        ("openssl verify -x509_strict", strict),
        ("pkilint of ca.crt", pkilint(bench, &root)),
    ] {
        report.push(
            GROUP,
            variant.name,
            judge,
            Verdict::Refused,
            seen.and_then(blames_key_usage),
        );
    }
}

/// The root's missing key usage has to be the reason.
fn blames_key_usage((verdict, said): (Verdict, String)) -> Result<(Verdict, String)> {
    let blamed = said.contains("CA cert does not include key usage")
        || said.contains("ca_certificate_no_ku_extension");
    ensure!(
        verdict != Verdict::Refused || blamed,
        "refused for another reason: {said}"
    );
    Ok((verdict, said))
}

/// An answer without the client's name in it is no proof.
fn greeted((verdict, said): (Verdict, String), greeting: &str) -> Result<(Verdict, String)> {
    ensure!(
        verdict != Verdict::Accepted || said.contains(greeting),
        "no `{greeting}` in the answer: {said}"
    );
    Ok((verdict, said))
}

fn started<E: std::fmt::Display>(url: &Result<String, E>) -> Result<&str> {
    url.as_deref()
        .map_err(|error| anyhow::anyhow!("our server: {error:#}"))
}

fn make(bench: &Bench<'_>, variant: &Variant) -> Result<tempfile::TempDir> {
    let directory = tempfile::tempdir_in(bench.scratch.path())?;
    let mut shell = bench.peers.command("sh");
    shell
        .args([
            "-c",
            include_str!("recipe.sh"),
            "recipe.sh",
            variant.argument,
        ])
        .current_dir(directory.path());
    let said = process::run(&mut shell, None).context("the recipe")?;
    ensure!(said.success(), "the recipe failed: {}", said.reason());
    Ok(directory)
}

const VARIANTS: &[Variant] = &[
    Variant {
        name: "with extension files",
        argument: "ext",
        host: "127.0.0.1",
        common_name: "client1",
    },
    Variant {
        name: "with configuration files",
        argument: "san",
        host: "localhost",
        common_name: "test-client",
    },
];
