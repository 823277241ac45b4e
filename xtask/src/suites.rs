//! The suites: packages that nobody builds but who asks for one of them.

use std::ffi::OsStr;
use std::io::IsTerminal as _;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};
use suite::{Tally, workspace};

use crate::output::each_line;

/// A package in the directory of its name, beside this one's sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suite {
    Bench,
    Conformance,
    Fuzz,
    Ha,
    Interop,
    Lint,
    Mutants,
    Soak,
    Store,
}

impl Suite {
    fn package(self) -> &'static str {
        match self {
            Self::Bench => "xtask-bench",
            Self::Conformance => "xtask-conformance",
            Self::Fuzz => "xtask-fuzz",
            Self::Ha => "xtask-ha",
            Self::Interop => "xtask-interop",
            Self::Lint => "xtask-lint",
            Self::Mutants => "xtask-mutants",
            Self::Soak => "xtask-soak",
            Self::Store => "xtask-store",
        }
    }

    /// Runs it to its end, and passes its exit code on.
    pub(crate) fn run(self, arguments: &[impl AsRef<OsStr>]) -> Result<ExitCode> {
        let status = self.command(arguments).status().context("starting cargo")?;
        Ok(passed_on(status))
    }

    /// Runs it to its end, and gives `line` what it prints, but for the line that counts. It is built as the tests are.
    ///
    /// # Errors
    ///
    /// If it breaks off before that line.
    pub(crate) fn count(self, arguments: &[&str], line: &mut dyn FnMut(String)) -> Result<Tally> {
        let program = suite::beside_tests(self.package())?;
        let mut tally = None;
        let status = each_line(Command::new(program).args(arguments), |said| {
            match said.parse() {
                Ok(counted) => tally = Some(counted),
                Err(_) => line(said),
            }
        });
        let status = status.context("running what was built")?;
        tally.with_context(|| format!("{} broke off: {status}", self.package()))
    }

    /// Cargo, which builds and runs it; in view of whoever waits for that.
    fn command(self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.arg("run");
        if self == Self::Bench {
            // Debug code is some ten times slower.
            cargo.arg("--release");
        }
        if !std::io::stderr().is_terminal() {
            cargo.arg("--quiet");
        }
        cargo
            .args(["--package", self.package(), "--manifest-path"])
            .arg(workspace().join("Cargo.toml"))
            .arg("--")
            .args(arguments);
        cargo
    }
}

/// The exit code of a process that was started for this one's task.
pub(crate) fn passed_on(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
