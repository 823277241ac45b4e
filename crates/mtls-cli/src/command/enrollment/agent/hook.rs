//! `--exec`: a command that is told of new files.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::NamedTempFile;
use tls_identity::read_file;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::service_manager::NOTIFY_SOCKET;
use crate::files::parent_of;
use crate::output::note;

/// A command of the shell, and for which certificate it has run last.
///
/// That is in a file, so that a process that ends between the certificate and the command runs it the next time.
#[derive(Debug)]
pub(super) struct Hook {
    command: String,
    limit: Duration,
    done: PathBuf,
}

impl Hook {
    /// Runs `command` for at most `limit`, for the files in `directory`.
    pub(super) fn new(command: String, limit: Duration, directory: &Path) -> Self {
        let done = directory.join(DONE);
        Self {
            command,
            limit,
            done,
        }
    }

    /// Whether the command has not run to a good end for this certificate.
    pub(super) fn is_due(&self, serial: &str) -> bool {
        let done = read_file(&self.done, LONGEST_DONE);
        done.map_or(true, |done| done.trim_ascii() != serial.as_bytes())
    }

    /// Runs the command, and says on standard error how it ended.
    ///
    /// # Errors
    ///
    /// If it does not end within the limit, with exit code 0.
    pub(super) async fn run(&self, serial: &str) -> Result<()> {
        let began = Instant::now();
        self.execute().await?;
        let took = began.elapsed().as_secs_f32();
        note(format!("--exec: done in {took:.1} s"));
        self.record(serial)
            .with_context(|| format!("cannot write {}", self.done.display()))
    }

    /// In the place of what is there: whoever else may write to the directory could have put a link there.
    fn record(&self, serial: &str) -> io::Result<()> {
        let mut file = NamedTempFile::with_prefix_in(".exec-", parent_of(&self.done))?;
        file.write_all(format!("{serial}\n").as_bytes())?;
        file.persist(&self.done).map_err(|error| error.error)?;
        Ok(())
    }

    /// Runs the command for each certificate that is told, until nobody tells any more. What fails is tried again, after
    /// 10 seconds at first and 10 minutes in the end.
    pub(super) async fn follow(self, mut serials: watch::Receiver<String>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let serial = serials.borrow_and_update().clone();
            if self.is_due(&serial) {
                let Err(error) = self.run(&serial).await else {
                    pause = FIRST_PAUSE;
                    continue;
                };
                let seconds = pause.as_secs();
                note(format!("--exec, again in {seconds} s: {error:#}"));
                tokio::select! {
                    () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                    told = serials.changed() => match told {
                        Ok(()) => pause = FIRST_PAUSE,
                        Err(_) => return,
                    },
                }
            } else if serials.changed().await.is_err() {
                return;
            }
        }
    }

    async fn execute(&self) -> Result<()> {
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(&self.command)
            .env_remove(NOTIFY_SOCKET)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        // What the shell has started ends with it.
        #[cfg(unix)]
        command.process_group(0);
        let mut running = Running(command.spawn().context("the command cannot be run")?);
        let Ok(ended) = timeout(self.limit, running.0.wait()).await else {
            let limit = humantime::format_duration(self.limit);
            bail!("the command was ended, as it took more than {limit}");
        };
        let status = ended?;
        if !status.success() {
            bail!("the command ended with {status}");
        }
        Ok(())
    }
}

/// The command with all that it has started, which ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process_group};

            // There is none once it has ended by itself.
            let id = self.0.id().and_then(|id| i32::try_from(id).ok());
            if let Some(group) = id.and_then(Pid::from_raw) {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
        let _ = self.0.start_kill();
    }
}

const DONE: &str = "exec.done";
/// A serial number has 40 digits.
const LONGEST_DONE: u64 = 256;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[tokio::test]
    async fn a_link_in_place_of_the_record_is_replaced_and_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let others = directory.path().join("others");
        fs::write(&others, "theirs").unwrap();
        let done = directory.path().join(DONE);
        for target in [
            others.as_path(),
            Path::new("/dev/zero"),
            Path::new("/dev/null"),
        ] {
            let _ = fs::remove_file(&done);
            symlink(target, &done).unwrap();
            let hook = Hook::new("true".into(), Duration::from_secs(60), directory.path());
            assert!(hook.is_due("0a"), "{}", target.display());
            hook.run("0a").await.unwrap();
            assert!(!hook.is_due("0a") && hook.is_due("0b"));
            assert!(done.symlink_metadata().unwrap().is_file());
        }
        assert_eq!(fs::read_to_string(&others).unwrap(), "theirs");
    }

    fn run(hook: &Hook, serial: &str) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(hook.run(serial))
    }

    #[test]
    fn what_has_run_is_noted_in_a_file_that_takes_the_place_of_the_last_one() {
        let directory = tempfile::tempdir().unwrap();
        let limit = Duration::from_secs(30);
        let hook = Hook::new("true".to_owned(), limit, directory.path());
        assert!(hook.is_due("01"));
        run(&hook, "01").unwrap();
        assert!(!hook.is_due("01") && hook.is_due("02"));

        // The same file by another name, which shows whether it is written into.
        let other = directory.path().join("other");
        fs::hard_link(directory.path().join(DONE), &other).unwrap();
        run(&hook, "02").unwrap();
        assert!(hook.is_due("01") && !hook.is_due("02"));
        assert_eq!(fs::read_to_string(other).unwrap(), "01\n");

        let fails = Hook::new("false".to_owned(), limit, directory.path());
        run(&fails, "03").unwrap_err();
        assert!(fails.is_due("03") && !fails.is_due("02"));
    }
}
