//! Running some tests of a program, up to the first that fails.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result};

/// How it ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Ended {
    /// All passed.
    Passed,
    /// The first that failed.
    Failed(String),
    /// For too long none ended; this one and maybe others have not.
    Waits(String),
    /// The program ended before this test and maybe others.
    Died(String),
}

/// Runs tests until one fails, or none of them has ended for as long as `patience`.
pub(crate) fn run(mut command: Command, tests: &[&str], patience: Duration) -> Result<Ended> {
    command
        .arg("--exact")
        .args(tests)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = Killed(command.spawn().context("starting a program of tests")?);
    let output = child.0.stdout.take().context("the output of a program")?;
    let (said, says) = mpsc::channel();
    // It ends with the program, whose end closes the pipe.
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            if said.send(line).is_err() {
                return;
            }
        }
    });
    let mut open: BTreeSet<&str> = tests.iter().copied().collect();
    loop {
        let line = match says.recv_timeout(patience) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return Ok(Ended::Waits(one(&open))),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        match result(&String::from_utf8_lossy(&line)) {
            Some((name, true)) => _ = open.remove(name),
            Some((name, false)) => return Ok(Ended::Failed(name.to_owned())),
            None => {}
        }
    }
    let passed = child.0.wait()?.success();
    Ok(match passed && open.is_empty() {
        true => Ended::Passed,
        false => Ended::Died(one(&open)),
    })
}

/// The name of a test, and whether it passed.
fn result(line: &str) -> Option<(&str, bool)> {
    let (name, result) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    // Of one that must panic.
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    match result {
        "ok" => Some((name, true)),
        "FAILED" => Some((name, false)),
        _ => result.starts_with("ignored").then_some((name, true)),
    }
}

/// One of those that have not ended.
fn one(of: &BTreeSet<&str>) -> String {
    of.first().copied().unwrap_or_default().to_owned()
}

/// Does not outlive the run that it is for.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a program of tests might say, by a shell, whose `$@` has `--exact` and the names.
    fn ended(script: &str, patience: Duration) -> Ended {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]);
        run(command, &["a::b", "c"], patience).expect("a shell")
    }

    #[test]
    fn the_first_that_fails_ends_it() {
        for (script, expected) in [
            (
                "echo 'test a::b ... ok'; echo 'test c ... ok'",
                Ended::Passed,
            ),
            (
                "echo 'test a::b - should panic ... ok'; echo 'test c ... ignored, as it needs a disk'",
                Ended::Passed,
            ),
            (
                "echo 'test c ... FAILED'; exec sleep 600",
                Ended::Failed("c".to_owned()),
            ),
            ("echo 'test c ... ok'", Ended::Died("a::b".to_owned())),
            (
                "echo 'test c ... ok'; echo 'test a::b ... ok'; exit 3",
                Ended::Died(String::new()),
            ),
            ("kill -9 $$", Ended::Died("a::b".to_owned())),
        ] {
            assert_eq!(ended(script, Duration::from_secs(60)), expected, "{script}");
        }
    }

    #[test]
    fn one_that_waits_for_ever_ends_it() {
        let script = "echo 'test c ... ok'; exec sleep 600";
        let waits = Ended::Waits("a::b".to_owned());
        assert_eq!(ended(script, Duration::from_secs(1)), waits);
    }
}
