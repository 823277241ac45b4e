//! What a run leaves behind for the next one, so that one that was interrupted goes on where it was.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::shared::lock;

/// A file of entries, one a line, each written as soon as it is known.
pub(crate) struct Memory(Mutex<File>);

impl Memory {
    /// Reads what is there, and goes on with those entries that are to be kept.
    pub(crate) fn open<T: Serialize + DeserializeOwned>(
        path: &Path,
        keep: impl FnOnce(Vec<T>) -> Vec<T>,
    ) -> Result<(Self, Vec<T>)> {
        let text = fs::read_to_string(path).unwrap_or_default();
        // The last line of a run that was interrupted may be half of one.
        let entries = text.lines().filter_map(|it| serde_json::from_str(it).ok());
        let kept = keep(entries.collect());
        let opened = || -> Result<Self> {
            if let Some(directory) = path.parent() {
                fs::create_dir_all(directory)?;
            }
            let memory = Self(Mutex::new(File::create(path)?));
            kept.iter().try_for_each(|it| memory.add(it))?;
            Ok(memory)
        };
        let memory = opened().with_context(|| format!("writing {}", path.display()))?;
        Ok((memory, kept))
    }

    pub(crate) fn add(&self, entry: &impl Serialize) -> Result<()> {
        let line = format!("{}\n", serde_json::to_string(entry)?);
        let written = lock(&self.0).write_all(line.as_bytes());
        written.context("writing what the next run should know")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_there_the_next_time_but_for_half_a_line() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("target/numbers.json");
        let all = |all: Vec<u32>| all;
        let (memory, none) = Memory::open(&path, all)?;
        assert_eq!(none, [0; 0]);
        (1..5).try_for_each(|it| memory.add(&it))?;
        fs::write(&path, fs::read_to_string(&path)? + "{\"hal")?;
        let odd = |mut all: Vec<u32>| {
            all.retain(|it| it % 2 == 1);
            all
        };
        let (memory, kept) = Memory::open(&path, odd)?;
        assert_eq!(kept, [1, 3]);
        memory.add(&6)?;
        assert_eq!(Memory::open(&path, all)?.1, [1, 3, 6]);
        Ok(())
    }
}
