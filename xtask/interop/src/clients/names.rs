//! Clients with awkward names, made by others: what our server says they are called.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use suite::process::{self, Server};

use crate::clients::curl;
use crate::issued::client_certificate;
use crate::report::group::NAMES as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;
use crate::workbench::lab::Lab;

pub(crate) fn check(bench: &Bench<'_>, lab: &Lab, report: &mut Report) {
    let server = bench.own().and_then(|own| own.serve(&lab.server_files()));
    for name in NAMES {
        let seen = (|| {
            let server = server
                .as_ref()
                .map_err(|error| anyhow::anyhow!("our server: {error:#}"))?;
            let certificate = bench.scratch("named.crt");
            (name.make)(bench, lab, &certificate)?;
            ask(bench, lab, server, &certificate)
        })();
        report.push(GROUP, "hello (ours)", name.case, name.expected, seen);
    }
}

struct Name {
    case: &'static str,
    /// Writes a client certificate for the key of `same-ca/client.key`.
    make: fn(&Bench<'_>, &Lab, &Path) -> Result<()>,
    expected: Verdict,
}

/// Accepted only if the name is the same in the greeting, in `/whoami`, and escaped in its subject.
fn ask(
    bench: &Bench<'_>,
    lab: &Lab,
    server: &Server,
    certificate: &Path,
) -> Result<(Verdict, String)> {
    let shown = curl::pem(
        &certificate.to_string_lossy(),
        &lab.arg("same-ca/client.key"),
    );
    let get = |path: &str| {
        let url = format!("https://localhost:{}{path}", server.port());
        curl::ask(bench, &url, &lab.path("same-ca/ca.crt"), &shown, &[])
    };
    let (verdict, greeting) = get("/")?;
    if verdict != Verdict::Accepted {
        return Ok((verdict, greeting));
    }
    let (_, whoami) = get("/whoami")?;
    let whoami: serde_json::Value = serde_json::from_str(&whoami).context("/whoami is no JSON")?;
    ensure!(
        greeting.trim_end() == format!("Hello {ODD_NAME}"),
        "the greeting is `{greeting}`"
    );
    ensure!(
        whoami["common_name"] == ODD_NAME,
        "common_name is {}",
        whoami["common_name"]
    );
    // RFC 4514 2.4 leaves a `=` as it is, or escapes it.
    let subject = whoami["subject"]
        .as_str()
        .unwrap_or_default()
        .replace("\\=", "=");
    ensure!(
        subject.contains(ODD_NAME_ESCAPED),
        "the subject is {subject}"
    );
    Ok((Verdict::Accepted, subject))
}

/// By openssl, as the recipe signs a client.
fn odd_name(bench: &Bench<'_>, lab: &Lab, certificate: &Path) -> Result<()> {
    let (request, extensions) = (bench.scratch("named.csr"), bench.scratch("named.cnf"));
    fs::write(&extensions, "extendedKeyUsage = clientAuth\n")?;
    // The same text with openssl's own escapes.
    let subject = format!(
        "/C=US/O=MyOrg/CN={}",
        ODD_NAME.replace('\\', "\\\\").replace('+', "\\+")
    );
    let mut req = bench.peers.command("openssl");
    req.args([
        "req",
        "-new",
        "-utf8",
        "-subj",
        &subject,
        "-key",
        &lab.arg("same-ca/client.key"),
        "-out",
    ])
    .arg(&request);
    let mut x509 = bench.peers.command("openssl");
    x509.args([
        "x509",
        "-req",
        "-days",
        "1",
        "-set_serial",
        "0x1f2e3d",
        "-in",
    ])
    .arg(&request);
    x509.args([
        "-CA",
        &lab.arg("same-ca/ca.crt"),
        "-CAkey",
        &lab.arg("same-ca/ca.key"),
        "-extfile",
    ])
    .arg(&extensions);
    x509.arg("-out").arg(certificate);
    for mut command in [req, x509] {
        let said = process::run(&mut command, None)?;
        ensure!(
            said.success(),
            "openssl made no certificate: {}",
            said.reason()
        );
    }
    Ok(())
}

/// By pyca cryptography, as openssl's command line ends a text at its NUL: what others read as `client1`.
fn name_with_nul(bench: &Bench<'_>, lab: &Lab, certificate: &Path) -> Result<()> {
    let day = Duration::from_secs(24 * 60 * 60);
    client_certificate::write(bench, lab, "client1\0.example", day, certificate)
}

const ODD_NAME: &str = "Ådne \"X\", O=Évil\\, Ltd+#=;";
const ODD_NAME_ESCAPED: &str = "CN=Ådne \\\"X\\\"\\, O=Évil\\\\\\, Ltd\\+#=\\;";

const NAMES: &[Name] = &[
    Name {
        case: "every special character of RFC 4514",
        make: odd_name,
        expected: Verdict::Accepted,
    },
    Name {
        case: "client1, NUL, .example",
        make: name_with_nul,
        expected: Verdict::RefusedInTls,
    },
];
