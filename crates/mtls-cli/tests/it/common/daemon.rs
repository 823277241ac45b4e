//! A command that runs until it is told to stop.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::waiting::PATIENCE;

/// A command that runs, and is killed at the end.
pub(crate) struct Daemon {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Daemon {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for a line on standard output that begins so.
    #[track_caller]
    pub(crate) fn prints(&self, line: &str) {
        wait(&self.stdout, line);
    }

    /// Waits for a line on standard error that begins so.
    #[track_caller]
    pub(crate) fn says(&self, line: &str) {
        wait(&self.stderr, line);
    }

    /// Sends a signal; whether it ends well.
    pub(crate) fn end(&mut self, signal: Signal) -> bool {
        kill_process(self.id(), signal).unwrap();
        self.child.wait().unwrap().success()
    }
}

fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

#[track_caller]
fn wait(lines: &Receiver<String>, wanted: &str) {
    let deadline = Instant::now() + PATIENCE;
    let mut seen = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else {
            assert_eq!(seen.join("\n"), wanted, "this line does not come");
            return;
        };
        if line.starts_with(wanted) {
            return;
        }
        seen.push(line);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
