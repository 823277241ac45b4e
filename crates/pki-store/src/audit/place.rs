//! A second place for checkpoints.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use super::checkpoint::{Checkpoint, MAX_LEN};
use crate::owner_only::owner_only;

/// Where checkpoints are kept besides the store, so that who can change the one cannot change the other: another disk,
/// another machine, a log that only grows.
///
/// As text: `file:PATH`, `directory:PATH`, or `exec:PROGRAM ARGUMENT...`, whose words are divided by spaces and pass no
/// shell.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CheckpointPlace {
    /// A file for each, by its number.
    Directory(PathBuf),
    /// A program that gets it on its standard input, and has it when it ends with exit code 0. It cannot be asked for the
    /// last one.
    Exec(Vec<String>),
    /// A line for each, at the end of a file.
    File(PathBuf),
}

/// A checkpoint that could not be kept or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// The text names no place.
    #[error(
        "`{0}` is not a place for checkpoints; it is file:PATH, directory:PATH or exec:PROGRAM"
    )]
    Address(String),

    /// The program did not take it.
    #[error("`{program}` did not take the checkpoint: {status}")]
    Program {
        /// Its name.
        program: String,
        /// How it ended.
        status: String,
    },

    /// The file cannot be written or read.
    #[error("the checkpoints in {} cannot be written or read", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl CheckpointPlace {
    /// Keeps a checkpoint, durably. Blocks.
    ///
    /// # Errors
    ///
    /// [`PlaceError`] says what has failed.
    pub fn keep(&self, checkpoint: &Checkpoint) -> Result<(), PlaceError> {
        let line = checkpoint.to_json() + "\n";
        match self {
            Self::Directory(path) => {
                keep_file(path, checkpoint.head().seq, &line).map_err(io(path))
            }
            Self::Exec(words) => execute(words, &line),
            Self::File(path) => append(path, &line).map_err(io(path)),
        }
    }

    /// The last one that was kept; none if there is none, or if nobody can be asked. What cannot be read, as after a crash
    /// in the middle of a line, is passed over. Blocks.
    ///
    /// # Errors
    ///
    /// [`PlaceError::Io`] if there is something that cannot be opened.
    pub fn newest(&self) -> Result<Option<Checkpoint>, PlaceError> {
        match self {
            Self::Directory(path) => newest_file(path).map_err(io(path)),
            Self::Exec(_) => Ok(None),
            Self::File(path) => last_line(path).map_err(io(path)),
        }
    }
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> PlaceError + '_ {
    move |source| PlaceError::Io {
        path: path.to_owned(),
        source,
    }
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = owner_only()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    // A line that was cut off stays one of its own.
    let mut last = [0];
    if file.seek(SeekFrom::End(-1)).is_ok() && file.read(&mut last)? == 1 && last != *b"\n" {
        file.write_all(b"\n")?;
    }
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

fn last_line(path: &Path) -> std::io::Result<Option<Checkpoint>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let limit = u64::try_from(MAX_LEN).unwrap_or(u64::MAX) * 2;
    let start = file.metadata()?.len().saturating_sub(limit);
    file.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    file.take(limit).read_to_end(&mut end)?;
    let text = String::from_utf8_lossy(&end);
    Ok(text
        .lines()
        .rev()
        .find_map(|line| Checkpoint::parse(line).ok()))
}

/// Under its name only when it is whole.
fn keep_file(directory: &Path, seq: u64, line: &str) -> std::io::Result<()> {
    let path = directory.join(format!("checkpoint-{seq:020}.json"));
    let unfinished = path.with_extension("new");
    let mut file = owner_only()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&unfinished)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&unfinished, &path)?;
    // So that the name lasts, too. Elsewhere a directory cannot be opened.
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    Ok(())
}

fn newest_file(directory: &Path) -> std::io::Result<Option<Checkpoint>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("checkpoint-") && name.ends_with(".json") {
            names.push(name);
        }
    }
    names.sort_unstable();
    for name in names.iter().rev() {
        if let Some(checkpoint) = last_line(&directory.join(name))? {
            return Ok(Some(checkpoint));
        }
    }
    Ok(None)
}

fn execute(words: &[String], line: &str) -> Result<(), PlaceError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(PlaceError::Address("exec:".into()));
    };
    let failed = |status: String| PlaceError::Program {
        program: program.clone(),
        status,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let written = child
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| stdin.write_all(line.as_bytes()));
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    match written {
        _ if !status.success() => Err(failed(status.to_string())),
        Err(error) => Err(failed(error.to_string())),
        Ok(()) => Ok(()),
    }
}

impl FromStr for CheckpointPlace {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let wrong = || PlaceError::Address(text.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        if rest.trim().is_empty() {
            return Err(wrong());
        }
        match kind {
            "directory" => Ok(Self::Directory(rest.into())),
            "exec" => Ok(Self::Exec(
                rest.split_whitespace().map(str::to_owned).collect(),
            )),
            "file" => Ok(Self::File(rest.into())),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for CheckpointPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "directory:{}", path.display()),
            Self::Exec(words) => write!(f, "exec:{}", words.join(" ")),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}
