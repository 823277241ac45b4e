//! The `mtls` command on the cluster, as people have it: a CA that was moved there, two processes, and one on a standby.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use suite::process::{Finished, run};
use tokio::task::block_in_place;
use x509_identity::Certificate;

use crate::clock;
use crate::cluster::Cluster;
use crate::cluster::process::Running;
use crate::http::Client;
use crate::reader::{Watch, answers};
use crate::verify::Point;

/// Each point.
pub(crate) async fn all(cluster: &mut Cluster, program: &Path) -> Vec<Point> {
    let place = block_in_place(|| {
        cluster.sql("postgres", "CREATE DATABASE mtls")?;
        Place::new(program, &cluster.url(DATABASE))
    });
    let place = match place {
        Ok(place) => place,
        Err(error) => return vec![("the `mtls` command on a cluster".into(), Err(error))],
    };
    vec![
        (
            "the `mtls` command, while the primary is killed".into(),
            goes_on(cluster, &place).await,
        ),
        (
            "the `mtls` command, with a clock two hours ahead".into(),
            is_ahead(cluster, &place).await,
        ),
    ]
}

/// It issues again after a while, and a process without the CA's keys answers all the time.
async fn goes_on(cluster: &mut Cluster, place: &Place) -> Result<String> {
    let standby = block_in_place(|| cluster.url_of_standby(DATABASE))?;
    let log = |name: &str| cluster.directory().join(name);
    let address = |port| SocketAddr::from((cluster.outside(), port));
    let mut serving = Vec::new();
    for port in [8021, 8022] {
        let mut serve = place.serve(&place.home(), address(port));
        serve.arg("--passphrase-file").arg(place.file("passphrase"));
        serving.push(Running::start(&mut serve, &log("mtls.log"))?);
        healthy(address(port)).await?;
    }
    block_in_place(|| place.issue("alice"))?;
    let mut reads = place.serve(&place.file("reader"), address(8023));
    reads.args(["--read-only", "--store", &standby]);
    serving.push(Running::start(&mut reads, &log("reader.log"))?);
    let issuer = std::fs::read(place.home().join("default/issuing.crt"))?;
    let issuer = Certificate::from_pem(&issuer)?;
    let alice = std::fs::read(place.file("alice/client.crt"))?;
    let asked = (Certificate::from_pem(&alice)?, issuer);
    answers(address(8023), CRL, &asked).await?;

    let watch = Watch::start(address(8023), CRL, Some(asked));
    let fault = Instant::now();
    let primary = block_in_place(|| cluster.kill_primary())?;
    let listed = block_in_place(|| place.mtls(&["list"]))?;
    ensure!(listed.success(), "list: {}", listed.reason());
    ensure!(listed.stdout.contains("alice"), "{}", listed.stdout);
    let warned = listed.stderr.contains("what a standby knows");
    let verified = block_in_place(|| place.mtls(&["audit", "verify"]))?;
    ensure!(verified.success(), "audit verify: {}", verified.reason());
    let mut tries = 1;
    while block_in_place(|| place.issue("bob")).is_err() {
        ensure!(fault.elapsed() < LIMIT, "it issues no more");
        tries += 1;
    }
    let paused = fault.elapsed().as_secs_f64();
    let seen = watch.stop().await?;
    ensure!(seen.failures == 0, "the standby has failed: {seen:?}");
    let revoked = block_in_place(|| place.mtls(&["revoke", "--name", "bob", "--yes"]))?;
    ensure!(revoked.success(), "revoke: {}", revoked.reason());
    let verified = block_in_place(|| place.mtls(&["audit", "verify"]))?;
    ensure!(verified.success(), "audit verify: {}", verified.reason());
    let on_standby = ["audit", "verify", "--store", &standby];
    let verified = block_in_place(|| place.mtls(&on_standby))?;
    ensure!(verified.success(), "on a standby: {}", verified.reason());
    drop(serving);
    cluster.revive(primary)?;
    block_in_place(|| cluster.wait_until_whole())?;
    Ok(format!(
        "issued again after {paused:.1} s and {tries} tries, listed and verified meanwhile{}; the standby has answered {} \
         times",
        if warned { " from a standby" } else { "" },
        seen.answers
    ))
}

/// Beside a process whose clock is right, one that is two hours ahead issues nothing, and says why. It revokes.
async fn is_ahead(cluster: &Cluster, place: &Place) -> Result<String> {
    let address = |port| SocketAddr::from((cluster.outside(), port));
    let log = cluster.directory().join("mtls.log");
    let mut serve = place.serve(&place.home(), address(8024));
    serve.arg("--passphrase-file").arg(place.file("passphrase"));
    let _serving = Running::start(&mut serve, &log)?;
    healthy(address(8024)).await?;
    let ahead = |arguments: &[&str]| {
        let mut command = place.command(&place.home());
        command.envs(clock::off_by("+2h")?);
        command.args(["--passphrase-file", "passphrase"]);
        block_in_place(|| run(command.args(arguments), None))
    };
    let is_refused = |what: &[&str]| {
        let refused = ahead(what)?;
        let said = refused.stderr.contains("the clock is wrong");
        ensure!(
            refused.code == Some(1) && said,
            "{what:?}: exit code {:?}, {}",
            refused.code,
            refused.stderr
        );
        anyhow::Ok(())
    };
    is_refused(&["issue", "client", "carol", "--out", "carol"])?;
    ensure!(!place.file("carol").exists(), "carol has files");
    is_refused(&["crl", "--out", "crls"])?;
    // Its own certificate is the first thing that it would issue.
    let (plain, tls) = (address(8025).to_string(), address(8026).to_string());
    is_refused(&["serve", "--listen", &plain, "--enroll", &tls])?;
    block_in_place(|| place.issue("dave"))?;
    let revoked = ahead(&["revoke", "--name", "dave", "--yes"])?;
    ensure!(revoked.success(), "revoke: {}", revoked.reason());
    let listed = block_in_place(|| place.mtls(&["list", "--state", "revoked"]))?;
    ensure!(listed.stdout.contains("dave"), "{}", listed.stdout);
    Ok("`issue`, `crl` and `serve --enroll` are refused, and it revokes".to_owned())
}

/// A directory with the command's home, and one that has no keys.
struct Place {
    directory: tempfile::TempDir,
    program: PathBuf,
}

impl Place {
    /// A CA whose store was moved to `url`.
    fn new(program: &Path, url: &str) -> Result<Self> {
        let place = Self {
            directory: tempfile::tempdir()?,
            program: program.to_owned(),
        };
        std::fs::write(place.file("passphrase"), "correct horse\n")?;
        let init = place.with_passphrase(&["ca", "init", "--url", "http://ca.example:8080"])?;
        ensure!(init.success(), "ca init: {}", init.reason());
        let copied = place.mtls(&["store", "copy", "--to", url])?;
        ensure!(copied.success(), "store copy: {}", copied.reason());
        let settings = place.home().join("default/ca.toml");
        let text = std::fs::read_to_string(&settings)?;
        let moved = text.replace("sqlite:store.db", url);
        ensure!(text != moved, "ca.toml names another store");
        std::fs::write(&settings, moved)?;
        std::fs::remove_file(place.home().join("default/store.db"))?;
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(place.home()).arg(place.file("reader"));
        let copied = run(&mut copy, None)?;
        ensure!(copied.success(), "cp: {}", copied.reason());
        std::fs::remove_dir_all(place.file("reader/default/keys"))?;
        Ok(place)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn home(&self) -> PathBuf {
        self.file("home")
    }

    fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.directory.path())
            .env("MTLS_HOME", home)
            .env_remove("MTLS_PASSPHRASE_FILE");
        command
    }

    fn mtls(&self, arguments: &[&str]) -> Result<Finished> {
        run(self.command(&self.home()).args(arguments), None)
    }

    fn with_passphrase(&self, arguments: &[&str]) -> Result<Finished> {
        let mut command = self.command(&self.home());
        command.arg("--passphrase-file").arg("passphrase");
        run(command.args(arguments), None)
    }

    fn issue(&self, name: &str) -> Result<()> {
        let issued = self.with_passphrase(&["issue", "client", name, "--out", name])?;
        ensure!(issued.success(), "issue: {}", issued.reason());
        Ok(())
    }

    fn serve(&self, home: &Path, address: SocketAddr) -> Command {
        let mut command = self.command(home);
        command.args(["serve", "--listen", &address.to_string()]);
        command.args(["--responder-key", "ocsp.key"]);
        command
    }
}

async fn healthy(address: SocketAddr) -> Result<()> {
    let end = Instant::now() + LIMIT;
    loop {
        let mut client = Client::new(address);
        let health = client.send("GET", "/healthz", Vec::new(), SOON).await;
        let Err(error) = health else { return Ok(()) };
        if Instant::now() > end {
            return Err(error).context("a process does not become healthy");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

const DATABASE: &str = "mtls";
const CRL: &str = "/crl/default-issuing-0.crl";
const LIMIT: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(5);
