//! Which of its keys a CA uses: the table `[rotation]` of `ca.toml`.

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

/// The numbers of the keys in use. Those before them are of CAs that were replaced.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    pub(crate) root: u32,
    pub(crate) issuing: u32,
    /// The root that is being replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) old_root: Option<u32>,
}

impl Default for Rotation {
    /// Nothing was replaced yet.
    fn default() -> Self {
        Self {
            root: 1,
            issuing: 1,
            old_root: None,
        }
    }
}

impl Rotation {
    pub(crate) fn is_first(&self) -> bool {
        *self == Self::default()
    }

    /// # Errors
    ///
    /// If a number is none of a key.
    pub(crate) fn check(&self) -> Result<()> {
        let good = |number: u32| (1..=MAX).contains(&number);
        let old = self.old_root.is_none_or(|old| good(old) && old < self.root);
        if !good(self.root) || !good(self.issuing) || !old {
            bail!("[rotation] names keys that no CA has");
        }
        Ok(())
    }

    /// The settings with this table in place of what they had, and all else as it was.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(crate) fn write_into(&self, settings: &str) -> Result<String> {
        let mut within = false;
        let mut text = String::new();
        for line in settings.lines() {
            if line.trim_start().starts_with('[') {
                within = line.trim().starts_with(TABLE);
            }
            if !within {
                text.push_str(line);
                text.push('\n');
            }
        }
        let table = toml::to_string(self).context("the settings cannot be written")?;
        Ok(format!("{}\n\n{TABLE}\n{table}", text.trim_end()))
    }
}

const TABLE: &str = "[rotation]";
/// More than anybody rotates: each has files.
const MAX: u32 = 1000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn only_the_table_changes() {
        let text = "# mine\nname = \"a\" # yes\n";
        let second = Rotation {
            root: 2,
            issuing: 2,
            old_root: Some(1),
        };
        let written = second.write_into(text).unwrap();
        let end = "[rotation]\nroot = 2\nissuing = 2\nold_root = 1\n";
        assert_eq!(written, format!("{text}\n{end}"));
        let third = Rotation {
            issuing: 3,
            old_root: None,
            ..second
        };
        let other = format!("{written}\n[other]\na = 1\n");
        assert_eq!(
            third.write_into(&other).unwrap(),
            format!("{text}\n[other]\na = 1\n\n[rotation]\nroot = 2\nissuing = 3\n")
        );
    }

    #[test]
    fn numbers_of_keys_begin_with_one_and_grow() {
        let of = |root, issuing, old_root| Rotation {
            root,
            issuing,
            old_root,
        };
        for (rotation, good) in [
            (Rotation::default(), true),
            (of(2, 5, Some(1)), true),
            (of(0, 1, None), false),
            (of(1, 0, None), false),
            (of(1, 1, Some(1)), false),
            (of(2, 2, Some(0)), false),
            (of(1, u32::MAX, None), false),
        ] {
            assert_eq!(rotation.check().is_ok(), good, "{rotation:?}");
        }
    }
}
