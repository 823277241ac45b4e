//! lego, by `http-01` and `tls-alpn-01`.

use std::process::Command;

use anyhow::Result;
use suite::process;

use super::issuer::{ExternalKey, Issuer, NAME, OTHER_NAME, verdict};
use crate::report::group::ACME as GROUP;
use crate::report::{Report, Verdict};

pub(super) fn tell(issuer: &Issuer<'_>, report: &mut Report) -> Result<()> {
    let key = issuer.external_key()?;
    let wrong = ExternalKey {
        id: key.id.clone(),
        hmac: "A".repeat(43),
    };
    let mut row = |case: &str, expected, ran: Result<process::Finished>, words: &str| {
        report.push(GROUP, "lego", case, expected, verdict(ran, words));
    };
    let run =
        |mut command: Command, arguments: &[&str]| process::run(command.args(arguments), None);
    let lego = |directory: &str, key: &ExternalKey, names: &[&str], challenge: &str| {
        command(issuer, directory, key, names, challenge)
    };
    row(
        "an HMAC key that is not ours",
        Verdict::Refused,
        run(lego("wrong", &wrong, &[NAME], "http"), &["run"]),
        "unauthorized",
    );
    row(
        "issues by http-01",
        Verdict::Accepted,
        run(lego("lego", &key, &[NAME], "http"), &["run"]),
        "",
    );
    row(
        "a name that is not allowed",
        Verdict::Refused,
        run(lego("lego", &key, &[OTHER_NAME], "http"), &["run"]),
        "rejectedIdentifier",
    );
    let chain = format!("lego/certificates/{NAME}.crt");
    let first = std::fs::read(issuer.home.path(&chain))?;
    report.push(
        GROUP,
        "openssl verify",
        "what lego got",
        Verdict::Accepted,
        issuer.verified(&chain),
    );
    let mut row = |case: &str, expected, ran: Result<process::Finished>, words: &str| {
        report.push(GROUP, "lego", case, expected, verdict(ran, words));
    };
    row(
        "renews by tls-alpn-01",
        Verdict::Accepted,
        run(
            lego("lego", &key, &[NAME], "tls"),
            &["renew", "--days", "1000", "--no-random-sleep"],
        ),
        "",
    );
    let second = std::fs::read(issuer.home.path(&chain))?;
    row(
        "revokes",
        Verdict::Accepted,
        run(
            lego("lego", &key, &[NAME], "http"),
            &["revoke", "--keep", "--reason", "4"],
        ),
        "",
    );
    std::fs::write(issuer.home.path("second.crt"), &second)?;
    report.push(
        GROUP,
        "openssl verify",
        "what lego has revoked",
        Verdict::Refused,
        issuer.verified("second.crt"),
    );
    let renewed = Verdict::accepted_if(first != second && issuer.count()? == 2);
    let seen = Ok((renewed, "two certificates".to_owned()));
    report.push(
        GROUP,
        "lego",
        "each time another certificate",
        Verdict::Accepted,
        seen,
    );
    Ok(())
}

fn command(
    issuer: &Issuer<'_>,
    directory: &str,
    key: &ExternalKey,
    names: &[&str],
    challenge: &str,
) -> Command {
    let mut lego = issuer.command("lego");
    lego.env("LEGO_CA_CERTIFICATES", issuer.root())
        .args(["--server", &issuer.directory_url(), "--path", directory])
        .args(["--email", "a@example.org", "--accept-tos"])
        .args(["--eab", "--kid", &key.id, "--hmac", &key.hmac]);
    for name in names {
        lego.args(["--domains", name]);
    }
    match challenge {
        "http" => lego.args([
            "--http",
            "--http.port",
            &format!("127.0.0.1:{}", issuer.http),
        ]),
        _ => lego.args(["--tls", "--tls.port", &format!("127.0.0.1:{}", issuer.tls)]),
    };
    lego
}
