//! The programs that hold the tests, and which tests come by which changes.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::BufRead as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use suite::process::run_within;

use crate::memory::Memory;
use crate::shared::lock;

/// A program of tests.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// Where its package is, as tests read files of it.
    pub(crate) directory: PathBuf,
    /// Another one when it was built anew.
    pub(crate) stamp: String,
}

/// One test.
pub(crate) struct Test {
    /// The index of its program.
    pub(crate) program: usize,
    pub(crate) name: String,
    /// The changes that it comes by.
    pub(crate) reached: HashSet<usize>,
    /// How long it takes by itself.
    pub(crate) takes: Duration,
}

/// What the compiler made of the changed workspace.
pub(crate) struct Built {
    pub(crate) programs: Vec<Program>,
    pub(crate) errors: Vec<CompileError>,
}

/// Where the compiler sees an error.
pub(crate) struct CompileError {
    pub(crate) file: String,
    pub(crate) lines: RangeInclusive<usize>,
    pub(crate) message: String,
}

/// Builds the tests of some packages, beside the workspace at `root`. Not among what is built of the workspace that is
/// worked on: to cargo, a package is the same at any root, and that one would be built of changed code.
pub(crate) fn build(root: &Path, packages: &BTreeSet<&str>) -> Result<Built> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "test",
            "--no-run",
            "--lib",
            "--tests",
            "--message-format",
            "json",
        ])
        .args(packages.iter().flat_map(|name| ["--package", name]))
        .env("CARGO_TARGET_DIR", root.with_file_name("build"))
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut child = command.spawn().context("starting cargo")?;
    let output = child.stdout.take().context("the output of cargo")?;
    let mut built = Built {
        programs: Vec::new(),
        errors: Vec::new(),
    };
    for line in std::io::BufReader::new(output).lines() {
        let message: Value = serde_json::from_str(&line?).context("reading what cargo says")?;
        match message["reason"].as_str() {
            Some("compiler-artifact") => built.programs.extend(Program::of(&message)),
            Some("compiler-message") => errors(&message["message"], &mut built.errors),
            _ => {}
        }
    }
    let status = child.wait()?;
    if !status.success() && built.errors.is_empty() {
        bail!("cargo ended with {status}");
    }
    Ok(built)
}

impl Program {
    fn of(artifact: &Value) -> Option<Self> {
        let path = artifact["executable"].as_str()?;
        let manifest = Path::new(artifact["manifest_path"].as_str()?);
        let written = fs::metadata(path).and_then(|it| it.modified()).ok()?;
        let written = written.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            path: path.into(),
            directory: manifest.parent()?.into(),
            stamp: format!("{path} {}", written.as_nanos()),
        })
    }

    /// Runs it as cargo would.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .current_dir(&self.directory)
            .env("CARGO_MANIFEST_DIR", &self.directory);
        command
    }
}

/// All places that an error names: where a value was moved is not where it is missing.
fn errors(message: &Value, errors: &mut Vec<CompileError>) {
    if message["level"] != "error" {
        return;
    }
    let children = message["children"].as_array().into_iter().flatten();
    for part in [message].into_iter().chain(children) {
        for span in part["spans"].as_array().into_iter().flatten() {
            let line = |name: &str| span[name].as_u64().unwrap_or(0) as usize;
            errors.push(CompileError {
                file: span["file_name"].as_str().unwrap_or_default().to_owned(),
                lines: line("line_start")..=line("line_end"),
                message: message["message"].as_str().unwrap_or_default().to_owned(),
            });
        }
    }
}

/// What a run knows about a test for the next one.
#[derive(Deserialize, Serialize)]
struct Reached {
    /// Of its program.
    stamp: String,
    name: String,
    reached: HashSet<usize>,
    takes: Duration,
}

/// Runs each test by itself, without any change, to see which changes it comes by. One that fails is left out. Those
/// whose program is the same as in the last run are remembered in the file `memory`.
pub(crate) fn tests(programs: &[Program], jobs: usize, memory: &Path) -> Result<Vec<Test>> {
    let index_of = |stamp: &str| programs.iter().position(|it| it.stamp == stamp);
    let (memory, known) = Memory::open(memory, |mut all: Vec<Reached>| {
        all.retain(|it| index_of(&it.stamp).is_some());
        all
    })?;
    let known = known.into_iter().filter_map(|it| {
        Some(Test {
            program: index_of(&it.stamp)?,
            name: it.name,
            reached: it.reached,
            takes: it.takes,
        })
    });
    let known: Vec<Test> = known.collect();
    let is_known: HashSet<(usize, String)> = known
        .iter()
        .map(|test| (test.program, test.name.clone()))
        .collect();
    let mut waiting = Vec::new();
    for (index, program) in programs.iter().enumerate() {
        let mut command = program.command();
        command.args(["--list", "--format", "terse"]);
        let listed = run_within(LONGEST, &mut command, None)?;
        let names = listed.stdout.lines();
        let names = names.filter_map(|line| line.strip_suffix(": test"));
        waiting.extend(names.map(|name| (index, name.to_owned())));
    }
    waiting.retain(|test| !is_known.contains(test));
    println!(
        "{} tests remembered, {} to be run",
        known.len(),
        waiting.len()
    );
    let (waiting, tests) = (Mutex::new(waiting.into_iter()), Mutex::new(known));
    let next = || lock(&waiting).next();
    let work = || -> Result<()> {
        while let Some((program, name)) = next() {
            let begins = Instant::now();
            let Some(reached) = reached(&programs[program], &name)? else {
                println!("left out: {name} fails without any change");
                continue;
            };
            let test = Reached {
                stamp: programs[program].stamp.clone(),
                name,
                reached,
                takes: begins.elapsed(),
            };
            memory.add(&test)?;
            lock(&tests).push(Test {
                program,
                name: test.name,
                reached: test.reached,
                takes: test.takes,
            });
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().expect("a worker does not panic")?;
        }
        anyhow::Ok(())
    })?;
    Ok(tests.into_inner().unwrap_or_else(|it| it.into_inner()))
}

/// Which changes a test comes by; `None` if it fails.
fn reached(program: &Program, name: &str) -> Result<Option<HashSet<usize>>> {
    let file = tempfile::NamedTempFile::new()?;
    let mut command = program.command();
    command
        .args(["--exact", name])
        .env("MUTANTS_REACHED", file.path());
    if !run_within(LONGEST, &mut command, None).is_ok_and(|it| it.success()) {
        return Ok(None);
    }
    let reached = fs::read_to_string(file.path())?;
    let reached = reached.lines().filter_map(|id| id.parse().ok());
    Ok(Some(reached.collect()))
}

const LONGEST: Duration = Duration::from_secs(120);
