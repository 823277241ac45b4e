//! Caddy, which gets its certificate by `tls-alpn-01` on the port that it serves on.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use suite::process::{self, Server};

use super::issuer::{ExternalKey, Issuer, NAME, OTHER_NAME};
use crate::report::group::ACME as GROUP;
use crate::report::{Report, Verdict};

pub(super) fn tell(issuer: &Issuer<'_>, report: &mut Report) -> Result<()> {
    let key = issuer.external_key()?;
    let caddy = serve(issuer, "caddy", NAME, &key)?;
    let seen = ask(issuer, NAME, PATIENCE);
    report.push(
        GROUP,
        "Caddy",
        "issues by tls-alpn-01",
        Verdict::Accepted,
        seen,
    );
    caddy.end()?;
    // What was issued is kept, and used again.
    let caddy = serve(issuer, "caddy", NAME, &key)?;
    let seen = ask(issuer, NAME, PATIENCE);
    report.push(
        GROUP,
        "Caddy",
        "serves after a restart",
        Verdict::Accepted,
        seen,
    );
    caddy.end()?;
    let kept = Verdict::accepted_if(issuer.count()? == 1);
    let seen = Ok((kept, "one certificate".to_owned()));
    report.push(
        GROUP,
        "Caddy",
        "with the same certificate",
        Verdict::Accepted,
        seen,
    );
    // Caddy has no command for either: it renews what it learns to be revoked, by OCSP.
    issuer
        .home
        .ok(&["revoke", "--profile", "server", "--yes"])?;
    let staples = issuer.home.path("caddy/ocsp");
    if staples.is_dir() {
        std::fs::remove_dir_all(staples)?;
    }
    let caddy = serve(issuer, "caddy", NAME, &key)?;
    let seen = renewed(issuer);
    report.push(
        GROUP,
        "Caddy",
        "renews what was revoked",
        Verdict::Accepted,
        seen,
    );
    caddy.end()?;
    let caddy = serve(issuer, "other", OTHER_NAME, &issuer.external_key()?)?;
    let seen = ask(issuer, OTHER_NAME, Duration::from_secs(3));
    report.push(
        GROUP,
        "Caddy",
        "a name that is not allowed",
        Verdict::Refused,
        seen,
    );
    caddy.end()
}

fn serve(issuer: &Issuer<'_>, storage: &str, name: &str, key: &ExternalKey) -> Result<Server> {
    let file = format!(
        "{{\n\tadmin off\n\tstorage file_system {storage}\n\thttp_port {http}\n\thttps_port {tls}\n\t\
         auto_https disable_redirects\n\tskip_install_trust\n\tacme_ca {directory}\n\tacme_ca_root ca.crt\n\t\
         acme_eab {{\n\t\tkey_id {id}\n\t\tmac_key {mac}\n\t}}\n}}\n\n\
         https://{name}:{tls} {{\n\tbind 127.0.0.1\n\ttls {{\n\t\tissuer acme {{\n\t\t\tdisable_http_challenge\n\t\t}}\n\t}}\n\t\
         respond \"hello\"\n}}\n",
        http = issuer.http,
        tls = issuer.tls,
        directory = issuer.directory_url(),
        id = key.id,
        mac = key.hmac,
    );
    std::fs::write(issuer.home.path("Caddyfile"), file)?;
    let mut caddy = issuer.command("caddy");
    caddy
        .env("HOME", issuer.home.directory())
        .env("XDG_DATA_HOME", issuer.home.directory())
        .args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
    Server::start(&mut caddy, issuer.tls)
}

/// Waits for another certificate, and asks for it.
fn renewed(issuer: &Issuer<'_>) -> Result<(Verdict, String)> {
    let start = Instant::now();
    while issuer.count()? < 2 {
        if start.elapsed() > PATIENCE {
            return Ok((
                Verdict::Refused,
                "there is no second certificate".to_owned(),
            ));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    ask(issuer, NAME, PATIENCE)
}

/// Asks by curl until there is an answer that the CA vouches for, or the time is over.
fn ask(issuer: &Issuer<'_>, name: &str, patience: Duration) -> Result<(Verdict, String)> {
    let start = Instant::now();
    loop {
        let mut curl = issuer.command("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--cacert",
            "ca.crt",
            "--max-time",
            "2",
        ])
        .args(["--resolve", &format!("{name}:{}:127.0.0.1", issuer.tls)])
        .arg(format!("https://{name}:{}/", issuer.tls));
        let said = process::run(&mut curl, None)?;
        if said.success() {
            return match said.stdout.as_str() {
                "hello" => Ok((Verdict::Accepted, "hello".to_owned())),
                other => bail!("curl got {other}"),
            };
        }
        if start.elapsed() > patience {
            return Ok((Verdict::Refused, said.reason()));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
