//! Programs that run until they are killed, and only those that were started here.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// A program in the background, which is killed when this is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it, with its output at the end of `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        Ok(Self(child.with_context(|| format!("starting {program}"))?))
    }

    /// Ends it at once, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// The process whose number is in the first line of a file, if it still has `mark` in its command line: after a crash the
/// number may be another's.
pub(crate) fn process_in(file: &Path, mark: &str) -> Option<Pid> {
    let text = std::fs::read_to_string(file).ok()?;
    let number: i32 = text.lines().next()?.trim().parse().ok()?;
    let command = std::fs::read(format!("/proc/{number}/cmdline")).ok()?;
    let is_it = String::from_utf8_lossy(&command).contains(mark);
    is_it.then(|| Pid::from_raw(number)).flatten()
}

/// The processes that this one has started.
pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let parent = parent.as_raw_nonzero().to_string();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let child = |entry: std::fs::DirEntry| {
        let number: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // Behind the name in parentheses: the state, and the parent.
        let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
        (rest.nth(1)? == parent).then(|| Pid::from_raw(number))?
    };
    entries.filter_map(Result::ok).filter_map(child).collect()
}

/// Sends a signal to these, and waits until all are gone.
pub(crate) fn end(processes: &[Pid], signal: Signal) -> Result<()> {
    for process in processes {
        // It may be gone already.
        let _ = kill_process(*process, signal);
    }
    let is_there = |process: &Pid| {
        let status = format!("/proc/{}/status", process.as_raw_nonzero());
        let status = std::fs::read_to_string(status);
        status.is_ok_and(|it| !it.contains("State:\tZ"))
    };
    let gone = wait_for(Duration::from_secs(10), || !processes.iter().any(is_there));
    ensure!(gone, "a process that was killed does not end");
    Ok(())
}

/// Looks again and again, for this long.
pub(crate) fn wait_for(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Random hexadecimal digits.
pub(crate) fn random_hex() -> Result<String> {
    let mut bytes = [0; 16];
    std::io::Read::read_exact(&mut File::open("/dev/urandom")?, &mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
