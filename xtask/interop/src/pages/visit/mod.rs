//! Chromium, led by a script that looks at each page it comes to.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use suite::{process, workspace};

use crate::report::{Report, Verdict};
use crate::workbench::Bench;

/// What a script has seen.
#[derive(Deserialize)]
pub(crate) struct Visited<T> {
    #[serde(flatten)]
    looks: Looks,
    /// What it alone looks for.
    #[serde(flatten)]
    pub(crate) besides: T,
}

/// What every page is looked at for; each list should be empty.
#[derive(Deserialize)]
struct Looks {
    /// What axe-core found, with the page.
    violations: Vec<String>,
    /// Pages that are wider than 320 px.
    too_wide: Vec<String>,
    /// Requests to elsewhere, and what the browser's console said.
    complaints: Vec<String>,
    /// What the Tab key does not reach.
    unreachable: Vec<String>,
}

/// Where a script goes.
pub(crate) struct Visit<'a> {
    /// Below the folder of pages.
    pub(crate) script: &'a str,
    pub(crate) url: &'a str,
    /// Where pictures go, which only the documentation needs.
    pub(crate) takes_pictures: bool,
    pub(crate) limit: Duration,
}

impl Visit<'_> {
    /// Has `node` run the script, with `arguments` after those that every script has.
    pub(crate) fn run<T: DeserializeOwned>(
        &self,
        bench: &Bench<'_>,
        mut node: Command,
        arguments: &[&Path],
    ) -> Result<Visited<T>> {
        let pictures = workspace().join("docs/images");
        node.arg(
            workspace()
                .join("xtask/interop/src/pages")
                .join(self.script),
        )
        .arg(bench.peers.browser_modules()?)
        .arg(bench.peers.path("chromium"))
        .arg(self.url)
        .args(arguments)
        .args(self.takes_pictures.then_some(pictures));
        let said = process::run_within(self.limit, &mut node, None)?;
        ensure!(said.success(), "the visit failed: {}", said.reason());
        serde_json::from_str(&said.stdout).context("the visit said something else")
    }
}

impl<T> Visited<T> {
    /// What every page has to be like. `keyboard` says what the keyboard has to reach.
    pub(crate) fn report(&self, group: &'static str, keyboard: &str, report: &mut Report) {
        let looks = &self.looks;
        for (what, found) in [
            ("axe-core, every page, light and dark", &looks.violations),
            ("320 px wide, nothing to scroll sideways", &looks.too_wide),
            ("nothing loaded from elsewhere, no error", &looks.complaints),
            (keyboard, &looks.unreachable),
        ] {
            let seen = (Verdict::accepted_if(found.is_empty()), found.join("; "));
            report.push(group, "Chromium", what, Verdict::Accepted, Ok(seen));
        }
    }
}
