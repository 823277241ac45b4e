//! certbot with its own web server.

use std::process::Command;

use anyhow::Result;
use suite::process;

use super::issuer::{ExternalKey, Issuer, NAME, OTHER_NAME, verdict};
use crate::report::group::ACME as GROUP;
use crate::report::{Report, Verdict};

pub(super) fn tell(issuer: &Issuer<'_>, report: &mut Report) -> Result<()> {
    let key = issuer.external_key()?;
    let wrong = ExternalKey {
        id: "eab-0000000000000000".to_owned(),
        hmac: key.hmac.clone(),
    };
    let unauthorized = "urn:ietf:params:acme:error:unauthorized";
    let cases = [
        (
            "a key ID that is not ours",
            "wrong",
            &wrong,
            NAME,
            Verdict::Refused,
            unauthorized,
        ),
        (
            "issues by http-01",
            "certbot",
            &key,
            NAME,
            Verdict::Accepted,
            "",
        ),
        (
            "a name that is not allowed",
            "certbot",
            &key,
            OTHER_NAME,
            Verdict::Refused,
            "is not one that may be asked for",
        ),
    ];
    for (case, directory, key, name, expected, words) in cases {
        let mut certbot = command(issuer, directory);
        certbot
            .args([
                "certonly",
                "--standalone",
                "--agree-tos",
                "--register-unsafely-without-email",
            ])
            .args([
                "--eab-kid",
                &key.id,
                "--eab-hmac-key",
                &key.hmac,
                "-d",
                name,
            ])
            .args(["--http-01-address", "127.0.0.1"])
            .args(["--http-01-port", &issuer.http.to_string()]);
        let ran = process::run(&mut certbot, None).map(|mut ran| {
            // What Debian's certbot prints of a refusal is a mistake of its own, and the log has the refusal.
            let log = issuer.home.path(directory).join("logs/letsencrypt.log");
            ran.stderr.extend(std::fs::read_to_string(log));
            ran
        });
        report.push(GROUP, "certbot", case, expected, verdict(ran, words));
    }
    let chain = format!("certbot/config/live/{NAME}/fullchain.pem");
    report.push(
        GROUP,
        "openssl verify",
        "what certbot got",
        Verdict::Accepted,
        issuer.verified(&chain),
    );
    let mut renew = command(issuer, "certbot");
    renew.args(["renew", "--force-renewal", "--no-random-sleep-on-renew"]);
    let ran = process::run(&mut renew, None);
    report.push(
        GROUP,
        "certbot",
        "renews",
        Verdict::Accepted,
        verdict(ran, ""),
    );
    let again = Verdict::accepted_if(issuer.count()? == 2);
    let seen = Ok((again, "two certificates".to_owned()));
    report.push(
        GROUP,
        "certbot",
        "each time another certificate",
        Verdict::Accepted,
        seen,
    );
    let mut revoke = command(issuer, "certbot");
    let certificate = format!("certbot/config/live/{NAME}/cert.pem");
    revoke
        .args([
            "revoke",
            "--cert-path",
            &certificate,
            "--reason",
            "superseded",
        ])
        .arg("--no-delete-after-revoke");
    let ran = process::run(&mut revoke, None);
    report.push(
        GROUP,
        "certbot",
        "revokes",
        Verdict::Accepted,
        verdict(ran, ""),
    );
    report.push(
        GROUP,
        "openssl verify",
        "what certbot has revoked",
        Verdict::Refused,
        issuer.verified(&chain),
    );
    Ok(())
}

fn command(issuer: &Issuer<'_>, directory: &str) -> Command {
    let mut certbot = issuer.command("certbot");
    certbot
        .env("REQUESTS_CA_BUNDLE", issuer.root())
        .args(["--non-interactive", "--server", &issuer.directory_url()])
        .args(["--config-dir", &format!("{directory}/config")])
        .args(["--work-dir", &format!("{directory}/work")])
        .args(["--logs-dir", &format!("{directory}/logs")]);
    certbot
}
