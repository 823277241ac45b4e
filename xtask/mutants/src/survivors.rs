//! Changes that no test notices, and why none has to.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;
use suite::workspace;

use crate::mutant::Mutant;

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

    /// Why no test notices it; `None` if that is not known.
    pub(crate) fn reason(&self, mutant: &Mutant) -> Option<&str> {
        let is_same = |it: &&Survivor| it.file == mutant.file && it.change == mutant.change;
        let found = self.survivor.iter().find(is_same);
        found.map(|it| it.reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_read_and_each_has_a_file_and_a_reason() -> Result<()> {
        for it in Survivors::read()?.survivor {
            assert!(workspace().join(&it.file).is_file(), "{}", it.file);
            assert!(!it.reason.is_empty(), "{}", it.change);
        }
        Ok(())
    }
}
