//! A command that is told.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::notice::Expiring;

/// A command of the shell. The notice is its standard input, as JSON on one line.
///
/// It has 30 s, and what it says on standard error goes where ours goes.
#[derive(Clone, Debug)]
pub struct Exec(String);

/// Why a command did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// It said so.
    #[error("`{command}` has failed: {status}")]
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },

    /// There is no shell, or it could not be talked to.
    #[error("`{command}` could not be run")]
    Run {
        /// The command.
        command: String,
        /// Why not.
        source: io::Error,
    },

    /// It was killed then.
    #[error("`{command}` was killed after 30 s")]
    Timeout {
        /// The command.
        command: String,
    },
}

impl Exec {
    /// `command` as `sh -c` takes it.
    #[must_use]
    pub fn new(command: impl Into<String>) -> Self {
        Self(command.into())
    }

    pub(super) fn command(&self) -> &str {
        &self.0
    }

    pub(super) async fn tell(&self, notice: &Expiring) -> Result<(), ExecError> {
        let command = || self.0.clone();
        let done = timeout(LIMIT, self.run(notice)).await;
        let status = done
            .map_err(|_| ExecError::Timeout { command: command() })?
            .map_err(|source| {
                let command = command();
                ExecError::Run { command, source }
            })?;
        match status.success() {
            true => Ok(()),
            false => Err(ExecError::Failed {
                command: command(),
                status,
            }),
        }
    }

    async fn run(&self, notice: &Expiring) -> io::Result<ExitStatus> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", &self.0])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            let mut line = serde_json::to_vec(notice)?;
            line.push(b'\n');
            // A command that does not read is as good as one that does.
            let _ = stdin.write_all(&line).await;
        }
        child.wait().await
    }
}

const LIMIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::expiry::notice::ExpiringKind;

    #[tokio::test]
    async fn a_command_reads_the_notice_and_says_whether_it_succeeded() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("told");
        let (begin, end) = (
            datetime!(2026-01-01 0:00 UTC),
            datetime!(2026-12-01 0:00 UTC),
        );
        let notice = Expiring::new(
            ExpiringKind::Crl,
            "ca",
            "/crl/x".into(),
            (begin, end),
            begin,
        );
        let exec = Exec::new(format!("cat > {}", file.display()));
        exec.tell(&notice).await.expect("success");
        let told = std::fs::read_to_string(file).expect("a file");
        assert_eq!(told, serde_json::to_string(&notice).expect("JSON") + "\n");

        for command in ["exit 3", "nothing-of-this-name"] {
            let error = Exec::new(command).tell(&notice).await;
            let error = error.expect_err("a failure");
            assert!(matches!(error, ExecError::Failed { .. }), "{error:?}");
        }
    }
}
