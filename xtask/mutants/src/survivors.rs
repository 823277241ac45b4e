//! Changes that no test notices, and why none has to.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;
use suite::workspace;

use crate::change::Change;

/// `survivors.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Survivors {
    #[serde(default)]
    survivor: Vec<Survivor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Survivor {
    file: String,
    change: String,
    reason: String,
}

impl Survivors {
    pub(crate) fn read() -> Result<Self> {
        let file = workspace().join("xtask/mutants/survivors.toml");
        let text =
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        toml::from_str(&text).with_context(|| format!("reading {}", file.display()))
    }

    /// Why no test has to notice it; `None` if that is not known.
    pub(crate) fn reason(&self, change: &Change) -> Option<&str> {
        let is_same = |it: &&Survivor| it.file == change.file && it.change == change.what;
        let found = self.survivor.iter().find(is_same);
        found.map(|it| it.reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use crate::tree::Tree;

    use super::*;

    /// An entry of a change that is no longer made would hide the next one of that name.
    #[test]
    fn each_is_a_change_that_is_made_and_has_a_reason() -> Result<()> {
        for it in Survivors::read()?.survivor {
            assert!(!it.reason.is_empty(), "{}", it.change);
            let tree = Tree::of(std::slice::from_ref(&it.file))?;
            let made = tree.changes().any(|(_, change)| change.what == it.change);
            assert!(made, "{}: {}", it.file, it.change);
        }
        Ok(())
    }
}
