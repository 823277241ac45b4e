//! dehydrated, a shell script, with the web server of Python.

use std::process::Command;

use anyhow::Result;
use suite::process::{self, Server};

use super::GROUP;
use super::issuer::{ExternalKey, Issuer, NAME, OTHER_NAME, verdict};
use crate::report::{Report, Verdict};

pub(super) fn tell(issuer: &Issuer<'_>, report: &mut Report) -> Result<()> {
    let key = issuer.external_key()?;
    let wrong = ExternalKey {
        id: key.id.clone(),
        hmac: issuer.external_key()?.hmac,
    };
    std::fs::create_dir_all(issuer.home.path(CHALLENGES))?;
    let mut python = issuer.command("python3");
    python
        .args(["-m", "http.server", &issuer.http.to_string()])
        .args(["--bind", "127.0.0.1", "--directory", "www"]);
    let _website = Server::start(&mut python, issuer.http)?;
    let register = &["--register", "--accept-terms"][..];
    let refused = (Verdict::Refused, "unauthorized");
    let accepted = (Verdict::Accepted, "");
    for (case, key, arguments, (expected, words)) in [
        ("the HMAC key of another one", &wrong, register, refused),
        ("makes an account", &key, register, accepted),
        (
            "issues by http-01",
            &key,
            &["--cron", "--domain", NAME],
            accepted,
        ),
        (
            "a name that is not allowed",
            &key,
            &["--cron", "--domain", OTHER_NAME],
            (Verdict::Refused, "rejectedIdentifier"),
        ),
        (
            "renews",
            &key,
            &["--cron", "--force", "--domain", NAME],
            accepted,
        ),
    ] {
        let ran = process::run(command(issuer, key)?.args(arguments), None);
        report.push(GROUP, "dehydrated", case, expected, verdict(ran, words));
        if expected == Verdict::Refused && arguments == register {
            // It takes what it has begun for an account.
            std::fs::remove_dir_all(issuer.home.path("dehydrated"))?;
        }
    }
    let chain = "dehydrated/certs/chain.pem";
    let live = issuer.home.path("dehydrated/certs").join(NAME);
    std::fs::copy(live.join("fullchain.pem"), issuer.home.path(chain))?;
    report.push(
        GROUP,
        "openssl verify",
        "what dehydrated got",
        Verdict::Accepted,
        issuer.verified(chain),
    );
    let again = Verdict::accepted_if(issuer.count()? == 2);
    let seen = Ok((again, "two certificates".to_owned()));
    let case = "each time another certificate";
    report.push(GROUP, "dehydrated", case, Verdict::Accepted, seen);
    let certificate = live.join("cert.pem").display().to_string();
    let last = &["--cron", "--force", "--domain", NAME][..];
    for (case, arguments, (expected, words)) in [
        ("revokes", &["--revoke", &certificate][..], accepted),
        ("ends its account", &["--deactivate"], accepted),
        (
            "an account that has ended",
            last,
            // It knows so itself.
            (Verdict::Refused, "has been deactivated"),
        ),
    ] {
        let ran = process::run(command(issuer, &key)?.args(arguments), None);
        report.push(GROUP, "dehydrated", case, expected, verdict(ran, words));
    }
    report.push(
        GROUP,
        "openssl verify",
        "what dehydrated has revoked",
        Verdict::Refused,
        issuer.verified(chain),
    );
    Ok(())
}

fn command(issuer: &Issuer<'_>, key: &ExternalKey) -> Result<Command> {
    let path = |name: &str| issuer.home.path(name).display().to_string();
    let settings = format!(
        "CA=\"{}\"\nCURL_OPTS=\"--cacert {}\"\nBASEDIR=\"{}\"\nWELLKNOWN=\"{}\"\nCHALLENGETYPE=http-01\n\
         KEY_ALGO=prime256v1\nEAB_KID=\"{}\"\nEAB_HMAC_KEY=\"{}\"\n",
        issuer.directory_url(),
        issuer.root().display(),
        path("dehydrated"),
        path(CHALLENGES),
        key.id,
        key.hmac,
    );
    std::fs::create_dir_all(issuer.home.path("dehydrated"))?;
    std::fs::write(issuer.home.path("dehydrated/config"), settings)?;
    let mut dehydrated = issuer.command("dehydrated");
    dehydrated.args(["--config", "dehydrated/config"]);
    Ok(dehydrated)
}

const CHALLENGES: &str = "www/.well-known/acme-challenge";
