//! What cargo knows about the workspace and all that it depends on.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use suite::workspace;

#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// The oldest compiler that it says it is for.
    pub(crate) rust_version: Option<String>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    /// Where it may be published; `None` for anywhere, empty for nowhere.
    publish: Option<Vec<String>>,
}

impl Metadata {
    /// # Errors
    ///
    /// If cargo does not answer.
    pub(crate) fn read() -> Result<Self> {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--locked", "--format-version", "1"])
            .current_dir(workspace())
            .output()
            .context("starting cargo")?;
        ensure!(
            output.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).context("reading what cargo metadata says")
    }

    /// The packages of this workspace that others can depend on.
    pub(crate) fn libraries(&self) -> impl Iterator<Item = &Package> {
        let is_library = |package: &&Package| {
            self.workspace_members.contains(&package.id)
                && package.publish.as_ref().is_none_or(|to| !to.is_empty())
        };
        self.packages.iter().filter(is_library)
    }
}
