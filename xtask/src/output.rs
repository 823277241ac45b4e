//! What another process prints: passed on, and what of it says that something failed.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result};

/// Runs it to its end, and gives each line that it prints on stdout to `line`.
pub(crate) fn each_line(command: &mut Command, mut line: impl FnMut(String)) -> Result<ExitStatus> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("starting it")?;
    let stdout = child.stdout.take().context("a pipe was asked for")?;
    // What it prints need not be text: a test that fails prints what it was given.
    for bytes in BufReader::new(stdout).split(b'\n') {
        let bytes = bytes.context("reading what it prints")?;
        line(String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(child.wait()?)
}

/// Whether a line is about what failed: of a suite, or of the tests that cargo runs.
pub(crate) fn is_failure(line: &str) -> bool {
    line.starts_with("FAILED  ") || line.starts_with("test ") && line.ends_with(" ... FAILED")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_passed_on_whatever_its_octets() {
        let mut lines = Vec::new();
        let mut command = Command::new("printf");
        let status = each_line(command.arg("one\\n\\377\\nlast"), |line| lines.push(line));
        assert!(status.is_ok_and(|status| status.success()));
        assert_eq!(lines, ["one", "\u{fffd}", "last"]);
    }

    #[test]
    fn a_failure_is_of_a_suite_or_of_a_test() {
        assert!(is_failure(
            "FAILED  est: curl, a used token: expected refused, got accepted"
        ));
        assert!(is_failure("test http::http1::an_answer_ends ... FAILED"));
        for other in [
            "ok      est: curl, a used token: refused",
            "test http::http1::an_answer_ends ... ok",
            "test result: FAILED. 204 passed; 1 failed",
        ] {
            assert!(!is_failure(other), "{other}");
        }
    }
}
