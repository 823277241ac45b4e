//! Chromium without a window, with a client certificate that it picks by itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use suite::process::{self, Finished};

use super::call::Call;
use crate::workbench::Bench;
use crate::workbench::lab::PASSWORD;

/// Opens the page of `call` in a profile of its own, and gives its document.
///
/// The root and the bundle go into a fresh NSS database, and a managed policy picks the certificate, as no flag does.
pub(crate) fn ask(bench: &Bench<'_>, call: &Call) -> Result<Finished> {
    let origin = call.url.trim_end_matches('/');
    let person = Person::with(bench, &call.ca, &call.p12, origin)?;
    let mut command = person.command(bench, "chromium");
    let profile = person.home.path().join("profile");
    command
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(&call.url);
    let mut said = process::run(&mut command, None)?;
    // Of what it says about the machine (no D-Bus, no GPU), only why a page did not load belongs here.
    said.stderr = said
        .stderr
        .lines()
        .filter_map(|line| line.split_once("net::"))
        .map(|(_, why)| why)
        .collect();
    ensure!(
        said.success() || !said.stderr.is_empty(),
        "Chromium ended with {:?} and no page",
        said.code
    );
    Ok(said)
}

/// A home with a root and a client certificate, which programs use that somebody has started in it.
pub(crate) struct Person {
    home: tempfile::TempDir,
    policy: Policy,
}

impl Person {
    /// Puts the root and the bundle into a fresh NSS database. The certificate is presented to `origin` without a question.
    pub(crate) fn with(bench: &Bench<'_>, ca: &Path, p12: &Path, origin: &str) -> Result<Self> {
        let home = tempfile::tempdir_in(bench.scratch.path())?;
        let database = home.path().join(".pki/nssdb");
        fs::create_dir_all(&database)?;
        let database = format!("sql:{}", database.display());
        let (ca, p12) = (ca.to_string_lossy(), p12.to_string_lossy());
        for (program, arguments) in [
            ("certutil", &["-d", &database, "-N", "--empty-password"][..]),
            (
                "certutil",
                &["-d", &database, "-A", "-n", "root", "-t", "C,,", "-i", &ca],
            ),
            (
                "pk12util",
                &["-d", &database, "-i", &p12, "-W", PASSWORD, "-K", ""],
            ),
        ] {
            let said = bench.peers.run(program, arguments)?;
            ensure!(
                said.success(),
                "{program} did not prepare the profile: {}",
                said.reason()
            );
        }
        let policy = Policy::install(bench, home.path(), origin)?;
        Ok(Self { home, policy })
    }

    /// A command that starts `program` there: Chromium, or what starts it.
    pub(crate) fn command(&self, bench: &Bench<'_>, program: &str) -> Command {
        let mut command = self.policy.command(bench, program);
        command.env("HOME", self.home.path());
        command
    }
}

/// Where the policy is, which Chromium reads from `/etc/chromium` only.
enum Policy {
    /// In a directory that is mounted over `/etc/chromium` for the one process.
    Mounted(PathBuf),
    /// In `/etc/chromium` itself until this is dropped: where no private mounts are to be had, as in most containers.
    Written(PathBuf),
}

impl Policy {
    fn install(bench: &Bench<'_>, home: &Path, origin: &str) -> Result<Self> {
        let rule = serde_json::json!({ "pattern": origin, "filter": {} }).to_string();
        let policy = serde_json::json!({ "AutoSelectCertificateForUrls": [rule] }).to_string();
        let private = bench
            .peers
            .run("unshare", &["--map-root-user", "--mount", "true"])?
            .success();
        let settings = if private {
            home.join("etc")
        } else {
            PathBuf::from("/etc/chromium")
        };

        let directory = settings.join("policies/managed");
        fs::create_dir_all(&directory)
            .with_context(|| format!("creating {}, which takes root", directory.display()))?;
        let file = directory.join(format!("mtls-interop-{}.json", std::process::id()));
        fs::write(&file, policy)
            .with_context(|| format!("writing {}, which takes root", file.display()))?;
        Ok(if private {
            Self::Mounted(settings)
        } else {
            Self::Written(file)
        })
    }

    /// A command that starts a program under this policy.
    fn command(&self, bench: &Bench<'_>, program: &str) -> Command {
        match self {
            Self::Mounted(settings) => {
                let mut command = bench.peers.command("unshare");
                let mount = "mount --bind \"$0\" /etc/chromium && exec \"$@\"";
                command.args(["--map-root-user", "--mount", "sh", "-c", mount]);
                command.arg(settings).arg(bench.peers.path(program));
                command
            }
            Self::Written(_) => bench.peers.command(program),
        }
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if let Self::Written(file) = self {
            let _ = fs::remove_file(file);
        }
    }
}

const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox", // refuses to be root otherwise; it opens one page of our own
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--timeout=8000",
    "--dump-dom",
];
