//! The changed workspace: a copy, so that the one that is worked on stays as it is.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use suite::workspace;

use crate::change::Change;
use crate::edits::Edits;
use crate::find;
use crate::memory::Memory;
use crate::program::{self, Program};

/// All changes, and the files they are in.
pub(crate) struct Tree {
    sources: Vec<Source>,
    changes: Vec<Change>,
    /// Those that do not compile.
    dropped: BTreeSet<usize>,
}

struct Source {
    file: String,
    text: String,
    edits: Edits,
}

/// A change that does not compile.
#[derive(Deserialize, Eq, Hash, PartialEq, Serialize)]
struct LeftOut {
    file: String,
    /// The hash of the text of the file: in another one it may compile.
    text: u64,
    change: String,
}

/// Where all is that this program leaves behind.
pub(crate) fn directory() -> PathBuf {
    workspace().join("target/mutants")
}

impl Tree {
    /// Finds what can be changed in these files, and in those of these directories.
    pub(crate) fn of(paths: &[String]) -> Result<Self> {
        let mut tree = Self {
            sources: Vec::new(),
            changes: Vec::new(),
            dropped: BTreeSet::new(),
        };
        for file in files(paths)? {
            let is_code = file.ends_with(".rs") && crate_of(&file).is_some();
            if !is_code || file.ends_with("/tests.rs") {
                continue;
            }
            let text = fs::read_to_string(workspace().join(&file))
                .with_context(|| format!("reading {file}"))?;
            let edits = find::changes(&file, &text, &mut tree.changes)?;
            tree.sources.push(Source { file, text, edits });
        }
        Ok(tree)
    }

    /// How many do not compile, as far as that is known.
    pub(crate) fn left_out(&self) -> usize {
        self.dropped.len()
    }

    /// Those that compile, as far as that is known, each with its number.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (usize, &Change)> {
        let changes = self.changes.iter().enumerate();
        changes.filter(|(id, _)| !self.dropped.contains(id))
    }

    /// The file of each change, by its number.
    pub(crate) fn all_files(&self) -> Vec<String> {
        let files = self.changes.iter().map(|change| change.file.clone());
        files.collect()
    }

    /// Builds the tests of the changed crates, with all changes behind their switches.
    pub(crate) fn build(&mut self) -> Result<Vec<Program>> {
        let root = directory().join("workspace");
        let (memory, known) = Memory::open(&directory().join("left-out.json"), |all| all)?;
        self.leave_out(&known);
        self.copy(&root)?;
        loop {
            self.write(&root)?;
            let built = program::build(&root, &self.packages())?;
            if built.errors.is_empty() {
                return Ok(built.programs);
            }
            // A change may be wrong for the types, or the borrow checker: then it is no change of the program.
            let lines = built.errors.iter();
            let is_at = |change: &Change| {
                lines
                    .clone()
                    .any(|error| error.file == change.file && error.lines.contains(&change.line))
            };
            let before = self.dropped.len();
            for (id, change) in self.changes.iter().enumerate() {
                if is_at(change) && self.dropped.insert(id) {
                    memory.add(&self.left_out_of(change))?;
                }
            }
            ensure!(
                self.dropped.len() > before,
                "the changed workspace does not compile: {}",
                built.errors[0].message,
            );
            println!("{} changes do not compile", self.dropped.len());
        }
    }

    /// Leaves out what did not compile in an earlier run, or each run would have to find that out.
    fn leave_out(&mut self, known: &[LeftOut]) {
        let known: HashSet<&LeftOut> = known.iter().collect();
        let changes = self.changes.iter().enumerate();
        let dropped = changes.filter(|(_, change)| known.contains(&self.left_out_of(change)));
        self.dropped = dropped.map(|(id, _)| id).collect();
    }

    fn left_out_of(&self, change: &Change) -> LeftOut {
        let source = self.sources.iter().find(|it| it.file == change.file);
        let mut hasher = DefaultHasher::new();
        source.map(|it| &it.text).hash(&mut hasher);
        LeftOut {
            file: change.file.clone(),
            text: hasher.finish(),
            change: change.what.clone(),
        }
    }

    fn packages(&self) -> BTreeSet<&str> {
        let files = self.sources.iter().map(|source| source.file.as_str());
        files.filter_map(crate_of).collect()
    }

    /// Where the switch is written to.
    fn roots(&self) -> BTreeSet<String> {
        let packages = self.packages().into_iter();
        packages
            .map(|name| format!("crates/{name}/src/lib.rs"))
            .collect()
    }

    /// Copies what is not changed.
    fn copy(&self, root: &Path) -> Result<()> {
        let files = files(&[])?;
        let roots = self.roots();
        let is_changed =
            |file| roots.contains(file) || self.sources.iter().any(|source| source.file == *file);
        for file in files.iter().filter(|file| !is_changed(*file)) {
            write(&root.join(file), &fs::read(workspace().join(file))?)?;
        }
        remove_others(root, root, &files)
    }

    fn write(&self, root: &Path) -> Result<()> {
        let mut roots = self.roots();
        for source in &self.sources {
            let wanted = |id| !self.dropped.contains(&id);
            let mut text = source.edits.apply(&source.text, wanted);
            if roots.remove(&source.file) {
                text.push_str(SWITCH);
            }
            write(&root.join(&source.file), text.as_bytes())?;
        }
        for file in roots {
            let mut text = fs::read_to_string(workspace().join(&file))?;
            text.push_str(SWITCH);
            write(&root.join(&file), text.as_bytes())?;
        }
        Ok(())
    }
}

/// What each changed crate gets.
const SWITCH: &str = include_str!("switch.in");

/// The package of a file, whose directory has its name.
fn crate_of(file: &str) -> Option<&str> {
    let (name, rest) = file.strip_prefix("crates/")?.split_once('/')?;
    rest.starts_with("src/").then_some(name)
}

/// The files of the workspace, of these paths alone if there are any.
fn files(paths: &[String]) -> Result<BTreeSet<String>> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
            "--",
        ])
        .args(paths)
        .current_dir(workspace())
        .output()
        .context("starting git")?;
    if !listed.status.success() {
        bail!("git: {}", String::from_utf8_lossy(&listed.stderr).trim());
    }
    let names = String::from_utf8(listed.stdout).context("the name of a file is not UTF-8")?;
    let names = names.split('\0').filter(|name| !name.is_empty());
    // Those that were removed and are not committed yet are listed, too.
    let there = names.filter(|name| workspace().join(name).is_file());
    Ok(there.map(str::to_owned).collect())
}

/// Leaves a file alone that is there already, as cargo goes by its time.
fn write(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let written = || -> io::Result<()> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(path, content)
    };
    written().with_context(|| format!("writing {}", path.display()))
}

/// Removes what the workspace no longer has, for tests find their modules and cargo its packages by what is there.
fn remove_others(directory: &Path, root: &Path, files: &BTreeSet<String>) -> Result<()> {
    let listed =
        fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?;
    for entry in listed {
        let path: PathBuf = entry?.path();
        if path.is_dir() {
            remove_others(&path, root, files)?;
            continue;
        }
        let name = path.strip_prefix(root).ok().and_then(Path::to_str);
        if !name.is_some_and(|name| files.contains(name)) {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    // Fails where something is left.
    let _ = fs::remove_dir(directory);
    Ok(())
}
