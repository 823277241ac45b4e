//! Chromium, led by a script.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use suite::{process, workspace};

use crate::Bench;

/// Where Chromium goes, and where it puts what it gets.
pub(super) struct Visit<'a> {
    pub(super) url: String,
    pub(super) downloads: &'a Path,
    /// Where pictures go, if any should be taken.
    pub(super) images: Option<PathBuf>,
}

/// What the script has seen.
#[derive(Deserialize)]
pub(super) struct Visited {
    /// What axe-core found, with the page.
    pub(super) violations: Vec<String>,
    /// Pages that are wider than 320 px.
    pub(super) too_wide: Vec<String>,
    /// Requests to elsewhere, and what the console said.
    pub(super) complaints: Vec<String>,
    /// Links that the Tab key does not reach.
    pub(super) unreachable: Vec<String>,
    /// The status when the file was asked for once more.
    pub(super) second_answer: u16,
}

impl Visit<'_> {
    pub(super) fn run(&self, bench: &Bench<'_>) -> Result<Visited> {
        let modules = install()?;
        let home = tempfile::tempdir_in(bench.scratch.path())?;
        let mut node = bench.peers.command("node");
        node.arg(workspace().join("xtask/interop/src/phones/visit.mjs"))
            .arg(modules)
            .arg(bench.peers.path("chromium"))
            .arg(&self.url)
            .arg(self.downloads)
            .args(&self.images)
            .env("HOME", home.path());
        let said = process::run(&mut node, None)?;
        ensure!(said.success(), "the visit failed: {}", said.reason());
        serde_json::from_str(&said.stdout).context("the visit said something else")
    }
}

/// puppeteer-core, which speaks to Chromium, and axe-core, which looks at pages; both from npm.
fn install() -> Result<PathBuf> {
    let place = workspace().join("target/peers/browser");
    let modules = place.join("node_modules");
    if modules.join("axe-core").is_dir() && modules.join("puppeteer-core").is_dir() {
        return Ok(modules);
    }
    let install = Command::new("npm")
        .args(["install", "--silent", "--no-audit", "--no-fund"])
        .args(["--no-save", "--ignore-scripts", "--prefix"])
        .arg(&place)
        .args(["puppeteer-core@24", "axe-core@4"])
        .status()
        .context("starting npm")?;
    ensure!(
        install.success(),
        "npm could not install puppeteer-core and axe-core"
    );
    Ok(modules)
}
